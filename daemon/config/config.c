/* One line per setting drives parsing, defaults and messages. Everything is judged before anything is refused, so that all
 * problems are told in one go. */
#include "config/config.h"
#include "base/memory.h"
#include "base/nearest.h"
#include "config/address.h"
#include "config/conninfo.h"
#include "config/exclusion.h"
#include "config/file.h"
#include "config/organization.h"
#include "config/value.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIG_PATH     "/etc/closesyncd/closesyncd.conf"
#define ARENA_BYTES_MAX ((size_t)64 << 20)

/* The public struct first: config_destroy() finds the rest behind it. */
struct whole {
  struct config config;
  struct arena *arena;
};

struct setting {
  const char *section, *key;
  const char *preset; /* the default, in the value's notation */
  config_judge_fn *judge;
  size_t offset; /* in struct whole */
  const char *least, *most;
  bool secret; /* the value is not repeated in a message */
};

#define AT(field) offsetof(struct whole, config.field)

/* clang-format off */
static const struct setting settings[] = {
    {"database", "conninfo", "dbname=close", config_judge_conninfo, AT(database.conninfo), NULL, NULL, true},
    {"database", "schema", "close_crm", config_judge_schema, AT(database.schema), NULL, NULL, false},
    {"database", "connections", "2", config_judge_number, AT(database.connections), "1", "100", false},
    {"database", "statement_timeout", "30s", config_judge_duration, AT(database.statement_timeout_ms), "100ms", "1d", false},
    {"database", "lock_timeout", "10s", config_judge_duration, AT(database.lock_timeout_ms), "100ms", "1d", false},
    {"api", "base_url", "https://api.close.com/api/v1", config_judge_base_url, AT(api.base_url), NULL, NULL, true},
    {"api", "oauth_url", NULL, config_judge_oauth_url, AT(api.oauth_url), NULL, NULL, true},
    {"api", "oauth_authorize_url", "https://app.close.com/oauth2/authorize/", config_judge_oauth_url, AT(api.oauth_authorize_url), NULL, NULL, true},
    {"api", "ca_file", "", config_judge_path, AT(api.ca_file), NULL, NULL, false},
    {"api", "proxy", "", config_judge_proxy, AT(api.proxy), NULL, NULL, true},
    {"api", "connect_timeout", "10s", config_judge_duration, AT(api.connect_timeout_ms), "100ms", "10m", false},
    {"api", "request_timeout", "60s", config_judge_duration, AT(api.request_timeout_ms), "100ms", "1h", false},
    {"api", "max_response", "32MiB", config_judge_size, AT(api.max_response_bytes), "1KiB", "1GiB", false},
    {"api", "max_requests", "32", config_judge_number, AT(api.max_requests), "1", "1000", false},
    {"api", "page_size", "100", config_judge_number, AT(api.page_size), "1", "1000", false},
    {"sync", "interval", "60s", config_judge_duration, AT(sync.interval_ms), "100ms", "30d", false},
    {"sync", "jitter", "10%", config_judge_share, AT(sync.jitter), NULL, NULL, false},
    {"sync", "deadline", "10m", config_judge_duration, AT(sync.deadline_ms), "100ms", "7d", false},
    {"sync", "gap", NULL, config_judge_duration, AT(sync.gap_ms), "100ms", "3650d", false},
    {"sync", "verify_interval", "1h", config_judge_duration, AT(sync.verify_interval_ms), NULL, "3650d", false},
    {"sync", "max_removed", "20%", config_judge_share, AT(sync.max_removed), NULL, NULL, false},
    {"sync", "volatile_fields", "lead_suggestions_updated_at", config_judge_names, AT(sync.volatile_fields), NULL, NULL, false},
    {"sync", "exclude_fields", "", config_judge_exclusion, AT(sync.fields), NULL, NULL, false},
    {"sync", "flush_interval", "1m", config_judge_duration, AT(sync.flush_interval_ms), NULL, "1d", false},
    {"sync", "notify", "yes", config_judge_bool, AT(sync.notify), NULL, NULL, false},
    {"sync", "members", "yes", config_judge_bool, AT(sync.members), NULL, NULL, false},
    {"history", "retention", "forever", config_judge_retention, AT(history.retention_ms), "1s", "36500d", false},
    {"http", "listen", "", config_judge_listen, AT(http.listen), NULL, NULL, false},
    {"http", "allow_remote", "no", config_judge_bool, AT(http.allow_remote), NULL, NULL, false},
    {"http", "show_addresses", "no", config_judge_bool, AT(http.show_addresses), NULL, NULL, false},
    {"http", "metrics_per_organization", "yes", config_judge_bool, AT(http.metrics_per_organization), NULL, NULL, false},
    {"fleet", "enabled", "no", config_judge_bool, AT(fleet.enabled), NULL, NULL, false},
    {"fleet", "member", NULL, config_judge_text, AT(fleet.member), NULL, NULL, false},
    {"fleet", "ttl", "15s", config_judge_duration, AT(fleet.ttl_ms), "1s", "1h", false},
    {"log", "level", "info", config_judge_level, AT(log_level), NULL, NULL, false},
    {"log", "format", "text", config_judge_format, AT(log_format), NULL, NULL, false},
};
/* clang-format on */

