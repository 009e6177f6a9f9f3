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
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct scan scan;
    cr_assert(accepts(rows[i].text, &scan), "row %zu", i);
    cr_assert_eq(scan.dirty, rows[i].dirty, "row %zu: %s", i, rows[i].text.bytes);
  }
}

/* Eight bytes are looked at together; what ends or dirties a string may stand anywhere among them, behind bytes of any kind. */
Test(scan, finds_what_is_odd_at_every_place) {
  static const char plain[] = "a!#[]~\x7f \xc3\xa4";
  for (size_t place = 0; place < 24; place++)
    for (size_t shift = 0; shift < sizeof plain - 1; shift++) {
      char text[32] = "\"";
      struct scan scan;
      struct slice inner;
      for (size_t i = 0; i < place; i++)
        text[1 + i] = plain[(shift + i) % 8];
      memcpy(text + 1 + place, "\"\"\\", 4);
      scan_init(&scan, (struct slice){text, place + 4});
      cr_assert(scan_string(&scan, &inner) && inner.length == place && !scan.dirty, "%s", text);
      text[1 + place] = '\x1f';
      scan_init(&scan, (struct slice){text, place + 4});
      cr_assert(scan_string(&scan, &inner) && inner.length == place + 1 && scan.dirty, "%s", text);
      memcpy(text + 1 + place, "\xc3\xa4\"", 4);
      scan_init(&scan, (struct slice){text, place + 4});
      cr_assert(scan_string(&scan, &inner) && inner.length == place + 2 && !scan.dirty, "%s", text);
    }
}

Test(scan, tells_what_a_string_stands_for) {
#define BAD "\xef\xbf\xbd"
  const struct {
    struct slice inner;
    const char *text;
  } rows[] = {
      {BYTES("plain"), "plain"},
      {BYTES("\\\"\\\\\\/\\b\\f\\n\\r\\t"), "\"\\/\b\f\n\r\t"},
      {BYTES("\\u0041\\u00e4\\u20ac\\ud83d\\ude00\\uFFFF"), "A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbf"},
      {BYTES("a\0b\\u0000c"), "a" BAD "b" BAD "c"},
      {BYTES("\\ud800\\ud83d\\ude00\\udc00"), BAD "\xf0\x9f\x98\x80" BAD},
      {BYTES("\\uD800x\\uDBFF"), BAD "x" BAD},
      {BYTES("\xff\xc3\xa4\xe2\x82x"), BAD "\xc3\xa4" BAD "x"},
      {BYTES(""), ""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct buffer text;
    buffer_init(&text, 1000);
    scan_decode(rows[i].inner, &text);
    cr_assert_str_eq(text.bytes == NULL ? "" : text.bytes, rows[i].text, "row %zu", i);
    buffer_finish(&text);
  }
}

/* Wherever the budget ends, the walk goes on as if it had not. */
Test(scan, goes_on_where_it_stopped) {
  static const char *const texts[] = {
      " {\"id\" : \"x\\u00e4\\\"y\", \"a\":[1, -2.5e+3, true ,[],{} ], \"n\\u0041me\":{\"id\":null}} ",
      "\"\xc3\xa4\\ud83d\\ude00 and so on\"", "[[[[\"a\",\"b\"],{\"c\":\"d\"}]]]", "12345.678",
      "{\"id\":1,\"id\":\"last\"}"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    struct scan whole, parts;
    struct slice value, again;
    scan_init(&whole, slice_of(texts[i]));
    cr_assert(scan_value(&whole, &value));
    for (size_t budget = 1; budget < 12; budget++) {
      enum scan_result result;
      int steps = 0;
      scan_init(&parts, slice_of(texts[i]));
      scan_begin(&parts);
      while ((result = scan_step(&parts, budget, &again)) == SCAN_MORE)
        cr_assert_lt(++steps, 1000);
      cr_assert_eq(result, SCAN_DONE, "%s", texts[i]);
      cr_assert(again.bytes == value.bytes && again.length == value.length);
      cr_assert(parts.depth == whole.depth && parts.dirty == whole.dirty && parts.at == whole.at);
      cr_assert(parts.id.bytes == whole.id.bytes && parts.id.length == whole.id.length);
      scan_finish(&parts);
    }
    scan_finish(&whole);
  }
}

/* However long the value is, a step is short. */
Test(scan, a_step_is_as_long_as_its_budget) {
  static const char *const pieces[] = {"[", "{\"k\":[", "\"\\u0041", "\xff", "[1,", "\"\xc3\xa4"};
  for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
    struct buffer text;
    struct scan scan;
    struct slice value;
    buffer_init(&text, 1 << 24);
    append_times(append_times(&text, i == 3 ? "\"" : "", 1), i == 2 || i == 5 ? "\"" : "", 1);
    append_times(&text, i == 2 || i == 5 ? pieces[i] + 1 : pieces[i], 100000);
    scan_init(&scan, buffer_slice(&text));
    scan_begin(&scan);
    const unsigned char *before = scan.at;
    cr_assert_eq(scan_step(&scan, 1000, &value), SCAN_MORE);
    cr_assert(scan.at - before >= 1000 && scan.at - before < 1100, "%s: %td", pieces[i], scan.at - before);
    scan_finish(&scan);
    buffer_finish(&text);
  }
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
