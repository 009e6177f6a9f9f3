/* Whatever status Close answers a list with: nothing is lost, nothing is believed, and the error says what to do.
 * Only 429 and 503 are asked again (contract section 6). Bodies are never needed (close-api.md 5.2). */
#include "support/scene.h"

#include <criterion/criterion.h>

#define PLAIN(text) "\"body\": \"" text "\""

static void expect_each(const struct scene *scenes, size_t count) {
  struct story *story = scene_story(2000);
  for (size_t i = 0; i < count; i++)
    expect_scene(story, &scenes[i]);
  story_expect_exact(story);
  story_destroy(story);
}

#define EXPECT(scenes) expect_each(scenes, sizeof(scenes) / sizeof((scenes)[0]))

Test(hostile_status, success_that_is_none) {
  static const struct scene scenes[] = {
      {"201", "\"status\": 201, \"body\": \"{\\\"data\\\": [], \\\"has_more\\\": false}\"", "failed", "HTTP 201", 1,
       NULL},
      {"204", "\"status\": 204", "failed", "HTTP 204", 1, NULL},
      {"206", "\"status\": 206, \"body\": \"{\\\"data\\\": [\"", "failed", "HTTP 206", 1, NULL},
      {"304", "\"status\": 304", "failed", "redirect (HTTP 304)", 1, NULL},
  };
  EXPECT(scenes);
}

Test(hostile_status, refusals) {
  static const struct scene scenes[] = {
      {"401 of Close", "\"status\": 401, " PLAIN("{\\\"error\\\": \\\"The server could not verify\\\"}"), "failed",
       "although the key is valid", 1, NULL},
      {"401 without a body", "\"status\": 401", "failed", "HTTP 401", 1, NULL},
      {"401 to everything", NULL, "failed", "give a valid key", 1,
       "[{\"match\": {\"key\": \"api_story_1\"}, \"status\": 401}]"},
      {"402", "\"status\": 402, " PLAIN("{}"), "failed", "plan's limit", 1, NULL},
      {"403 in plain text", "\"status\": 403, " PLAIN("Forbidden"), "failed", "may not see connected accounts", 1,
       NULL},
      {"404 of the address", "\"status\": 404, " PLAIN("{\\\"error\\\": \\\"not found\\\"}"), "failed",
       "check api.base_url", 1, NULL},
      {"404 without a body", "\"status\": 404", "failed", "check api.base_url", 1, NULL},
      {"405", "\"status\": 405", "failed", "HTTP 405", 1, NULL},
      {"408 of Envoy", "\"status\": 408, " PLAIN("request timeout"), "failed", "HTTP 408", 1, NULL},
      {"410", "\"status\": 410", "failed", "HTTP 410", 1, NULL},
      {"415", "\"status\": 415", "failed", "HTTP 415", 1, NULL},
      {"418 of nobody", "\"status\": 418", "failed", "HTTP 418", 1, NULL},
      {"400 whatever is asked", "\"status\": 400, " PLAIN("{\\\"errors\\\": [], \\\"field-errors\\\": {}}"), "failed",
       "HTTP 400", 2, NULL},
      {"a key's own words", "\"status\": 401, " PLAIN("your key api_story_1 is wrong"), "failed", "HTTP 401", 1, NULL},
  };
  EXPECT(scenes);
}

Test(hostile_status, outages) {
  static const struct scene scenes[] = {
      {"500 in JSON", "\"status\": 500, " PLAIN("{\\\"error\\\": \\\"boom\\\"}"), "failed", "HTTP 500", 1, NULL},
      {"501", "\"status\": 501", "failed", "HTTP 501", 1, NULL},
      {"502 in HTML", "\"status\": 502, " PLAIN("<html>bad gateway</html>"), "failed", "HTTP 502", 1, NULL},
      {"504 empty", "\"status\": 504", "failed", "HTTP 504", 1, NULL},
      {"520 of a proxy", "\"status\": 520", "failed", "HTTP 520", 1, NULL},
      {"599", "\"status\": 599", "failed", "HTTP 599", 1, NULL},
      {"503 is asked three times", "\"status\": 503", "failed", "HTTP 503", 3, NULL},
  };
  EXPECT(scenes);
}

Test(hostile_status, passing_troubles_pass) {
  static const struct scene scenes[] = {
      {"503 twice", "\"times\": 2, \"status\": 503", "unchanged", NULL, 3, NULL},
      {"503 once, with Retry-After", "\"times\": 1, \"status\": 503, \"headers\": {\"retry-after\": \"1\"}",
       "unchanged", NULL, 2, NULL},
  };
  struct story *story = scene_story(2000);
  for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
    story_replies(story, "[]");
    expect_scene(story, &scenes[i]);
  }
  story_destroy(story);
}

Test(hostile_status, redirects_are_not_followed) {
  static const struct scene scenes[] = {
      {"301 to the same host", "\"redirect\": \"/api/v1/connected_account/\", \"status\": 301", "failed",
       "redirect (HTTP 301)", 1, NULL},
      {"302 to a path", "\"redirect\": \"/login\"", "failed", "check api.base_url", 1, NULL},
      {"307 without a location", "\"status\": 307", "failed", "redirect (HTTP 307)", 1, NULL},
      {"308 to a file", "\"status\": 308, \"redirect\": \"file:///etc/passwd\"", "failed", "redirect (HTTP 308)", 1,
       NULL},
  };
  EXPECT(scenes);
}
