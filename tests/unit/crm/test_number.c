/* Numbers by value, as PostgreSQL has them. */
#include "crm/number.h"
#include "unit/crm/samples.h"

Test(number, numbers_by_value) {
  static const char *const rows[][2] = {
      {"0", "0"},
      {"-0", "0"},
      {"0.000", "0"},
      {"-0.0e5", "0"},
      {"0e999999999999999999999", "0"},
      {"0e-99999999999", "0"},
      {"1", "1"},
      {"1.0", "1"},
      {"1e0", "1"},
      {"10e-1", "1"},
      {"0.1e1", "1"},
      {"0.001E+3", "1"},
      {"100e-2", "1"},
      {"-1.50", "-1.5"},
      {"1e2", "100"},
      {"1.25e1", "12.5"},
      {"12.5e-3", "0.0125"},
      {"0.0100", "0.01"},
      {"1e-7", "0.0000001"},
      {"123456789.000", "123456789"},
      {"1.5e3", "1500"},
      {"100.001", "100.001"},
      {"0.10e1", "1"},
      {"1e-0", "1"},
      {"9223372036854775807", "9223372036854775807"},
      {"9223372036854775808", "9223372036854775808"},
      {"-9223372036854775809", "-9223372036854775809"},
      {"18446744073709551616", "18446744073709551616"},
      {"123456789012345678901234567890.10", "123456789012345678901234567890.1"},
      {"0.30000000000000004", "0.30000000000000004"},
      {"1e18", "1000000000000000000"},
      {"1.7976931348623157e309", NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char *canonical = canonical_of(slice_of(rows[i][0]));
    if (rows[i][1] != NULL)
      cr_assert_str_eq(canonical, rows[i][1], "%s", rows[i][0]);
    else
      cr_assert_eq(strlen(canonical), 310, "beyond a double: %s", canonical);
    memory_free(canonical);
  }
}

static enum number_fault fault_of(const char *number) {
  struct buffer text;
  buffer_init(&text, 1 << 20);
  enum number_fault fault = number_write(&text, slice_of(number));
  buffer_finish(&text);
  return fault;
}

/* What PostgreSQL 15 said to the same numbers; tests/story/canonical_agrees.c asks it again. */
Test(number, numbers_that_jsonb_cannot_hold) {
  cr_assert_eq(fault_of("1e131071"), NUMBER_GOOD);
  cr_assert_eq(fault_of("1e131072"), NUMBER_BEYOND);
  cr_assert_eq(fault_of("-9.99e131071"), NUMBER_GOOD);
  cr_assert_eq(fault_of("0.1e131072"), NUMBER_GOOD);
  cr_assert_eq(fault_of("1e-16383"), NUMBER_GOOD);
  cr_assert_eq(fault_of("1e-16384"), NUMBER_BEYOND);
  cr_assert_eq(fault_of("10e-16384"), NUMBER_GOOD);
  cr_assert_eq(fault_of("1.1e-16383"), NUMBER_BEYOND);
  cr_assert_eq(fault_of("1e99999999999999999999999"), NUMBER_BEYOND);
  cr_assert_eq(fault_of("1e-99999999999999999999999"), NUMBER_BEYOND);
  cr_assert_eq(fault_of("-1e2147483648"), NUMBER_BEYOND);
}

Test(number, long_numbers_are_exact) {
  struct buffer digits;
  buffer_init(&digits, 1 << 20);
  append_times(&digits, "9", 131072);
  append_times(append_times(&digits, ".", 1), "7", 16383);
  char *canonical = canonical_of(buffer_slice(&digits));
  cr_assert_str_eq(canonical, digits.bytes);
  memory_free(canonical);
  cr_assert_eq(fault_of(append_times(&digits, "0", 50000)->bytes), NUMBER_GOOD, "zeros at the end say nothing");
  cr_assert_eq(fault_of(append_times(&digits, "1", 1)->bytes), NUMBER_BEYOND);
  buffer_clear(&digits);
  cr_assert_eq(fault_of(append_times(&digits, "9", 131073)->bytes), NUMBER_BEYOND);
  buffer_finish(&digits);
}

Test(number, a_full_buffer_is_no_bad_number) {
  struct buffer text;
  buffer_init(&text, 100);
  cr_assert_eq(number_write(&text, slice_of("1e200")), NUMBER_LARGE);
  buffer_finish(&text);
}
