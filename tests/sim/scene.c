/* Reads scenes. What a scene does not say is as close-api.md describes Close. */
#include "sim/scene.h"

#include "sim/member.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void scene_init(struct scene *scene) {
  *scene = (struct scene){
      .settings = {.max_limit = 100, .max_skip = 250000, .gzip = true},
  };
}

void scene_finish(struct scene *scene) {
  for (size_t i = 0; i < scene->count; i++)
    organization_finish(&scene->organizations[i]);
  free(scene->organizations);
  free(scene->by_key);
  *scene = (struct scene){0};
}

struct organization *scene_add(struct scene *scene, const char *key, const char *id, const char *user_id) {
  size_t count = scene->count;
  if ((count & (count - 1)) == 0)
    scene->organizations = grow(scene->organizations, count ? count * 2 : 1, sizeof *scene->organizations);
  struct organization *organization = &scene->organizations[scene->count++];
  char made_id[GENERATED_ID_BYTES];
  char made_user[GENERATED_ID_BYTES];
  generate_organization_id(scene->count, made_id);
  generate_user_id(scene->count, 0, made_user);
  *organization = (struct organization){
      .key = copy_string(key),
      .id = copy_string(id ? id : made_id),
      .user_id = copy_string(user_id ? user_id : made_user),
  };
  return organization;
}

static int compare_keys(const void *left, const void *right) {
  const struct organization *const *one = left;
  const struct organization *const *other = right;
  return strcmp((*one)->key, (*other)->key);
}

void scene_index(struct scene *scene) {
  scene->by_key = grow(scene->by_key, scene->count, sizeof(struct organization *));
  for (size_t i = 0; i < scene->count; i++)
    scene->by_key[i] = &scene->organizations[i];
  if (scene->count)
    qsort(scene->by_key, scene->count, sizeof(struct organization *), compare_keys);
}

struct organization *scene_find(const struct scene *scene, const char *key) {
  size_t low = 0;
  size_t high = scene->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = strcmp(key, scene->by_key[middle]->key);
    if (order == 0)
      return scene->by_key[middle];
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return NULL;
}

static void read_limiter(struct limiter *limiter, struct json_object *from) {
  limiter->limit = (unsigned int)member_number(from, "limit", 0);
  limiter->window_ms = (uint32_t)member_number(from, "window_ms", member_number(from, "window_s", 1) * 1000);
  limiter->ban_after = (unsigned int)member_number(from, "ban_after", 0);
}

/* The index of text in names; 0 when it is none of them. */
static int choice(const char *text, const char *const *names, int count) {
  for (int i = 0; text && i < count; i++)
    if (strcmp(text, names[i]) == 0)
      return i;
  return 0;
}

static void read_settings(struct settings *settings, struct json_object *from) {
  static const char *const families[] = {"current", "2017", "envoy", "none"};
  static const char *const refusals[] = {"json", "nested", "flat", "empty"};
  settings->max_limit = (size_t)member_number(from, "max_limit", (long)settings->max_limit);
  settings->max_skip = (size_t)member_number(from, "max_skip", (long)settings->max_skip);
  settings->ignore_fields = member_bool(from, "ignore_fields", settings->ignore_fields);
  settings->ignore_paging = member_bool(from, "ignore_paging", settings->ignore_paging);
  settings->redirect_without_slash = member_bool(from, "redirect_without_slash", settings->redirect_without_slash);
  settings->refuse_without_slash = member_bool(from, "refuse_without_slash", settings->refuse_without_slash);
  settings->decimal_reset = member_bool(from, "decimal_reset", settings->decimal_reset);
  settings->gzip = member_bool(from, "gzip", settings->gzip);
  settings->rate_headers = (enum rate_family)choice(member_string(from, "rate_headers"), families, 4);
  settings->refusal = (enum refusal)choice(member_string(from, "refusal"), refusals, 4);
}

static const char *read_organization(struct scene *scene, struct json_object *from) {
  const char *key = member_string(from, "key");
  if (!key)
    return "an organization has no key";
  const char *user_id = member_string(from, "user_id");
  if (!user_id)
    user_id = member_string(json_object_object_get(from, "user"), "id");
  struct organization *organization = scene_add(scene, key, member_string(from, "organization_id"), user_id);
  struct json_object *me = json_object_object_get(from, "me");
  if (me)
    organization->me = json_object_is_type(me, json_type_string)
                           ? copy_string(json_object_get_string(me))
                           : copy_string(json_object_to_json_string_ext(me, JSON_C_TO_STRING_PLAIN));
  read_limiter(&organization->limiter, json_object_object_get(from, "limiter"));
  if (json_object_object_get(from, "oauth"))
    oauth_set(&organization->oauth, json_object_object_get(from, "oauth"));
  struct json_object *generate = json_object_object_get(from, "generate");
  if (generate) {
    organization->generated = true;
    organization->generator.count = (size_t)member_number(generate, "accounts", 0);
    organization->generator.seed = (uint64_t)member_number(generate, "seed", 1);
    return NULL;
  }
  struct json_object *accounts = json_object_object_get(from, "accounts");
  return accounts ? organization_replace(organization, accounts) : NULL;
}

const char *scene_read(struct scene *scene, const char *json) {
  struct json_object *top = json_tokener_parse(json);
  if (!json_object_is_type(top, json_type_object)) {
    json_object_put(top);
    return "the scene is no JSON object";
  }
  const char *problem = NULL;
  struct json_object *organizations = json_object_object_get(top, "organizations");
  size_t count = organizations ? json_object_array_length(organizations) : 0;
  for (size_t i = 0; i < count && !problem; i++)
    problem = read_organization(scene, json_object_array_get_idx(organizations, i));
  struct json_object *replies = json_object_object_get(top, "replies");
  if (!problem && replies)
    problem = rules_read(&scene->rules, replies);
  read_settings(&scene->settings, json_object_object_get(top, "settings"));
  scene_index(scene);
  json_object_put(top);
  return problem;
}

const char *scene_read_data(struct scene *scene, const char *json) {
  struct json_object *top = json_tokener_parse(json);
  struct json_object *data = json_object_object_get(top, "data");
  const char *problem = "the data holds no accounts";
  if (json_object_is_type(data, json_type_array)) {
    struct json_object *first = json_object_array_get_idx(data, 0);
    char key[40];
    size_t number = 1;
    for (size_t i = 0; i < scene->count; i++)
      number += strncmp(scene->organizations[i].key, "api_data_", 9) == 0;
    snprintf(key, sizeof key, "api_data_%zu", number);
    struct organization *organization =
        scene_add(scene, key, member_string(first, "organization_id"), member_string(first, "user_id"));
    problem = organization_replace(organization, data);
  }
  json_object_put(top);
  return problem;
}

void scene_generate(struct scene *scene, size_t count, size_t accounts, unsigned long long seed) {
  for (size_t i = 1; i <= count; i++) {
    uint64_t own_seed = seed * 1000003u + i;
    char key[40];
    char id[GENERATED_ID_BYTES];
    char user_id[GENERATED_ID_BYTES];
    snprintf(key, sizeof key, "api_generated_%zu", i);
    generate_organization_id(own_seed, id);
    generate_user_id(own_seed, 0, user_id);
    struct organization *organization = scene_add(scene, key, id, user_id);
    organization->generated = true;
    organization->generator = (struct generator){.seed = own_seed, .count = accounts};
  }
  scene->settings.gzip = scene->settings.gzip && count == 0;
}