struct loader {
  struct whole *whole;
  struct config_problems *problems;
  struct config_file file;
  struct config_drafts drafts;
  const char *path;
};

static const struct setting *find_setting(const char *section, const char *key) {
  for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
    if (strcmp(settings[i].section, section) == 0 && strcmp(settings[i].key, key) == 0)
      return &settings[i];
  }
  return NULL;
}

static const char *judge(struct whole *whole, const struct setting *setting, const char *value) {
  struct config_rule rule = {.least = setting->least, .most = setting->most, .arena = whole->arena};
  return setting->judge(&rule, value, (char *)whole + setting->offset);
}

static void doubt(struct loader *loader, const char *section) {
  struct config *config = &loader->whole->config;
  config->doubtful.database |= strcmp(section, "database") == 0;
  config->doubtful.api |= strcmp(section, "api") == 0;
}

static const char *key_at(const void *context, size_t index) {
  const char *section = context;
  for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
    if (strcmp(settings[i].section, section) == 0 && index-- == 0)
      return settings[i].key;
  }
  return NULL;
}

static void refuse_key(struct loader *loader, const struct config_entry *entry) {
  const char *nearest = nearest_word(entry->key, key_at, entry->section), *elsewhere = NULL;
  for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
    if (strcmp(settings[i].key, entry->key) == 0)
      elsewhere = settings[i].section;
  }
  doubt(loader, entry->section);
  if (nearest)
    config_problem(loader->problems, entry->file, entry->line, "unknown key \"%s\" in [%s]: the nearest is \"%s\"",
                   entry->key, entry->section, nearest);
  else
    config_problem(loader->problems, entry->file, entry->line, "unknown key \"%s\" in [%s]%s%s%s", entry->key,
                   entry->section, elsewhere ? ": it belongs into [" : "", elsewhere ? elsewhere : "",
                   elsewhere ? "]" : "");
}

static void take(struct loader *loader, const struct config_entry *entry) {
  const struct setting *setting = find_setting(entry->section, entry->key);
  if (!setting) {
    refuse_key(loader, entry);
    return;
  }
  const char *words = judge(loader->whole, setting, entry->value);
  if (words)
    doubt(loader, entry->section);
  if (words)
    config_problem(loader->problems, entry->file, entry->line, "\"%s.%s\" must be %s%s%s", entry->section, entry->key,
                   words, setting->secret ? "" : ", not ",
                   setting->secret ? "" : config_quote(loader->whole->arena, entry->value));
}

/* The line that decided a setting; NULL when it is the default. */
static const struct config_entry *source_of(const struct loader *loader, const char *section, const char *key) {
  for (int i = loader->file.count - 1; i >= 0; i--) {
    const struct config_entry *entry = &loader->file.entries[i];
    if (strcmp(entry->section, section) == 0 && strcmp(entry->key, key) == 0)
      return entry;
  }
  return NULL;
}

static void name_member(struct whole *whole) {
  char name[256] = "";
  if (whole->config.fleet.member)
    return;
  if (gethostname(name, sizeof name - 1) != 0 || !*name)
    strcpy(name, "unnamed");
  whole->config.fleet.member = arena_copy(whole->arena, name, strlen(name));
}

