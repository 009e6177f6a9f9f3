/* A 200 whose body is no list of accounts: it is refused as a whole, in one try, and the reason is told (contract section 6:
 * complete is a `data` array and a boolean `has_more`). */
#include "support/scene.h"

#include <criterion/criterion.h>

/* The body as it stands inside a JSON string: ' for \". */
struct body {
  const char *name, *body, *error;
};

static void expect_each(const struct body *bodies, size_t count) {
  struct story *story = scene_story(2000);
  for (size_t i = 0; i < count; i++) {
    char text[600] = "";
    size_t length = 0;
    for (const char *at = bodies[i].body; *at; at++) {
      if (*at == '\'')
        text[length++] = '\\';
      text[length++] = *at == '\'' ? '"' : *at;
    }
    struct scene scene = {bodies[i].name,
                          story_format(story, "\"status\": 200, \"body\": \"%s\"", text),
                          "failed",
                          bodies[i].error,
                          1,
                          NULL};
    expect_scene(story, &scene);
  }
  story_expect_exact(story);
  story_destroy(story);
}

#define expect_refused(bodies) expect_each(bodies, sizeof(bodies) / sizeof((bodies)[0]))

Test(hostile_body, no_json) {
  static const struct body bodies[] = {
      {"empty", "", "it is empty"},
      {"blanks", "  \\n ", "it is empty"},
      {"html", "<!doctype html><title>Close</title>", "it is no JSON object"},
      {"a word", "null", "it is no JSON object"},
      {"a string", "'data'", "it is no JSON object"},
      {"an array", "[]", "it is no JSON object"},
      {"a byte order mark", "\\ufeff{'data': [], 'has_more': false}", "it is no JSON object"},
      {"cut in the head", "{'data", "it is cut or no JSON"},
      {"cut in an account", "{'data': [{'id': 'emailacct_1_1', 'em", "it is cut or no JSON"},
      {"cut before the end", "{'data': [], 'has_more': false", "it is cut or no JSON"},
      {"twice", "{'data': [], 'has_more': false}{'data': [], 'has_more': false}", "something follows"},
      {"single quotes", "{\\u0027data\\u0027: []}", "it is cut or no JSON"},
      {"a trailing comma", "{'data': [], 'has_more': false,}", "it is cut or no JSON"},
      {"a comment", "{/* */ 'data': [], 'has_more': false}", "it is cut or no JSON"},
      {"NaN", "{'data': [{'id': NaN}], 'has_more': false}", "it is cut or no JSON"},
      {"a NUL between values", "{'data': [],\\u0000 'has_more': false}", "it is cut or no JSON"},
      {"1e5 without digits", "{'data': [{'id': 1e}], 'has_more': false}", "it is cut or no JSON"},
      {"UTF-16", "{\\u0000'\\u0000d\\u0000", "it is cut or no JSON"},
  };
  expect_refused(bodies);
}

Test(hostile_body, no_list) {
  static const struct body bodies[] = {
      {"an error with 200", "{'error': 'boom'}", "it has no `data`"},
      {"empty object", "{}", "it has no `data`"},
      {"data null", "{'data': null, 'has_more': false}", "`data` is no array"},
      {"data an object", "{'data': {}, 'has_more': false}", "`data` is no array"},
      {"data a string", "{'data': '[]', 'has_more': false}", "`data` is no array"},
      {"data twice", "{'data': [], 'data': [], 'has_more': false}", "it has `data` twice"},
      {"has_more absent", "{'data': []}", "it has no `has_more`"},
      {"has_more null", "{'data': [], 'has_more': null}", "neither true nor false"},
      {"has_more a string", "{'data': [], 'has_more': 'false'}", "neither true nor false"},
      {"has_more a number", "{'data': [], 'has_more': 0}", "neither true nor false"},
      {"has_more a list", "{'data': [], 'has_more': [false]}", "neither true nor false"},
      {"has_more twice", "{'data': [], 'has_more': false, 'has_more': false}", "it has `has_more` twice"},
      {"Has_More", "{'data': [], 'Has_More': false}", "it has no `has_more`"},
  };
  expect_refused(bodies);
}

Test(hostile_body, of_a_size) {
  static const struct scene scenes[] = {
      {"100,000 brackets", "\"body_repeat\": {\"text\": \"[\", \"count\": 100000}", "failed", "it is no JSON object", 1,
       NULL},
      {"100,000 brackets as data",
       "\"body_repeat\": {\"before\": \"{\\\"data\\\": \", \"text\": \"[\", \"count\": 100000}", "failed",
       "it is cut or no JSON", 1, NULL},
      {"5,000,000 brackets as data",
       "\"body_repeat\": {\"before\": \"{\\\"data\\\": \", \"text\": \"[\", \"count\": 5000000}", "failed",
       "it is cut or no JSON", 1, NULL},
      {"500,000 braces",
       "\"body_repeat\": {\"before\": \"{\\\"data\\\": [\", \"text\": \"{\\\"a\\\":\", \"count\": 500000}", "failed",
       "it is cut or no JSON", 1, NULL},
      {"8 MiB of blanks", "\"body_repeat\": {\"text\": \" \", \"count\": 8388608}", "failed", "it is empty", 1, NULL},
      {"a string without an end",
       "\"body_repeat\": {\"before\": \"{\\\"data\\\": [\\\"\", \"text\": \"abcdefgh\", \"count\": 1000000}", "failed",
       "it is cut or no JSON", 1, NULL},
      {"a number without an end",
       "\"body_repeat\": {\"before\": \"{\\\"data\\\": [\", \"text\": \"12345678\", \"count\": 1000000}", "failed",
       "it is cut or no JSON", 1, NULL},
      {"9 MiB", "\"body_repeat\": {\"text\": \" \", \"count\": 9437184}", "failed", "api.max_response", 1, NULL},
      {"a gzip bomb of 256 MiB", "\"status\": 200, \"gzip\": true, \"body_zeros\": 268435456", "failed",
       "api.max_response", 1, NULL},
  };
  struct story *story = scene_story(4000);
  for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++)
    expect_scene(story, &scenes[i]);
  story_expect_exact(story);
  story_destroy(story);
}
