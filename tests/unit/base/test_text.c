/* Encodings, notations. */
#include "base/text.h"
#include <criterion/criterion.h>
#include <string.h>

Test(text, buffer_format) {
  struct buffer buffer;
  buffer_init(&buffer, 100);
  cr_assert(buffer_append_format(&buffer, "%s-%05d", "ab", 42));
  cr_assert(buffer_append_format(&buffer, "%70s", "end"));
  cr_assert_eq(buffer.length, 78);
  cr_assert_eq(strncmp(buffer.bytes, "ab-00042   ", 11), 0);
  buffer_finish(&buffer);
}

Test(text, percent_encoding) {
  struct buffer buffer;
  buffer_init(&buffer, 64);
  cr_assert(text_percent_encode(&buffer, (struct slice){"aZ09-._~ ../?#%\xc3\xa4\0", 18}));
  cr_assert_str_eq(buffer.bytes, "aZ09-._~%20..%2F%3F%23%25%C3%A4%00");
  buffer_finish(&buffer);
  buffer_init(&buffer, 4);
  cr_assert(buffer_append_text(&buffer, "x"));
  cr_assert_not(text_percent_encode(&buffer, slice_of("ab/")));
  cr_assert_not(buffer_fits(&buffer));
  buffer_finish(&buffer);
}

static void expect_json(const char *bytes, size_t length, const char *expected) {
  struct buffer buffer;
  buffer_init(&buffer, 256);
  cr_assert(text_append_json(&buffer, (struct slice){bytes, length}));
  cr_assert_str_eq(buffer.bytes, expected);
  buffer_finish(&buffer);
}

