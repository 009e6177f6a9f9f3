/* One table says what an organization's section may hold. A key's place is shown in a message only when it looks like a place,
 * for the most likely mistake is to write the key itself there. */
#include "config/organization.h"
#include "base/index.h"
#include "base/memory.h"
#include "base/nearest.h"
#include "base/random.h"
#include "config/place.h"
#include "config/value.h"
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct setting {
  const char *key;
  config_judge_fn *judge;
  size_t offset; /* in struct config_draft */
  const char *least, *most;
  bool secret; /* the value is not repeated in a message */
};

#define AT(field) offsetof(struct config_draft, field)

static const struct setting settings[] = {
    {"api_key_file", config_judge_path, AT(key_file), NULL, NULL, true},
    {"api_key_credential", config_judge_credential, AT(key_credential), NULL, NULL, true},
    {"organization_id", config_judge_id, AT(organization.organization_id), NULL, NULL, false},
    {"user_id", config_judge_id, AT(organization.user_id), NULL, NULL, false},
    {"interval", config_judge_duration, AT(organization.interval_ms), "100ms", "30d", false},
    {"enabled", config_judge_bool, AT(organization.enabled), NULL, NULL, false},
};

static struct slice draft_key(const void *context, uint32_t number) {
  const struct config_drafts *drafts = context;
  return slice_of(drafts->drafts[number].organization.name);
}

static const struct setting *find_setting(const char *key) {
  for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
    if (strcmp(settings[i].key, key) == 0)
      return &settings[i];
  }
  return NULL;
}

static const char *key_at(const void *context, size_t index) {
  (void)context;
  return index < sizeof settings / sizeof settings[0] ? settings[index].key : NULL;
}

static void take(struct config_draft *draft, const struct config_entry *entry, struct arena *arena,
                 struct config_problems *problems) {
  if (!*entry->key)
    return;
  const struct setting *setting = find_setting(entry->key);
  if (!setting) {
    const char *nearest = nearest_word(entry->key, key_at, NULL);
    config_problem(problems, entry->file, entry->line, "unknown key \"%s\" in [organization %s]%s%s%s", entry->key,
                   entry->name, nearest ? ": the nearest is \"" : "; see closesyncd.conf(5)", nearest ? nearest : "",
                   nearest ? "\"" : "");
    return;
  }
  struct config_rule rule = {.least = setting->least, .most = setting->most, .arena = arena};
  const char *words = setting->judge(&rule, entry->value, (char *)draft + setting->offset);
  if (words)
    config_problem(problems, entry->file, entry->line, "\"%s\" of organization \"%s\" must be %s%s%s", entry->key,
                   entry->name, words, setting->secret ? "" : ", not ",
                   setting->secret ? "" : config_quote(arena, entry->value));
  if (setting->secret && *entry->value)
    draft->key_from = entry;
  draft->key_refused |= setting->secret && words;
}

/* Exactly one place for the key. */
static void judge_place(const struct config_draft *draft, struct config_problems *problems) {
  const struct config_entry *from = draft->key_from;
  if (!draft->key_file && !draft->key_credential && !draft->key_refused && draft->organization.enabled)
    config_problem(problems, draft->file, draft->line,
                   "organization \"%s\" has no key: set api_key_file (a path) or api_key_credential (a name)",
                   draft->organization.name);
  else if (draft->key_file && draft->key_credential)
    config_problem(problems, from->file, from->line,
                   "organization \"%s\" has both api_key_file and api_key_credential: keep one of them",
                   draft->organization.name);
}

void config_drafts_read(const struct config_file *file, struct arena *arena, struct config_problems *problems,
                        struct config_drafts *ret_drafts) {
  *ret_drafts = (struct config_drafts){.drafts = NULL};
  struct random random;
  random_seed_system(&random);
  struct index *index = index_create(draft_key, ret_drafts, random.state);
  int capacity = 0;
  for (int i = 0; i < file->count; i++) {
    const struct config_entry *entry = &file->entries[i];
    if (strcmp(entry->section, "organization") != 0)
      continue;
    if (ret_drafts->count == capacity) {
      capacity = capacity ? 2 * capacity : 16;
      ret_drafts->drafts = memory_resize(ret_drafts->drafts, (size_t)capacity * sizeof(struct config_draft));
    }
    bool fresh;
    uint32_t number = index_add(index, slice_of(entry->name), &fresh);
    struct config_draft *draft = &ret_drafts->drafts[number];
    if (fresh) {
      ret_drafts->count++;
      *draft = (struct config_draft){
          .organization = {.name = entry->name, .enabled = true}, .file = entry->file, .line = entry->line};
    }
    take(draft, entry, arena, problems);
  }
  index_destroy(index);
  for (int i = 0; i < ret_drafts->count; i++)
    judge_place(&ret_drafts->drafts[i], problems);
}

/* Why the credential is not there. Its name is not told: it may be a key. */
static bool refuse_credential(const char *path, int reason, struct error *error) {
  int folder = (int)(strrchr(path, '/') - path);
  if (reason == EACCES)
    return error_set(error, ERROR_CONFIG,
                     "this user may not look into \"%.*s\" for what api_key_credential names: run it as the service's, "
                     "sudo -u closesyncd closesyncd ...",
                     folder, path);
  return error_set(
      error, ERROR_CONFIG,
      "\"%.*s\" holds no file of the name in api_key_credential: pass it to the service with LoadCredential= "
      "and restart that; it is there only while the service runs",
      folder, path);
}

void config_read_key(struct config_organization *organization) {
  struct error error;
  const char *path = organization->key_path;
  if (organization->key || !path)
    return;
  memory_free(organization->key_problem);
  organization->key_problem = NULL;
  bool there = !organization->key_is_credential || access(path, F_OK) == 0 || refuse_credential(path, errno, &error);
  if (!there || !secret_read_file(path, &organization->key, &error))
    organization->key_problem = memory_copy_text(error.text);
}

void config_drafts_read_keys(struct config_drafts *drafts, const char *config_path, struct arena *arena) {
  struct buffer folder, path;
  buffer_init(&folder, 8192);
  buffer_init(&path, 8192);
  bool fits = place_of_credentials(config_path, &folder);
  for (int i = 0; i < drafts->count; i++) {
    struct config_draft *draft = &drafts->drafts[i];
    struct config_organization *organization = &draft->organization;
    if (!organization->enabled || !draft->key_file == !draft->key_credential)
      continue;
    buffer_clear(&path);
    if (draft->key_file)
      buffer_append_text(&path, draft->key_file);
    else
      buffer_append_format(&path, "%s/%s", fits ? folder.bytes : "", draft->key_credential);
    organization->key_is_credential = draft->key_credential != NULL;
    organization->key_path = buffer_fits(&path) ? arena_copy(arena, path.bytes, path.length) : NULL;
    config_read_key(organization);
  }
  buffer_finish(&folder);
  buffer_finish(&path);
}

void config_drafts_judge_keys(const struct config_drafts *drafts, bool all, struct config_problems *problems) {
  for (int i = 0; i < drafts->count; i++)
    if (!all && drafts->drafts[i].organization.key)
      return;
  for (int i = 0; i < drafts->count; i++) {
    const struct config_draft *draft = &drafts->drafts[i];
    if (draft->organization.key_problem)
      config_problem(problems, draft->key_from->file, draft->key_from->line, "organization \"%s\": %s",
                     draft->organization.name, draft->organization.key_problem);
  }
}
