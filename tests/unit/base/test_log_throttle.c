/* What a log looks like after an outage, with time moved by hand. */
#include "base/log_throttle.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const int64_t minute_ms = 60000, hour_ms = 3600000;

Test(log_throttle, first_failure_is_said_and_the_next_are_counted) {
  struct log_throttle log_throttle = {0};
  char note[LOG_THROTTLE_NOTE_BYTES];
  cr_assert(log_throttle_failed(&log_throttle, 1000, "connection refused", note));
  cr_assert_str_eq(note, "");
  for (int i = 1; i < 10; i++)
    cr_assert_not(log_throttle_failed(&log_throttle, 1000 + i * 1000, "connection refused", note), "repeat %d", i);
  cr_assert(log_throttle_failed(&log_throttle, 11000, "connection refused", note));
  cr_assert_str_eq(note, " (repeated 10 times in 10 s)");
}

Test(log_throttle, powers_of_ten) {
  struct log_throttle log_throttle = {0};
  char note[LOG_THROTTLE_NOTE_BYTES];
  int said = 0;
  for (int i = 0; i <= 10000; i++)
    said += log_throttle_failed(&log_throttle, i, "x", note);
  cr_assert_eq(said, 5, "%d: the first, 10, 100, 1000, 10000", said);
  cr_assert_str_eq(note, " (repeated 10000 times in 10 s)");
}

Test(log_throttle, once_an_hour) {
  struct log_throttle log_throttle = {0};
  char note[LOG_THROTTLE_NOTE_BYTES], last[LOG_THROTTLE_NOTE_BYTES] = "";
  int said = 0;
  for (int i = 0; i <= 24 * 4; i++) /* every 15 minutes for a day */
    if (log_throttle_failed(&log_throttle, i * 15 * minute_ms, "x", note)) {
      said++;
      strcpy(last, note);
    }
  cr_assert(said >= 24 && said <= 26, "%d", said);
  cr_assert_str_eq(last, " (repeated 94 times in 23 h)");
}

Test(log_throttle, single_repeat_after_an_hour) {
  struct log_throttle log_throttle = {0};
  char note[LOG_THROTTLE_NOTE_BYTES];
  cr_assert(log_throttle_failed(&log_throttle, 0, "x", note));
  cr_assert(log_throttle_failed(&log_throttle, hour_ms, "x", note));
  cr_assert_str_eq(note, " (repeated 1 time in 60 min)");
}

Test(log_throttle, another_text_is_said_once) {
  struct log_throttle log_throttle = {0};
  char note[LOG_THROTTLE_NOTE_BYTES];
  cr_assert(log_throttle_failed(&log_throttle, 0, "refused", note));
  cr_assert(log_throttle_failed(&log_throttle, 1, "starting up", note));
  cr_assert_str_eq(note, "");
  cr_assert_not(log_throttle_failed(&log_throttle, 2, "refused", note), "said before");
  cr_assert_not(log_throttle_failed(&log_throttle, 3, "starting up", note));
}

Test(log_throttle, text_that_varies_does_not_flood) {
  struct log_throttle log_throttle = {0};
  char note[LOG_THROTTLE_NOTE_BYTES], text[32];
  int said = 0;
  for (int i = 0; i < 1000; i++) {
    snprintf(text, sizeof text, "port %d", i);
    said += log_throttle_failed(&log_throttle, i * 1000, text, note);
  }
  cr_assert_eq(said, LOG_THROTTLE_TEXTS + 2, "%d", said);
}

Test(log_throttle, end_is_said_once_and_the_next_one_begins_anew) {
  struct log_throttle log_throttle = {0};
  char note[LOG_THROTTLE_NOTE_BYTES];
  cr_assert_not(log_throttle_over(&log_throttle, 0, note), "there was none");
  for (int i = 0; i < 120; i++)
    if (log_throttle_failed(&log_throttle, i * minute_ms, "x", note))
      cr_assert_lt(i, 120);
  cr_assert(log_throttle_over(&log_throttle, 2 * hour_ms, note));
  cr_assert_str_eq(note, "after 2 h, 120 failures");
  cr_assert_not(log_throttle_over(&log_throttle, 2 * hour_ms, note));
  cr_assert(log_throttle_failed(&log_throttle, 3 * hour_ms, "x", note));
  cr_assert_str_eq(note, "");
  cr_assert(log_throttle_over(&log_throttle, 3 * hour_ms + 999, note));
  cr_assert_str_eq(note, "after 999 ms, 1 failure");
}

Test(log_throttle, spans) {
  static const struct {
    int64_t ms;
    const char *note;
  } rows[] = {{0, "after 0 ms, 1 failure"},          {1999, "after 1999 ms, 1 failure"},
              {2000, "after 2 s, 1 failure"},        {119999, "after 119 s, 1 failure"},
              {120000, "after 2 min, 1 failure"},    {7200000, "after 2 h, 1 failure"},
              {172800000, "after 2 days, 1 failure"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct log_throttle log_throttle = {0};
    char note[LOG_THROTTLE_NOTE_BYTES];
    cr_assert(log_throttle_failed(&log_throttle, 5, "x", note));
    cr_assert(log_throttle_over(&log_throttle, 5 + rows[i].ms, note));
    cr_assert_str_eq(note, rows[i].note);
  }
}
