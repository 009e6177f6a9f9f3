#include "schedule/generation.h"
#include "base/memory.h"
#include <string.h>

struct generation *generation_first(struct app *app) {
  struct generation *generation = memory_allocate(sizeof *generation);
  *generation = (struct generation){.shared = app->shared,
                                    .config = app->config,
                                    .connections = app->connections,
                                    .reader = app->shared.reader,
                                    .holders = 1};
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

static struct config *read_config(struct app *app, const struct arguments *arguments) {
  struct buffer problems;
  struct config *config = NULL;
  buffer_init(&problems, 1024 * 1024);
  if (!config_load(arguments->config_path, CONFIG_KEYS_WANTED, &config, &problems)) {
    log_problems(app->log, problems.bytes);
    config = NULL;
  } else if (!any_enabled(config)) {
    log_problems(app->log, "no organization is enabled");
    config_destroy(config);
    config = NULL;
  }
  buffer_finish(&problems);
  return config;
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

struct generation *generation_load(struct app *app, const struct arguments *arguments,
                                   const struct generation *before) {
  struct config *config = read_config(app, arguments);
  struct connections *connections = config == NULL ? NULL : find_connections(app, config, before);
  if (connections == NULL) {
    config_destroy(config);
    return NULL;
  }
  struct generation *generation = memory_allocate(sizeof *generation);
  *generation =
      (struct generation){.shared = before->shared, .config = config, .connections = connections, .holders = 1};
  generation->reader = account_reader_create(config->sync.volatile_fields, config->sync.volatile_count);
  account_reader_keep(generation->reader, config->sync.asked_fields, config->sync.asked_count);
  generation->shared.config = config;
  generation->shared.reader = generation->reader;
  connections_equip(connections, &generation->shared);
  return generation;
}

struct generation *generation_hold(struct generation *generation) {
  generation->holders++;
  return generation;
}

void generation_release(struct generation *generation) {
  if (generation == NULL || --generation->holders > 0)
    return;
  connections_leave(generation->connections);
  account_reader_destroy(generation->reader);
  config_destroy(generation->config);
  memory_free(generation);
}
