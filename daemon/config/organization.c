/* One table says what an organization's section may hold. */
#include "config/organization.h"
#include "base/index.h"
#include "base/memory.h"
#include "base/nearest.h"
#include "base/random.h"
#include "config/address.h"
#include "config/place.h"
#include "config/value.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct setting {
  const char *key;
  config_judge_fn *judge;
  size_t offset; /* in struct config_draft */
  const char *least, *most;
  int credential; /* of one that is kept secret: its place, which is not repeated in a message; else NOT_SECRET */
};

enum { NOT_SECRET = -1 };

#define AT(field)       offsetof(struct config_draft, field)
#define FILE_OF(number) AT(credentials[number].file)
#define NAME_OF(number) AT(credentials[number].name)

static const struct setting settings[] = {
    {"api_key_file", config_judge_path, FILE_OF(CREDENTIAL_KEY), NULL, NULL, CREDENTIAL_KEY},
    {"api_key_credential", config_judge_credential, NAME_OF(CREDENTIAL_KEY), NULL, NULL, CREDENTIAL_KEY},
    {"access_token_file", config_judge_path, FILE_OF(CREDENTIAL_TOKEN), NULL, NULL, CREDENTIAL_TOKEN},
    {"access_token_credential", config_judge_credential, NAME_OF(CREDENTIAL_TOKEN), NULL, NULL, CREDENTIAL_TOKEN},
    {"oauth_client_id", config_judge_text, AT(organization.client_id), NULL, NULL, NOT_SECRET},
    {"oauth_client_secret_file", config_judge_path, FILE_OF(CREDENTIAL_CLIENT_SECRET), NULL, NULL,
     CREDENTIAL_CLIENT_SECRET},
    {"oauth_client_secret_credential", config_judge_credential, NAME_OF(CREDENTIAL_CLIENT_SECRET), NULL, NULL,
     CREDENTIAL_CLIENT_SECRET},
    {"oauth_redirect_uri", config_judge_redirect, AT(organization.redirect_uri), NULL, NULL, NOT_SECRET},
    {"oauth_token_file", config_judge_path, AT(token_file), NULL, NULL, NOT_SECRET},
    {"organization_id", config_judge_id, AT(organization.organization_id), NULL, NULL, NOT_SECRET},
    {"user_id", config_judge_id, AT(organization.user_id), NULL, NULL, NOT_SECRET},
    {"interval", config_judge_duration, AT(organization.interval_ms), "100ms", "30d", NOT_SECRET},
    {"enabled", config_judge_bool, AT(organization.enabled), NULL, NULL, NOT_SECRET},
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
  bool secret = setting->credential != NOT_SECRET;
  if (words)
    config_problem(problems, entry->file, entry->line, "\"%s\" of organization \"%s\" must be %s%s%s", entry->key,
                   entry->name, words, secret ? "" : ", not ", secret ? "" : config_quote(arena, entry->value));
  if (!secret)
    return;
  struct config_credential *credential = &draft->credentials[setting->credential];
  credential->refused |= words != NULL;
  if (*entry->value)
    credential->from = entry;
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
    config_judge_way(&ret_drafts->drafts[i], problems);
}

void config_drafts_read_keys(struct config_drafts *drafts, const char *config_path, struct arena *arena) {
  struct buffer folder;
  struct secret_room *room = secret_room_open();
  buffer_init(&folder, 8192);
  bool fits = place_of_credentials(config_path, &folder);
  for (int i = 0; i < drafts->count; i++)
    config_read_credential(&drafts->drafts[i], fits ? buffer_slice(&folder) : (struct slice){0}, room, arena);
  secret_room_close(room);
  buffer_finish(&folder);
}

/* systemd 257 shows the commands of a reload no credentials (systemd 252 all but the first). The service, which goes on, has them. */
static bool is_seen_by_the_service(const struct config_organization *organization) {
  return organization->key_is_hidden && getenv("MAINPID") != NULL; /* set by systemd for such commands */
}

void config_drafts_judge_keys(const struct config_drafts *drafts, bool all, struct config_problems *problems) {
  for (int i = 0; i < drafts->count; i++)
    if (!all && (drafts->drafts[i].organization.key || is_seen_by_the_service(&drafts->drafts[i].organization)))
      return;
  for (int i = 0; i < drafts->count; i++) {
    const struct config_draft *draft = &drafts->drafts[i];
    const struct config_entry *from = config_credential_of(draft)->from;
    if (draft->organization.key_problem)
      config_problem(problems, from->file, from->line, "organization \"%s\": %s", draft->organization.name,
                     draft->organization.key_problem);
  }
}

void config_drafts_place_tokens(struct config_drafts *drafts, const char *config_path, struct arena *arena) {
  struct buffer path;
  buffer_init(&path, 8192);
  for (int i = 0; i < drafts->count; i++) {
    struct config_draft *draft = &drafts->drafts[i];
    if (draft->organization.way != CONFIG_OAUTH)
      continue;
    draft->organization.token_path = draft->token_file;
    buffer_clear(&path);
    if (!draft->token_file && place_of_state(config_path, &path) &&
        buffer_append_format(&path, "/%s.oauth", draft->organization.name))
      draft->organization.token_path = arena_copy(arena, path.bytes, path.length);
  }
  buffer_finish(&path);
}
