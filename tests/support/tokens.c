#include "support/tokens.h"

#include "support/inner.h"

#include <json-c/json.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static const char *section(struct story *story, int organization) {
  return story_format(story, "organization org%d", organization);
}

void tokens_write_file(struct story *story, int organization, const char *access) {
  const char *path = story_format(story, "%s/org%d.token", story_directory(story), organization);
  story_write(story, path, story_format(story, "%s\n", access));
}

void tokens_use_file(struct story *story, int organization, const char *access) {
  tokens_write_file(story, organization, access);
  story_set(story, section(story, organization), "api_key_file", "");
  story_set(story, section(story, organization), "access_token_file",
            story_format(story, "%s/org%d.token", story_directory(story), organization));
}

const char *tokens_path(struct story *story, int organization) {
  return story_format(story, "%s/tokens/org%d.oauth", story_directory(story), organization);
}

void tokens_set(struct story *story, int organization, const char *members) {
  story_ask_sim(story, "POST", story_format(story, "oauth?key=api_story_%d", organization), members);
}

void tokens_use_oauth(struct story *story, int organization, int expires_in_s) {
  const char *secret = story_format(story, "%s/org%d.secret", story_directory(story), organization);
  mkdir(story_format(story, "%s/tokens", story_directory(story)), 0700);
  story_write(story, secret, story_format(story, "client_secret_story%d\n", organization));
  story_set(story, section(story, organization), "api_key_file", "");
  story_set(story, section(story, organization), "oauth_client_id",
            story_format(story, "client_story%d", organization));
  story_set(story, section(story, organization), "oauth_client_secret_file", secret);
  story_set(story, section(story, organization), "oauth_token_file", tokens_path(story, organization));
  tokens_set(story, organization,
             story_format(story,
                          "{\"client_id\": \"client_story%d\", \"client_secret\": \"client_secret_story%d\", "
                          "\"token_file\": \"%s\", \"expires_in\": %d}",
                          organization, organization, tokens_path(story, organization), expires_in_s));
}

void tokens_write(struct story *story, int organization, const char *access, const char *refresh, int age_s,
                  int life_s) {
  long long obtained = (long long)time(NULL) - age_s;
  story_write(story, tokens_path(story, organization),
              story_format(story,
                           "{\"access_token\": \"%s\", \"refresh_token\": \"%s\", \"obtained_at\": %lld, "
                           "\"expires_at\": %lld}\n",
                           access, refresh, obtained, obtained + life_s));
  tokens_set(story, organization,
             story_format(story, "{\"access_token\": \"%s\", \"refresh_token\": \"%s\"}", access, refresh));
}

const char *tokens_tell(struct story *story, int organization, const char *member) {
  const char *text = story_ask_sim(story, "GET", story_format(story, "oauth?key=api_story_%d", organization), NULL);
  struct json_object *told = json_tokener_parse(text);
  const char *value = json_object_get_string(json_object_object_get(told, member));
  const char *copy = story_format(story, "%s", value ? value : "null");
  json_object_put(told);
  return copy;
}

void tokens_expect(struct story *story, int organization, const char *member, const char *expected) {
  const char *told = tokens_tell(story, organization, member);
  if (strcmp(told, expected) != 0)
    story_fail(story, "organization %d: %s is %s, not %s", organization, member, told, expected);
}

const char *tokens_on_disk(struct story *story, int organization) {
  struct json_object *file = json_object_from_file(tokens_path(story, organization));
  const char *value = json_object_get_string(json_object_object_get(file, "refresh_token"));
  const char *copy = story_format(story, "%s", value ? value : "");
  json_object_put(file);
  return copy;
}