/* "/oauth2/token/" where the API is. */
static void place_oauth(struct whole *whole) {
  char url[2048];
  const char *base = whole->config.api.base_url, *authority = strstr(base, "://") + 3;
  int length =
      snprintf(url, sizeof url, "%.*s/oauth2/token/", (int)(authority - base + (int)strcspn(authority, "/")), base);
  if (!whole->config.api.oauth_url)
    whole->config.api.oauth_url = arena_copy(whole->arena, url, (size_t)length);
}

static void set_presets(struct whole *whole) {
  for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
    if (settings[i].preset && judge(whole, &settings[i], settings[i].preset))
      abort(); /* a default that its own judge refuses is a bug, found by the first test */
  }
}

/* A refresh token lives in one file on one machine (contract section 7). */
static void judge_fleet(struct loader *loader) {
  for (int i = 0; i < loader->drafts.count && loader->whole->config.fleet.enabled; i++) {
    const struct config_draft *draft = &loader->drafts.drafts[i];
    if (draft->organization.way == CONFIG_OAUTH && draft->organization.enabled)
      config_problem(loader->problems, draft->file, draft->line,
                     "organization \"%s\" uses OAuth, which cannot be shared by the machines of a fleet: give it an "
                     "access_token_file that each machine has, or set fleet.enabled = no",
                     draft->organization.name);
  }
}

/* Whose accounts they are is seen by their user_id alone. */
static void judge_filters(struct loader *loader) {
  const struct config_entry *entry = source_of(loader, "sync", "exclude_fields");
  for (int i = 0; entry && i < loader->drafts.count; i++)
    if (loader->drafts.drafts[i].organization.user_id && config_excludes(&loader->whole->config.sync.fields, "user_id"))
      config_problem(loader->problems, entry->file, entry->line,
                     "\"sync.exclude_fields\" holds \"user_id\", but organization \"%s\" mirrors the accounts of one "
                     "user_id: keep one of the two settings",
                     loader->drafts.drafts[i].organization.name);
}

/* What is wrong with the file, which libcurl would find out with each request; NULL: it holds a certificate. */
static const char *refuse_certificates(const char *path) {
  struct stat status;
  char line[256];
  FILE *file = stat(path, &status) == 0 && S_ISREG(status.st_mode) ? fopen(path, "re") : NULL;
  bool found = false;
  if (!file)
    return access(path, R_OK) != 0 ? "could not read" : "there is no certificate (-----BEGIN CERTIFICATE-----) in";
  while (!found && fgets(line, sizeof line, file))
    found = strncmp(line, "-----BEGIN ", 11) == 0 && strstr(line, "CERTIFICATE-----") != NULL;
  fclose(file);
  return found ? NULL : "there is no certificate (-----BEGIN CERTIFICATE-----) in";
}

static void judge_certificates(struct loader *loader) {
  const struct config_entry *entry = source_of(loader, "api", "ca_file");
  const char *path = loader->whole->config.api.ca_file, *why = entry && path ? refuse_certificates(path) : NULL;
  if (!why)
    return;
  doubt(loader, "api");
  config_problem(loader->problems, entry->file, entry->line, "%s \"%s\", the file in \"api.ca_file\"", why, path);
}

/* What no value can be judged by alone. */
static void judge_together(struct loader *loader, bool with_keys) {
  const struct config *config = &loader->whole->config;
  const struct config_entry *entry = source_of(loader, "http", "listen");
  if (entry && config->http.listen && !config->http.allow_remote && !config_listens_locally(config->http.listen))
    config_problem(
        loader->problems, entry->file, entry->line,
        "\"http.listen\" is an address others can reach; use a loopback address, or set http.allow_remote = yes");
  if (with_keys)
    judge_certificates(loader);
  judge_fleet(loader);
  judge_filters(loader);
  if (with_keys && loader->drafts.count == 0 && !loader->file.organization_refused)
    config_problem(loader->problems, loader->path, 0,
                   "no organization is configured: add a section [organization NAME] with its api_key_file");
}

