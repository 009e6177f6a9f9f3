/* The story's own simulator, and its control API as functions. */
#include "support/inner.h"

#include <curl/curl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *sim_path(void) {
  const char *path = getenv("CLOSE_SIM");
  return path ? path : SUPPORT_SIM;
}

static int read_port(struct story *story) {
  const struct timespec nap = {.tv_nsec = 5000000};
  for (int i = 0; i < 2000; i++) {
    char *out = file_content(story->sim.out_path);
    bool complete = strchr(out, '\n') != NULL;
    int port = complete && strncmp(out, "port ", 5) == 0 ? atoi(out + 5) : 0;
    free(out);
    if (port)
      return port;
    if (process_wait(&story->sim, 0))
      break;
    nanosleep(&nap, NULL);
  }
  char *err = file_content(story->sim.err_path);
  story_fail(story, "close-sim did not start: %s", (const char *)story_keep(story, err));
}

void story_start_sim(struct story *story, int accounts_each, unsigned long long seed) {
  char *text = NULL;
  size_t length = 0;
  FILE *scene = open_memstream(&text, &length);
  fprintf(scene, "{\"organizations\": [");
  for (int i = 1; i <= story->organizations; i++) {
    fprintf(scene, "%s{\"key\": \"api_story_%d\", \"organization_id\": \"orga_story%d\", \"user_id\": \"user_story%d\"",
            i > 1 ? ", " : "", i, i, i);
    if (accounts_each > 0)
      fprintf(scene, ", \"generate\": {\"accounts\": %d, \"seed\": %llu}", accounts_each, seed + (unsigned)i);
    fprintf(scene, "}");
  }
  fprintf(scene, "]}");
  fclose(scene);
  const char *path = story_format(story, "%s/scene.json", story->directory);
  story_write(story, path, story_keep(story, text));
  const char *const argv[] = {sim_path(), "--scene", path, NULL};
  if (!process_start(&story->sim, story->directory, "sim", argv, NULL))
    story_fail(story, "could not start \"%s\"", argv[0]);
  story->port = read_port(story);
}

static size_t collect(char *bytes, size_t size, size_t count, void *file) { return fwrite(bytes, size, count, file); }

const char *story_ask_sim(struct story *story, const char *method, const char *target, const char *body) {
  CURL *curl = curl_easy_init();
  char *text = NULL;
  size_t length = 0;
  FILE *reply = open_memstream(&text, &length);
  curl_easy_setopt(curl, CURLOPT_URL, story_format(story, "http://127.0.0.1:%d/_sim/%s", story->port, target));
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
  if (body) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
  }
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
  CURLcode code = curl_easy_perform(curl);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_cleanup(curl);
  fclose(reply);
  story_keep(story, text);
  if (code != CURLE_OK || status != 200)
    story_fail(story, "close-sim refused %s %s: %s %ld %s", method, target, curl_easy_strerror(code), status, text);
  return text;
}

const char *story_escape(struct story *story, const char *text) {
  char *escaped = curl_easy_escape(NULL, text, 0);
  const char *copy = story_format(story, "%s", escaped ? escaped : "");
  curl_free(escaped);
  return copy;
}

void story_scene(struct story *story, const char *json) { story_ask_sim(story, "PUT", "scene", json); }

void story_accounts(struct story *story, int organization, const char *json_array) {
  story_ask_sim(story, "POST", story_format(story, "accounts?key=api_story_%d", organization), json_array);
}

void story_principal(struct story *story, int organization, const char *organization_id, const char *user_id) {
  const char *id =
      organization_id ? story_format(story, "&organization_id=%s", story_escape(story, organization_id)) : "";
  const char *user = user_id ? story_format(story, "&user_id=%s", story_escape(story, user_id)) : "";
  story_ask_sim(story, "POST", story_format(story, "organization?key=api_story_%d%s%s", organization, id, user), NULL);
}

void story_load(struct story *story, int organization, const char *file) {
  const char *path = story_format(story, "%s/tests/sim/data/%s", story_source(), file);
  struct json_object *reply = json_object_from_file(path);
  struct json_object *data = json_object_object_get(reply, "data");
  struct json_object *first = data ? json_object_array_get_idx(data, 0) : NULL;
  if (!first)
    story_fail(story, "\"%s\" holds no accounts", path);
  story_principal(story, organization, json_object_get_string(json_object_object_get(first, "organization_id")),
                  json_object_get_string(json_object_object_get(first, "user_id")));
  story_accounts(story, organization, json_object_to_json_string(data));
  json_object_put(reply);
}

void story_put_as(struct story *story, int organization, const char *id, const char *account, bool listed) {
  const char *name = id ? story_format(story, "&id=%s", story_escape(story, id)) : "";
  const char *target = story_format(story, "account?key=api_story_%d&listed=%d%s", organization, listed, name);
  story_ask_sim(story, "PUT", target, account);
}

void story_put(struct story *story, int organization, const char *account) {
  story_put_as(story, organization, NULL, account, true);
}

void story_edit(struct story *story, int organization, const char *id, const char *members) {
  const char *target = story_format(story, "edit?key=api_story_%d&id=%s", organization, story_escape(story, id));
  story_ask_sim(story, "POST", target, members);
}

void story_drop_member(struct story *story, int organization, const char *id, const char *member) {
  const char *target = story_format(story, "edit?key=api_story_%d&id=%s&remove=%s", organization,
                                    story_escape(story, id), story_escape(story, member));
  story_ask_sim(story, "POST", target, "{}");
}

void story_remove(struct story *story, int organization, const char *id) {
  const char *target = story_format(story, "account?key=api_story_%d&id=%s", organization, story_escape(story, id));
  story_ask_sim(story, "DELETE", target, NULL);
}

void story_change(struct story *story, double percent, unsigned long long seed) {
  story_ask_sim(story, "POST", story_format(story, "change?percent=%f&seed=%llu", percent, seed), NULL);
}

void story_replies(struct story *story, const char *json_array) { story_ask_sim(story, "POST", "replies", json_array); }

const char *story_requests(struct story *story) { return story_ask_sim(story, "GET", "requests", NULL); }

long story_request_count(struct story *story, const char *target_part) {
  struct json_object *log = json_tokener_parse(story_requests(story));
  long count = 0;
  for (size_t i = 0; log && i < json_object_array_length(log); i++) {
    struct json_object *target = json_object_object_get(json_object_array_get_idx(log, i), "target");
    count += strstr(json_object_get_string(target), target_part) != NULL;
  }
  json_object_put(log);
  return count;
}

void story_forget_requests(struct story *story) { story_ask_sim(story, "DELETE", "requests", NULL); }

const char *story_truth(struct story *story, int organization) {
  return story_ask_sim(story, "GET", story_format(story, "accounts?key=api_story_%d", organization), NULL);
}
