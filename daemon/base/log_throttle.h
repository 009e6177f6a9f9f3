#pragma once
/* A failure that repeats is said once and then counted. Pure; one per thing that can fail (each organization, the database).
 *
 * Said: the first failure; a text that this outage has not shown yet (four at most); the 10th, 100th, 1,000th, … repeat; once an hour; and the end. */
#include <stdbool.h>
#include <stdint.h>

enum { OUTAGE_NOTE_BYTES = 64, OUTAGE_TEXTS = 4 };

struct outage {                 /* zeroed: all is well */
  int64_t failures;             /* 0: all is well */
  int64_t since_ms, said_at_ms; /* monotonic */
  uint64_t texts[OUTAGE_TEXTS]; /* digests of the texts shown */
  int shown;
};

/* It failed with `text`. True: log it now, with `ret_note` behind the text: "" or " (repeated 120 times in 2 h)". */
bool outage_failed(struct outage *outage, int64_t now_ms, const char *text, char ret_note[OUTAGE_NOTE_BYTES])
    __attribute__((warn_unused_result));
/* It works. True: an outage is over; `ret_note` is "after 2 h, 121 failures". */
bool outage_over(struct outage *outage, int64_t now_ms, char ret_note[OUTAGE_NOTE_BYTES])
    __attribute__((warn_unused_result));