static void adopt_drafts(struct loader *loader) {
  struct config *config = &loader->whole->config;
  size_t count = (size_t)loader->drafts.count;
  config->organizations = memory_allocate(count * sizeof *config->organizations);
  config->organization_count = loader->drafts.count;
  for (size_t i = 0; i < count; i++) {
    config->organizations[i] = loader->drafts.drafts[i].organization;
    if (config->organizations[i].interval_ms == 0)
      config->organizations[i].interval_ms = config->sync.interval_ms;
  }
}

static void load_file(struct loader *loader, enum config_keys keys) {
  bool every_line = loader->problems->count == 0; /* a misspelt section may have been any */
  loader->whole->config.doubtful.database = loader->whole->config.doubtful.api = !every_line;
  for (int i = 0; i < loader->file.count; i++) {
    if (strcmp(loader->file.entries[i].section, "organization") != 0)
      take(loader, &loader->file.entries[i]);
  }
  config_drafts_read(&loader->file, loader->whole->arena, loader->problems, &loader->drafts);
  if (keys != CONFIG_KEYS_UNREAD)
    config_drafts_read_keys(&loader->drafts, loader->path, loader->whole->arena);
  config_drafts_judge_keys(&loader->drafts, keys == CONFIG_KEYS_NEEDED, loader->problems);
  config_drafts_place_tokens(&loader->drafts, loader->path, loader->whole->arena);
  judge_together(loader, keys != CONFIG_KEYS_UNREAD);
  adopt_drafts(loader);
  memory_free(loader->file.entries);
  memory_free(loader->drafts.drafts);
}

/* No file, but a key in the environment: one organization, and libpq's own variables name the database. */
static void load_environment(struct loader *loader, const char *key, bool with_keys) {
  struct config *config = &loader->whole->config;
  config->database.conninfo = "";
  config->organizations = memory_allocate(sizeof *config->organizations);
  config->organization_count = 1;
  config->organizations[0] =
      (struct config_organization){.name = "default", .interval_ms = config->sync.interval_ms, .enabled = true};
  struct error error;
  if (with_keys && !secret_from_text(slice_of(key), &config->organizations[0].key, &error))
    config_problem(loader->problems, "CLOSE_API_KEY", 0, "could not use the key: %s", error.text);
}

bool config_load(const char *path, enum config_keys keys, struct config **ret_config, struct buffer *problems) {
  struct config *config;
  if (!config_read(path, keys, &config, problems)) {
    config_destroy(config);
    return false;
  }
  *ret_config = config;
  return true;
}

bool config_read(const char *path, enum config_keys keys, struct config **ret_config, struct buffer *problems) {
  struct config_problems told = {.lines = problems};
  struct whole *whole = memory_allocate(sizeof *whole);
  whole->arena = arena_create(ARENA_BYTES_MAX);
  set_presets(whole);
  struct loader loader = {.whole = whole, .problems = &told, .path = path ? path : CONFIG_PATH};
  const char *key = path ? NULL : getenv("CLOSE_API_KEY");
  bool there = true;
  if (config_file_read(loader.path, whole->arena, &told, &loader.file))
    load_file(&loader, keys);
  else if (key && *key)
    load_environment(&loader, key, keys != CONFIG_KEYS_UNREAD);
  else {
    there = false;
    config_problem(&told, loader.path, 0, "there is no such file; %s",
                   path ? "look at the argument of -c" : "write it, name another with -c FILE, or set CLOSE_API_KEY");
  }
  name_member(whole);
  place_oauth(whole);
  if (!there)
    config_destroy(&whole->config);
  *ret_config = there ? &whole->config : NULL;
  return told.count == 0;
}

void config_retry_key(const struct config *config, const struct config_organization *organization) {
  config_read_key(&config->organizations[organization - config->organizations], NULL);
}

void config_destroy(struct config *config) {
  if (!config)
    return;
  struct whole *whole = (struct whole *)config;
  for (int i = 0; i < config->organization_count; i++) {
    secret_destroy(config->organizations[i].key);
    memory_free(config->organizations[i].key_problem);
  }
  memory_free(config->organizations);
  arena_destroy(whole->arena);
  memory_free(whole);
}

const struct config_organization *config_find(const struct config *config, const char *name) {
  for (int i = 0; i < config->organization_count; i++) {
    if (strcmp(config->organizations[i].name, name) == 0)
      return &config->organizations[i];
  }
  return NULL;
}