Test(text, json_strings) {
  expect_json("", 0, "\"\"");
  expect_json("a\"\\/\b\f\n\r\t\x01\x1f\x7f", 12, "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\"");
  expect_json("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"");
}

#define FFFD "\xef\xbf\xbd"

Test(text, json_replaces_what_is_no_text) {
  expect_json("a\0b", 3, "\"a" FFFD "b\"");
  expect_json("\xff", 1, "\"" FFFD "\"");
  expect_json("\xe2\x82", 2, "\"" FFFD "\"");
  expect_json("\xe2\x82y", 3, "\"" FFFD "y\"");
  expect_json("\xc0\xaf", 2, "\"" FFFD FFFD "\"");
  expect_json("\xed\xa0\x80", 3, "\"" FFFD FFFD FFFD "\"");
  expect_json("\xf0\x9f\x98", 3, "\"" FFFD "\"");
  expect_json("\xf4\x90\x80\x80", 4, "\"" FFFD FFFD FFFD FFFD "\"");
}

Test(text, json_that_does_not_fit_is_told) {
  struct buffer buffer;
  for (size_t limit = 0; limit < 9; limit++) {
    buffer_init(&buffer, limit);
    cr_assert_not(text_append_json(&buffer, slice_of("ab\n\x01")));
    cr_assert_not(buffer_fits(&buffer));
    buffer_finish(&buffer);
  }
}

Test(text, utf8_characters) {
  static const struct {
    const char *bytes;
    size_t length, skip;
  } rows[] = {{"", 0, 0},
              {"a", 1, 1},
              {"\xc2\x80", 2, 2},
              {"\xc1\xbf", 0, 1},
              {"\xe0\xa0\x80", 3, 3},
              {"\xe0\x9f\xbf", 0, 1},
              {"\xed\x9f\xbf", 3, 3},
              {"\xed\xa0\x80", 0, 1},
              {"\xf0\x90\x80\x80", 4, 4},
              {"\xf0\x8f\xbf\xbf", 0, 1},
              {"\xf4\x8f\xbf\xbf", 4, 4},
              {"\xf4\x90\x80\x80", 0, 1},
              {"\xf5\x80\x80\x80", 0, 1},
              {"\x80", 0, 1},
              {"\xf0\x9f\x98x", 0, 3}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    size_t skip;
    cr_assert_eq(text_utf8_character(slice_of(rows[i].bytes), &skip), rows[i].length, "row %zu", i);
    cr_assert_eq(skip, rows[i].skip, "row %zu skips %zu", i, skip);
    cr_assert_eq(text_utf8_character(slice_of(rows[i].bytes), NULL), rows[i].length);
  }
}

Test(text, utf8_floor) {
  struct slice slice = slice_of("a\xe2\x82\xac"
                                "b");
  static const size_t floors[] = {0, 1, 1, 1, 4, 5, 5};
  for (size_t i = 0; i < sizeof floors / sizeof floors[0]; i++)
    cr_assert_eq(text_utf8_floor(slice, i), floors[i], "at %zu", i);
  cr_assert_eq(text_utf8_floor(slice_of("\x80\x80\x80\x80\x80"), 5), 5, "no text at all is cut anywhere");
}

Test(text, reads_a_hex_digit) {
  cr_assert_eq(text_hex_digit('0'), 0);
  cr_assert_eq(text_hex_digit('9'), 9);
  cr_assert_eq(text_hex_digit('a'), 10);
  cr_assert_eq(text_hex_digit('F'), 15);
  for (const char *none = "/:@G`g\x01\x10\x7f\xe1"; *none; none++)
    cr_assert_eq(text_hex_digit(*none), -1, "%d", *none);
  cr_assert_eq(text_hex_digit('\0'), -1);
}

Test(text, trims_both_ends) {
  cr_assert(slice_equals(text_trim(slice_of(" \t a b\r\n\v\f")), "a b"));
  cr_assert(slice_equals(text_trim(slice_of("\n \t")), ""));
  cr_assert(slice_equals(text_trim(slice_of("\xc2\xa0x")), "\xc2\xa0x"));
  cr_assert(slice_equals(text_trim(slice_of(NULL)), ""));
}

Test(text, hex) {
  char hex[9];
  text_hex((const unsigned char *)"\x00\x7f\xab\xff", 4, hex);
  cr_assert_str_eq(hex, "007fabff");
}

Test(text, durations) {
  static const struct {
    const char *text;
    int64_t ms;
  } rows[] = {{"500ms", 500},   {"10s", 10000},
              {"5m", 300000},   {"1h", 3600000},
              {"1d", 86400000}, {"7", 7000},
              {"0", 0},         {"007s", 7000},
              {"", -1},         {"s", -1},
              {"-1s", -1},      {"+1s", -1},
              {"1.5s", -1},     {"1 s", -1},
              {"1S", -1},       {"1week", -1},
              {" 1s", -1},      {"1s ", -1},
              {"0x10s", -1},    {"99999999999999999999s", -1},
              {"1mss", -1},     {"9223372036854775807", -1}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    int64_t ms = -1;
    cr_assert_eq(text_parse_duration(rows[i].text, &ms), rows[i].ms >= 0, "\"%s\"", rows[i].text);
    cr_assert_eq(ms, rows[i].ms, "\"%s\" gave %lld", rows[i].text, (long long)ms);
  }
}

Test(text, sizes) {
  size_t bytes = 0;
  cr_assert(text_parse_size("64KiB", &bytes) && bytes == 65536);
  cr_assert(text_parse_size("32MiB", &bytes) && bytes == 33554432);
  cr_assert(text_parse_size("1GiB", &bytes) && bytes == 1073741824);
  cr_assert(text_parse_size("4096", &bytes) && bytes == 4096);
  static const char *const bad[] = {"", "KiB", "1KB", "1kib", "1.5MiB", "-1", "1 KiB", "99999999999GiB"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    cr_assert_not(text_parse_size(bad[i], &bytes), "\"%s\"", bad[i]);
  cr_assert_eq(bytes, 4096, "a refused text leaves the result alone");
}

Test(text, shares) {
  double share = -1;
  cr_assert(text_parse_share("20%", &share));
  cr_assert_float_eq(share, 0.2, 1e-9);
  cr_assert(text_parse_share("12.25%", &share));
  cr_assert_float_eq(share, 0.1225, 1e-9);
  cr_assert(text_parse_share("0%", &share) && share <= 0);
  static const char *const bad[] = {"", "%", "20", "0.2", ".5%", "5.%", "-1%", "20 %", "nan%", "20%%", "1e2%"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    cr_assert_not(text_parse_share(bad[i], &share), "\"%s\"", bad[i]);
}

Test(text, booleans) {
  static const char *const yes[] = {"yes", "true", "on", "1"}, *const no[] = {"no", "false", "off", "0"};
  bool value = false;
  for (size_t i = 0; i < 4; i++) {
    cr_assert(text_parse_bool(yes[i], &value) && value);
    cr_assert(text_parse_bool(no[i], &value) && !value);
  }
  cr_assert_not(text_parse_bool("", &value));
  cr_assert_not(text_parse_bool("YES", &value));
}

Test(text, clean_text_stays_one_line_and_steers_nothing) {
  static const struct {
    const char *said, *clean;
    size_t characters;
  } rows[] = {
      {"plain, \xc3\xa4 and \xf0\x9f\x98\x80", "plain, \xc3\xa4 and \xf0\x9f\x98\x80", 14},
      {"a\nb\tc\r\x1b[31m\x7f", "a?b?c??[31m?", 12},
      {"\xc2\x9b"
       "31m \xe2\x80\xae \xe2\x81\xa6",
       "?31m ? ?", 8},
      {"cut \xe2\x80", "cut ?", 5},
      {"", "", 0},
  };
  struct buffer buffer;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    buffer_init(&buffer, 100);
    cr_assert(text_append_clean(&buffer, slice_of(rows[i].said)));
    cr_assert(slice_equals(buffer_slice(&buffer), rows[i].clean), "%zu: %s", i, buffer.bytes);
    cr_assert_eq(text_characters(slice_of(rows[i].said)), rows[i].characters, "%zu", i);
    buffer_finish(&buffer);
  }
  buffer_init(&buffer, 4);
  cr_assert_not(text_append_clean(&buffer, slice_of("12345")));
  cr_assert_not(buffer_fits(&buffer));
  buffer_finish(&buffer);
}
