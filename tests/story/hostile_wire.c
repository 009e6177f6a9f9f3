/* What no correct server sends, and networks that break: three tries within their timeouts, then the next sweep. */
#include "support/scene.h"

#include <criterion/criterion.h>

static const char LIST[] = "\"status\": 200, \"body\": \"{\\\"data\\\": [], \\\"has_more\\\": false}\"";

static void expect_each(const struct scene *scenes, size_t count, int request_timeout_ms) {
  struct story *story = scene_story(request_timeout_ms);
  for (size_t i = 0; i < count; i++)
    expect_scene(story, &scenes[i]);
  story_expect_exact(story);
  story_destroy(story);
}

#define EXPECT(scenes, timeout_ms) expect_each(scenes, sizeof(scenes) / sizeof((scenes)[0]), timeout_ms)

Test(hostile_wire, breaks) {
  static const struct scene scenes[] = {
      {"cut in the body", "\"cut_after\": 20", "failed", "the connection broke", 3, NULL},
      {"cut before the body", "\"cut_after\": 0", "failed", "the connection broke", 3, NULL},
      {"cut between chunks", "\"chunked\": true, \"cut_after\": 20", "failed", "the connection broke", 3, NULL},
      {"reset", "\"reset\": true", "failed", "the connection broke", 0, NULL},
      {"reset in the body", "\"reset\": true, \"cut_after\": 10", "failed", "the connection broke", 3, NULL},
  };
  EXPECT(scenes, 2000);
}

Test(hostile_wire, lies) {
  static const struct scene scenes[] = {
      {"a longer content-length", "\"content_length\": 100000", "failed", "could not get an answer", 3, NULL},
      {"a shorter content-length", "\"content_length\": 10", "failed", "is no list of accounts", 1, NULL},
      {"content-length 0", "\"content_length\": 0", "failed", "it is empty", 1, NULL},
      {"no gzip", "\"status\": 200, \"body\": \"plain\", \"headers\": {\"content-encoding\": \"gzip\"}", "failed",
       "it cannot be decompressed", 3, NULL},
      {"brotli, which nobody asked for",
       "\"status\": 200, \"body\": \"x\", \"headers\": {\"content-encoding\": \"br\"}", "failed",
       "is no list of accounts", 1, NULL},
      {"an unknown encoding", "\"status\": 200, \"body\": \"x\", \"headers\": {\"content-encoding\": \"x-none\"}",
       "failed", "could not get an answer", 3, NULL},
  };
  EXPECT(scenes, 2000);
}

Test(hostile_wire, is_no_http) {
  static const struct scene scenes[] = {
      {"garbage", "\"raw\": true, \"body_base64\": \"AAECAwQFBgcICQ==\"", "failed", "what came is no HTTP", 3, NULL},
      {"a line of text", "\"raw\": true, \"body\": \"hello\\r\\n\"", "failed", "could not get an answer", 3, NULL},
      {"nothing", "\"raw\": true, \"body\": \"\"", "failed", "could not get an answer", 0,
       NULL}, /* libcurl asks a reused connection once more */
      {"a bad status line", "\"raw\": true, \"body\": \"HTTP/1.1 abc\\r\\n\\r\\n\"", "failed", "what came is no HTTP",
       3, NULL},
      {"a bad chunk",
       "\"raw\": true, \"body\": \"HTTP/1.1 200 OK\\r\\ntransfer-encoding: chunked\\r\\n\\r\\nzz\\r\\n\"", "failed",
       "could not get an answer", 3, NULL},
  };
  EXPECT(scenes, 2000);
}

Test(hostile_wire, never_ends) {
  static const struct scene scenes[] = {
      {"endless body", "\"endless\": \"body\"", "failed", "api.max_response", 1, NULL},
      {"endless headers", "\"endless\": \"headers\"", "failed", "header lines", 1, NULL},
  };
  EXPECT(scenes, 4000);
}

Test(hostile_wire, is_slow) {
  static const struct scene scenes[] = {
      {"drips", "\"drip\": {\"bytes\": 1, \"every_ms\": 300}", "failed", "api.request_timeout", 3, NULL},
      {"silent", "\"delay_ms\": 20000", "failed", "api.request_timeout", 0, NULL},
  };
  EXPECT(scenes, 1000);
}

Test(hostile_wire, passes) {
  static const struct scene scenes[] = {
      {"slowly, but in time", "\"drip\": {\"bytes\": 100, \"every_ms\": 20}", "unchanged", NULL, 1, NULL},
      {"late, but in time", "\"delay_ms\": 500", "unchanged", NULL, 1, NULL},
      {"in chunks", "\"chunked\": true", "unchanged", NULL, 1, NULL},
  };
  EXPECT(scenes, 3000);
}

Test(hostile_wire, a_broken_try_is_forgotten) {
  struct story *story = scene_story(2000);
  struct scene scene = {"cut twice", "\"times\": 2, \"cut_after\": 20", "unchanged", NULL, 3, NULL};
  expect_scene(story, &scene);
  scene.name = "an empty list that was cut, then the truth";
  scene.reply = story_format(story, "%s, \"times\": 1, \"cut_after\": 5", LIST);
  scene.lists = 2;
  expect_scene(story, &scene);
  story_destroy(story);
}
