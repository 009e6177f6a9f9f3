#pragma once
/* A failure that repeats is said once and then counted. Pure; one per thing that can fail (each organization, the database).
 *
 * Said: the first failure; a text that this outage has not shown yet (four at most); the 10th, 100th, 1,000th, … repeat; once an hour; and the end. */
#include <stdbool.h>
#include <stdint.h>

enum { LOG_THROTTLE_NOTE_BYTES = 64, LOG_THROTTLE_TEXTS = 4 };

struct log_throttle {                 /* zeroed: all is well */
  int64_t failures;                   /* 0: all is well */
  int64_t since_ms, said_at_ms;       /* monotonic */
  uint64_t texts[LOG_THROTTLE_TEXTS]; /* digests of the texts shown */
  int shown;
};

/* It failed with `text`. True: log it now, with `ret_note` behind the text: "" or " (repeated 120 times in 2 h)". */
bool log_throttle_failed(struct log_throttle *log_throttle, int64_t now_ms, const char *text,
                         char ret_note[LOG_THROTTLE_NOTE_BYTES]) __attribute__((warn_unused_result));
/* It works. True: an outage is over; `ret_note` is "after 2 h, 121 failures". */
bool log_throttle_over(struct log_throttle *log_throttle, int64_t now_ms, char ret_note[LOG_THROTTLE_NOTE_BYTES])
    __attribute__((warn_unused_result));
