/* The envelope: every way in which a list reply is one, or is none. */
#include "crm/page.h"
#include "unit/crm/samples.h"

struct seen {
  size_t count;
  struct page_entry last;
};

static size_t budget = SIZE_MAX; /* of a step */

static bool read_page(struct slice body, struct seen *seen, struct page *page, struct error *error) {
  struct page_reader reader;
  enum page_result result;
  *seen = (struct seen){0};
  error_clear(error);
  page_begin(&reader, body);
  while ((result = page_step(&reader, budget, &seen->last, error)) == PAGE_MORE || result == PAGE_ENTRY)
    seen->count += result == PAGE_ENTRY ? 1 : 0;
  *page = reader.page;
  page_finish(&reader);
  return result == PAGE_END;
}

Test(page, whole_replies) {
  static const struct {
    const char *body;
    size_t entries;
    bool has_more;
  } rows[] = {
      {"{\"data\":[],\"has_more\":false}", 0, false},
      {"{\"has_more\":true,\"data\":[{}]}", 1, true},
      {" { \"data\" : [ 1 , \"a\" , null , {} , [] , true ] , \"has_more\" : false } \r\n\t", 6, false},
      {"{\"total\":3,\"data\":[{},{}],\"next\":{\"data\":[1],\"has_more\":true},\"has_more\":false}", 2, false},
      {"{\"data\":[{\"data\":[{},{}],\"has_more\":true}],\"has_more\":false}", 1, false},
      {"{\"d\\u0061ta\":[{}],\"\\u0068\\u0061\\u0073\\u005f\\u006d\\u006f\\u0072\\u0065\":true}", 1, true},
      {"{\"data\":[\"]}\",{\"a\":\"[{\\\"\"}],\"has_more\":false}", 2, false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct seen seen;
    struct page page;
    struct error error;
    cr_assert(read_page(slice_of(rows[i].body), &seen, &page, &error), "%s: %s", rows[i].body, error.text);
    cr_assert_eq(page.entries, rows[i].entries, "%s", rows[i].body);
    cr_assert_eq(seen.count, rows[i].entries, "%s", rows[i].body);
    cr_assert_eq(page.has_more, rows[i].has_more, "%s", rows[i].body);
  }
}

Test(page, its_ends_tell_whether_it_has_more) {
  static const struct {
    const char *body;
    bool more;
  } rows[] = {
      {"", false},
      {"}", false},
      {"true}", false},
      {"{\"has_more\":true", true},
      {"{\"has_more\":true,\"data\":[]}", true},
      {"\n{ \"has_more\" : true , \"data\":[]}", true},
      {"{\"has_more\":false,\"data\":[]}", false},
      {"{\"data\":[],\"has_more\":true}", true},
      {"{\"data\":[],\"has_more\" :\ttrue\r\n} \n", true},
      {"{\"data\":[],\"has_more\":false}", false},
      {"{\"data\":[],\"next\":{\"has_more\":true}}", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    cr_assert_eq(page_seems_to_have_more(slice_of(rows[i].body)), rows[i].more, "%s", rows[i].body);
}

Test(page, what_is_no_list_says_why) {
  static const struct {
    const char *body, *words;
  } rows[] = {
      {"", "it is empty"},
      {" \n", "it is empty"},
      {"null", "no JSON object"},
      {"[]", "no JSON object"},
      {"Forbidden", "no JSON object"},
      {"<html></html>", "no JSON object"},
      {"\xef\xbb\xbf{\"data\":[],\"has_more\":false}", "no JSON object"},
      {"{}", "no `data`"},
      {"{\"has_more\":false}", "no `data`"},
      {"{\"data\":[]}", "no `has_more`"},
      {"{\"d\\u0061t\":[],\"has_more\":false}", "no `data`"},
      {"{\"d\\u0061ta\":[],\"data\":[],\"has_more\":false}", "`data` twice"},
      {"{\"data\":[],\"has_more\":false,\"has\\u005fmor\\u0065\":true}", "`has_more` twice"},
      {"{\"Data\":[],\"has_more\":false}", "no `data`"},
      {"{\"data\":[],\"has_more\":null}", "neither true nor false"},
      {"{\"data\":[],\"has_more\":\"true\"}", "neither true nor false"},
      {"{\"data\":[],\"has_more\":0}", "neither true nor false"},
      {"{\"data\":[],\"has_more\":[false]}", "neither true nor false"},
      {"{\"data\":[],\"has_more\":false,\"has_more\":false}", "`has_more` twice"},
      {"{\"data\":[],\"has_more\":true,\"has_more\":false}", "`has_more` twice"},
      {"{\"data\":[],\"data\":[],\"has_more\":false}", "`data` twice"},
      {"{\"data\":null,\"has_more\":false}", "`data` is no array"},
      {"{\"data\":{},\"has_more\":false}", "`data` is no array"},
      {"{\"data\":\"[]\",\"has_more\":false}", "`data` is no array"},
      {"{\"data\":[],\"has_more\":false}{}", "something follows"},
      {"{\"data\":[],\"has_more\":false}\x01", "something follows"},
      {"{\"data\":[,],\"has_more\":false}", "cut or no JSON"},
      {"{\"data\":[{}{}],\"has_more\":false}", "cut or no JSON"},
      {"{\"data\":[{},],\"has_more\":false}", "cut or no JSON"},
      {"{\"data\":[NaN],\"has_more\":false}", "cut or no JSON"},
      {"{\"data\":[],}", "cut or no JSON"},
      {"{\"data\":[],\"has_more\":false,}", "cut or no JSON"},
      {"{\"data\" [],\"has_more\":false}", "cut or no JSON"},
      {"{'data':[],\"has_more\":false}", "cut or no JSON"},
      {"{\"data\":[{}", "cut or no JSON"},
      {"{\"data\":[],\"has_more\":fals", "cut or no JSON"},
      {"{", "cut or no JSON"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct seen seen;
    struct page page;
    struct error error;
    cr_assert_not(read_page(slice_of(rows[i].body), &seen, &page, &error), "%s", rows[i].body);
    cr_assert_eq(error.kind, ERROR_SHAPE);
    cr_assert_not_null(strstr(error.text, rows[i].words), "%s: %s", rows[i].body, error.text);
  }
}

Test(page, no_cut_of_a_reply_is_complete) {
  const char *body =
      "{\"data\": [{\"id\": \"a\", \"x\": [1, {\"y\": \"\\u00e4\"}]}, {\"id\": \"b\"}], \"has_more\": false}";
  struct seen seen;
  struct page page;
  struct error error;
  for (size_t length = 0; length < strlen(body); length++) {
    char *copy = memory_copy(body, length);
    cr_assert_not(read_page((struct slice){copy, length}, &seen, &page, &error), "%zu bytes", length);
    memory_free(copy);
  }
  cr_assert(read_page(slice_of(body), &seen, &page, &error));
}

/* In turns of any size it is the same page. */
Test(page, is_read_in_turns) {
  const char *body = " { \"x\" : [ 1 ] , \"data\" : [ {\"id\": \"a\", \"x\": [1, {\"y\": \"\\u00e4\"}]} , [] ] , "
                     "\"has_more\" : true } ";
  for (budget = 1; budget < 40; budget++) {
    struct seen seen;
    struct page page;
    struct error error;
    cr_assert(read_page(slice_of(body), &seen, &page, &error), "%zu: %s", budget, error.text);
    cr_assert(seen.count == 2 && page.entries == 2 && page.has_more);
    cr_assert_not(read_page((struct slice){body, strlen(body) - 2}, &seen, &page, &error));
  }
}

Test(page, many_small_members_are_many_turns) {
  struct buffer body;
  struct page_reader reader;
  struct page_entry entry;
  buffer_init(&body, 1 << 24);
  append_times(append_times(&body, "{", 1), "\"a\":1,", 100000);
  page_begin(&reader, buffer_slice(&body));
  cr_assert_eq(page_step(&reader, 1000, &entry, NULL), PAGE_MORE);
  cr_assert_lt((size_t)(reader.scan.at - (const unsigned char *)body.bytes), 1100);
  page_finish(&reader);
  buffer_finish(&body);
}

static struct page_entry only_entry(struct slice entry) {
  struct buffer body;
  struct seen seen;
  struct page page;
  struct error error;
  buffer_init(&body, 1 << 24);
  cr_assert(buffer_append_text(&body, "{\"data\":[ ") && buffer_append(&body, entry.bytes, entry.length) &&
            buffer_append_text(&body, " ],\"has_more\":false}"));
  cr_assert(read_page(buffer_slice(&body), &seen, &page, &error), "%s", error.text);
  cr_assert_eq(seen.count, 1);
  cr_assert_eq(seen.last.raw.length, entry.length, "byte for byte");
  cr_assert_eq(memcmp(seen.last.raw.bytes, entry.bytes, entry.length), 0);
  struct page_entry found = seen.last; /* the id is compared by the caller: keep it alive */
  found.raw = entry;
  if (found.id.length > 0)
    found.id.bytes = entry.bytes + (seen.last.id.bytes - seen.last.raw.bytes);
  buffer_finish(&body);
  return found;
}

Test(page, finds_the_outermost_id) {
  const struct {
    struct slice entry;
    const char *id;
  } rows[] = {
      {BYTES("{\"id\":\"a\"}"), "a"},
      {BYTES("{ \"x\" : { \"id\" : \"inner\" } , \"id\" : \"outer\" }"), "outer"},
      {BYTES("{\"id\":\"outer\",\"x\":[{\"id\":\"inner\"}]}"), "outer"},
      {BYTES("{\"id\":\"first\",\"id\":\"last\"}"), "last"},
      {BYTES("{\"id\":\"first\",\"id\":null}"), ""},
      {BYTES("{\"id\":1}"), ""},
      {BYTES("{\"\\u0069\\u0064\":\"a\"}"), "a"},
      {BYTES("{\"id\":\"first\",\"i\\u0064\":\"last\"}"), "last"},
      {BYTES("{\"id\":\"a\",\"i\\u0000d\":\"b\",\"i\\/\":\"c\"}"), "a"},
      {BYTES("{\"id\":\"\"}"), ""},
      {BYTES("{\"ID\":\"a\"}"), ""},
      {BYTES("{}"), ""},
      {BYTES("[\"id\",\"a\"]"), ""},
      {BYTES("\"id\""), ""},
      {BYTES("{\"id\":\"a\\u0062\\\"\"}"), "a\\u0062\\\""},
      {BYTES("{\"\":1,\"\\\"id\":\"no\",\"id\":\"../%2F'\"}"), "../%2F'"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct page_entry entry = only_entry(rows[i].entry);
    cr_assert(slice_equals(entry.id, rows[i].id), "%s: %.*s", rows[i].entry.bytes, (int)entry.id.length,
              entry.id.bytes);
  }
}

Test(page, tells_object_and_depth_of_each_entry) {
  struct page_entry entry = only_entry(slice_of("{\"a\":[[]]}"));
  cr_assert(entry.object && entry.depth == 3);
  entry = only_entry(slice_of("[{}]"));
  cr_assert(!entry.object && entry.depth == 2);
  struct seen seen;
  struct page page;
  struct error error;
  cr_assert(read_page(slice_of("{\"data\":[[[[\"\xff\"]]],{}],\"has_more\":false}"), &seen, &page, &error));
  cr_assert_eq(seen.last.depth, 1, "one entry's depth is not the next one's");
}

Test(page, deep_and_large_entries_are_entries) {
  struct buffer text;
  buffer_init(&text, 1 << 24);
  append_times(append_times(&text, "[", 100000), "]", 100000);
  cr_assert_eq(only_entry(buffer_slice(&text)).depth, 100000);
  buffer_clear(&text);
  append_times(append_times(append_times(&text, "{\"id\":\"", 1), "x", 5000000), "\"}", 1);
  cr_assert_eq(only_entry(buffer_slice(&text)).id.length, 5000000);
  buffer_finish(&text);
}

Test(page, the_single_endpoint) {
  struct page_entry entry;
  struct error error;
  cr_assert(page_read_single(slice_of(" {\"id\":\"a\"} \n"), 14, &entry, &error));
  cr_assert(slice_equals(entry.id, "a") && slice_equals(entry.raw, "{\"id\":\"a\"}"));
  cr_assert(page_read_single(slice_of("[]"), 2, &entry, NULL) && !entry.object);
  static const char *const bad[] = {"", " ", "{", "{}{}", "{} x", "Not Found", "\xef\xbb\xbf{}"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    cr_assert_not(page_read_single(slice_of(bad[i]), 100, &entry, &error), "%s", bad[i]);
    cr_assert_eq(error.kind, ERROR_SHAPE);
  }
  cr_assert_not(page_read_single(slice_of("[]"), 1, &entry, &error), "longer than it may be");
}
