/* What is JSON and what is not, what is dirty, and how it is mended. */
#include "crm/scan.h"
#include "unit/crm/samples.h"

/* Accepts exactly one value and nothing behind it. */
static bool accepts(struct slice text, struct scan *ret_scan) {
  struct slice value;
  scan_init(ret_scan, text);
  bool good = scan_value(ret_scan, &value);
  scan_space(ret_scan);
  good = good && ret_scan->at == ret_scan->end;
  scan_finish(ret_scan);
  return good;
}

Test(scan, accepts_what_rfc_8259_accepts) {
  static const char *const good[] = {
      "null",
      "true",
      "false",
      "0",
      "-0",
      "1",
      "-1",
      "0.5",
      "1e5",
      "1E+5",
      "1e-5",
      "-0.0e-0",
      "\"\"",
      "\"a\"",
      "[]",
      "{}",
      " \t\r\n[ ] ",
      "[1,2]",
      "[[],{}]",
      "{\"\":0}",
      "{ \"a\" : 1 , \"a\" : 2 }",
      "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\"",
      "\"\xf4\x8f\xbf\xbf\"",
      "123456789012345678901234567890",
      "\"12345678\\\"\"",
      "[\"a long string that fills words\"]",
  };
  struct scan scan;
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
    cr_assert(accepts(slice_of(good[i]), &scan), "%s", good[i]);
}

Test(scan, refuses_everything_else) {
  static const char *const bad[] = {
      "",           " ",         "nul",
      "nulll",      "True",      "NaN",
      "Infinity",   "-Infinity", "+1",
      "01",         "-01",       "00",
      "1.",         ".5",        "-",
      "1e",         "1e+",       "0x10",
      "1_000",      "'a'",       "\"",
      "\"a",        "\"\\",      "\"\\\"",
      "\"\\x\"",    "\"\\u12\"", "\"\\u12g4\"",
      "\"\\u123",   "[",         "]",
      "[1",         "[1,",       "[1,]",
      "[,1]",       "[1 2]",     "[1}",
      "{",          "}",         "{]",
      "{\"a\"}",    "{\"a\":}",  "{\"a\":1,}",
      "{\"a\":1",   "{a:1}",     "{1:1}",
      "{,}",        "{\"a\" 1}", "{\"a\":1 \"b\":2}",
      "[1]]",       "1 2",       "// c\n1",
      "/* c */1",   "[1]x",      "\xef\xbb\xbf[]",
      "\xa0[]",     "\v1",       "[\"a\",\"b\"",
      "\"12345678", "undefined",
  };
  struct scan scan;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    cr_assert_not(accepts(slice_of(bad[i]), &scan), "%s", bad[i]);
  cr_assert_not(accepts(BYTES("[1\0]"), &scan), "NUL outside a string is no space");
  cr_assert_not(accepts(BYTES("1\0"), &scan));
}

/* Every cut of a good text is refused, so nothing is ever read behind the end. */
Test(scan, refuses_every_cut) {
  const char *text =
      "{\"a\\u00e4\xc3\xa4\": [1.5e+7, true, false, null, \"\\ud83d\\ude00\", {\"b\": {}}, []], \"c\": -0}";
  struct scan scan;
  for (size_t length = 0; length < strlen(text); length++) {
    char *copy = memory_copy(text, length); /* its own block, so that ASan sees the end */
    cr_assert_not(accepts((struct slice){copy, length}, &scan), "%zu bytes", length);
    memory_free(copy);
  }
  cr_assert(accepts(slice_of(text), &scan));
}

