#include "schedule/generation.h"
#include "base/memory.h"
#include <string.h>

static void digest(const struct config *config, unsigned char ret_digest[HASH_BYTES]) {
  if (config->fleet.enabled)
    config_digest(config, ret_digest);
}

struct generation *generation_first(struct app *app) {
  struct generation *generation = memory_allocate(sizeof *generation);
  *generation =
      (struct generation){.shared = app->shared, .config = app->config, .connections = app->connections, .holders = 1};
  digest(generation->config, generation->digest);
  app->config = NULL;
  app->connections = NULL;
  app->shared.reader = NULL;
  return generation;
}

static void log_problems(struct log *log, const char *problems) {
  for (const char *at = problems; at != NULL && *at != '\0';) {
    size_t length = strcspn(at, "\n");
    log_event(log, LOG_EVENT_RELOAD_REFUSED, LOG_LEVEL_ERROR, "the old configuration stays in force: %.*s", (int)length,
              at);
    at += length + (at[length] == '\n' ? 1 : 0);
  }
}

static bool any_enabled(const struct config *config) {
  for (int i = 0; i < config->organization_count; i++)
    if (config->organizations[i].enabled)
      return true;
  return false;
}

/* ---- reading ---- */

struct generation_loading {
  struct errand *errand;
  char *path; /* NULL: the usual one */
  bool good;
  struct config *config;
  unsigned char digest[HASH_BYTES];
  struct buffer problems;
  struct app *app; /* for the loop alone, as is the rest */
  const struct generation *before;
  generation_loaded_fn *loaded;
  void *context;
};

static void read_config(void *work) {
  struct generation_loading *loading = work;
  buffer_clear(&loading->problems);
  loading->good = config_load(loading->path, CONFIG_KEYS_WANTED, &loading->config, &loading->problems);
  if (loading->good)
    digest(loading->config, loading->digest);
}

static bool is_usable(const struct generation_loading *loading) {
  if (!loading->good)
    log_problems(loading->app->log, loading->problems.bytes);
  else if (!any_enabled(loading->config))
    log_problems(loading->app->log, "no organization is enabled");
  return loading->good && any_enabled(loading->config);
}

static struct connections *find_connections(struct app *app, const struct config *config,
                                            const struct generation *before) {
  struct error error = {0};
  if (connections_serve_both(before->config, config)) {
    before->connections->users++;
    return before->connections;
  }
  struct connections *connections = connections_open(app->loop, config, true, &error);
  if (connections == NULL)
    log_problems(app->log, error.text);
  return connections;
}

/* NULL: the connections cannot be opened. */
static struct generation *follow(struct app *app, struct config *config, const struct generation *before) {
  struct connections *connections = find_connections(app, config, before);
  if (connections == NULL)
    return NULL;
  struct generation *generation = memory_allocate(sizeof *generation);
  *generation =
      (struct generation){.shared = before->shared, .config = config, .connections = connections, .holders = 1};
  generation->shared.reader =
      account_reader_create(config->sync.volatile_fields.names, config->sync.volatile_fields.count);
  account_reader_keep(generation->shared.reader, config->sync.fields.asked.names, config->sync.fields.asked.count);
  generation->shared.config = config;
  connections_equip(connections, &generation->shared);
  return generation;
}

static void on_read(void *work) {
  struct generation_loading *loading = work;
  struct generation *generation = is_usable(loading) ? follow(loading->app, loading->config, loading->before) : NULL;
  if (generation != NULL) {
    memcpy(generation->digest, loading->digest, HASH_BYTES);
    loading->config = NULL;
  }
  loading->loaded(loading->context, generation);
}

static void release_loading(void *work) {
  struct generation_loading *loading = work;
  config_destroy(loading->config);
  buffer_finish(&loading->problems);
  memory_free(loading->path);
  memory_free(loading);
}

struct generation_loading *generation_load(struct app *app, const struct arguments *arguments,
                                           const struct generation *before, generation_loaded_fn *loaded,
                                           void *context) {
  static const struct errand_kind kind = {read_config, on_read, release_loading};
  struct generation_loading *loading = memory_allocate(sizeof *loading);
  *loading = (struct generation_loading){
      .path = arguments->config_path == NULL ? NULL : memory_copy_text(arguments->config_path),
      .app = app,
      .before = before,
      .loaded = loaded,
      .context = context};
  buffer_init(&loading->problems, 1024 * 1024);
  buffer_append_text(&loading->problems, "no thread to read the configuration on");
  loading->errand = errand_start(app->loop, &kind, loading);
  return loading;
}

void generation_load_abandon(struct generation_loading *loading) {
  if (loading != NULL)
    errand_abandon(loading->errand);
}

/* ---- holding ---- */

struct generation *generation_hold(struct generation *generation) {
  generation->holders++;
  return generation;
}

void generation_release(struct generation *generation) {
  if (generation == NULL || --generation->holders > 0)
    return;
  connections_leave(generation->connections);
  account_reader_destroy(generation->shared.reader);
  config_destroy(generation->config);
  memory_free(generation);
}
