/* Microseconds since 1970 as the database writes them. */
#include "base/moment.h"
#include <criterion/criterion.h>
#include <string.h>

static void expect_text(int64_t moment_us, const char *expected) {
  char text[MOMENT_TEXT_BYTES];
  moment_format(moment_us, text);
  cr_assert_str_eq(text, expected);
}

Test(moment, known_moments) {
  expect_text(0, "1970-01-01T00:00:00.000000Z");
  expect_text(1, "1970-01-01T00:00:00.000001Z");
  expect_text(1795392000000000, "2026-11-23T00:00:00.000000Z");
  expect_text(951782399999999, "2000-02-28T23:59:59.999999Z");
  expect_text(951782400000000, "2000-02-29T00:00:00.000000Z");
}

Test(moment, before_1970_the_fraction_still_counts_forward) {
  expect_text(-1, "1969-12-31T23:59:59.999999Z");
  expect_text(-1000000, "1969-12-31T23:59:59.000000Z");
  expect_text(-1000001, "1969-12-31T23:59:58.999999Z");
}

Test(moment, the_years_1_and_9999) {
  expect_text(-62135596800000000, "0001-01-01T00:00:00.000000Z");
  expect_text(253402300799999999, "9999-12-31T23:59:59.999999Z");
}

Test(moment, the_ends_of_the_type_keep_to_the_buffer) {
  char text[MOMENT_TEXT_BYTES + 1];
  text[MOMENT_TEXT_BYTES] = '#';
  moment_format(INT64_MAX, text);
  cr_assert_lt(strlen(text), MOMENT_TEXT_BYTES);
  moment_format(INT64_MIN, text);
  cr_assert_lt(strlen(text), MOMENT_TEXT_BYTES);
  cr_assert_eq(text[MOMENT_TEXT_BYTES], '#');
}

static void expect_span(int64_t seconds, long long expected, const char *unit) {
  long long count;
  cr_assert_str_eq(moment_span(seconds, &count), unit);
  cr_assert_eq(count, expected);
}

Test(moment, a_span_has_two_of_its_unit_at_least) {
  expect_span(0, 0, "s");
  expect_span(119, 119, "s");
  expect_span(120, 2, "min");
  expect_span(7199, 119, "min");
  expect_span(7200, 2, "h");
  expect_span(2 * 86400 - 1, 47, "h");
  expect_span(2 * 86400, 2, "days");
}