Test(scan, says_what_is_dirty) {
  const struct {
    struct slice text;
    bool dirty;
  } rows[] = {
      {BYTES("\"plain\""), false},
      {BYTES("\"\\u00e4 \xc3\xa4 \xf0\x9f\x98\x80 \\ud83d\\ude00 \\u0001\""), false},
      {BYTES("\"a\0b\""), true},
      {BYTES("\"a\nb\""), true},
      {BYTES("\"1234567\x1f\""), true},
      {BYTES("\"\\u0000\""), true},
      {BYTES("{\"\\u0000\": 1}"), true},
      {BYTES("\"\\ud800\""), true},
      {BYTES("\"\\ud800\\ud800\""), true},
      {BYTES("\"\\udc00\\ud800\""), true},
      {BYTES("\"\\udc00\""), true},
      {BYTES("\"\xc0\xaf\""), true},
      {BYTES("\"\xe0\x80\xaf\""), true},
      {BYTES("\"\xed\xa0\x80\""), true},
      {BYTES("\"\xf4\x90\x80\x80\""), true},
      {BYTES("\"\xf8\x88\x80\x80\x80\""), true},
      {BYTES("\"\x80\""), true},
      {BYTES("\"\xe2\x82\""), true},
      {BYTES("999999999999999999"), false},
      {BYTES("-999999999999999999"), false},
      {BYTES("1000000000000000000"), true},
      {BYTES("1000000000000000000.5"), false},
      {BYTES("1000000000000000000e0"), false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct scan scan;
    cr_assert(accepts(rows[i].text, &scan), "row %zu", i);
    cr_assert_eq(scan.dirty, rows[i].dirty, "row %zu: %s", i, rows[i].text.bytes);
  }
}

Test(scan, mends_what_is_dirty) {
#define BAD "\xef\xbf\xbd"
  const struct {
    struct slice text;
    const char *clean;
  } rows[] = {
      {BYTES("\"a\0b\""), "\"a" BAD "b\""},
      {BYTES("\"a\nb\x1f\""), "\"a\\u000ab\\u001f\""},
      {BYTES("\"\\u0000\\u0001\""), "\"" BAD "\\u0001\""},
      {BYTES("{\"k\\u0000ey\": 1}"), "{\"k" BAD "ey\": 1}"},
      {BYTES("\"\\ud800\\ud83d\\ude00\\udc00\""), "\"" BAD "\\ud83d\\ude00" BAD "\""},
      {BYTES("\"\\uD800x\\uDBFF\""), "\"" BAD "x" BAD "\""},
      {BYTES("\"\xc0\xaf\""), "\"" BAD BAD "\""},
      {BYTES("\"\xe2\x82\""), "\"" BAD "\""},
      {BYTES("\"\xe2\x82\xe2\x82\xac\""), "\"" BAD "\xe2\x82\xac\""},
      {BYTES("\"\xed\xa0\x80\""), "\"" BAD BAD BAD "\""},
      {BYTES("\"\xf0\x9f\x98\""), "\"" BAD "\""},
      {BYTES("\"\xff\xfe\""), "\"" BAD BAD "\""},
      {BYTES("[9223372036854775808, -1, 1.5]"), "[9223372036854775808e0, -1, 1.5]"},
      {BYTES("\"9223372036854775808\""), "\"9223372036854775808\""},
      {BYTES(" {\"a\" : [ true , null ] } "), " {\"a\" : [ true , null ] } "},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct buffer clean;
    buffer_init(&clean, 1000);
    cr_assert(scan_clean(rows[i].text, &clean), "row %zu", i);
    cr_assert_str_eq(clean.bytes, rows[i].clean, "row %zu", i);
    buffer_finish(&clean);
  }
}

Test(scan, mending_keeps_to_the_limit) {
  struct buffer clean;
  buffer_init(&clean, 4);
  cr_assert_not(scan_clean(slice_of("\"\xff\xff\""), &clean));
  cr_assert_not(scan_clean(slice_of("[1,2,3]"), &clean));
  buffer_finish(&clean);
}

Test(scan, depth_is_counted_and_bounded) {
  static const struct {
    const char *text;
    int depth;
  } rows[] = {{"1", 0}, {"\"[[[\"", 0}, {"{}", 1}, {"[[]]", 2}, {"{\"a\":[{}],\"b\":1}", 3}, {"[[],[[]],[]]", 3}};
  struct scan scan;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    cr_assert(accepts(slice_of(rows[i].text), &scan));
    cr_assert_eq(scan.depth, rows[i].depth, "%s", rows[i].text);
  }
  static const int depths[] = {64, 65, 513, 100000, SCAN_DEPTH_MAX};
  for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++) {
    struct buffer text;
    buffer_init(&text, 1 << 24);
    append_times(append_times(&text, "[", (size_t)depths[i]), "]", (size_t)depths[i]);
    cr_assert(accepts(buffer_slice(&text), &scan));
    cr_assert_eq(scan.depth, depths[i]);
    buffer_clear(&text);
    append_times(append_times(&text, "{\"a\":", (size_t)depths[i]), "1", 1);
    cr_assert_not(accepts(buffer_slice(&text), &scan), "not closed");
    buffer_finish(&text);
  }
}

Test(scan, a_page_of_brackets_is_refused) {
  struct scan scan;
  struct buffer text;
  buffer_init(&text, 1 << 24);
  append_times(append_times(&text, "[", SCAN_DEPTH_MAX + 1), "]", SCAN_DEPTH_MAX + 1);
  cr_assert_not(accepts(buffer_slice(&text), &scan));
  buffer_finish(&text);
}

Test(scan, hands_out_the_value_without_space_and_the_string_without_quotes) {
  struct scan scan;
  struct slice value;
  scan_init(&scan, slice_of("  [1, 2]  , \"a\\\"b\" x"));
  cr_assert(scan_value(&scan, &value));
  cr_assert(slice_equals(value, "[1, 2]"));
  scan_space(&scan);
  cr_assert(scan_take(&scan, ','));
  cr_assert_not(scan_take(&scan, ','));
  scan_space(&scan);
  cr_assert(scan_string(&scan, &value));
  cr_assert(slice_equals(value, "a\\\"b"));
  cr_assert_not(scan_string(&scan, &value), "a space is no string");
  scan_finish(&scan);
}
