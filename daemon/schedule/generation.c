#include "schedule/generation.h"
#include "base/memory.h"
#include <string.h>

struct generation *generation_first(struct app *app) {
  struct generation *generation = memory_allocate(sizeof *generation);
  *generation = (struct generation){
      .era = {.tools = app->tools}, .config = app->config, .services = app->services, .reader = app->tools.reader};
  app->config = NULL;
  app->services = NULL;
  app->tools.reader = NULL;
  return generation;
}

static void log_problems(struct log *log, const char *problems) {
  for (const char *at = problems; at != NULL && *at != '\0';) {
    size_t length = strcspn(at, "\n");
    log_write(log, LOG_LEVEL_ERROR, "the old configuration stays in force: %.*s", (int)length, at);
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
  if (!config_load(arguments->config_path, true, &config, &problems)) {
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

static struct services *find_services(struct app *app, const struct config *config, const struct generation *before) {
  struct error error = {0};
  if (services_serve_both(before->config, config)) {
    before->services->users++;
    return before->services;
  }
  struct services *services = services_open(app->loop, config, true, &error);
  if (services == NULL)
    log_problems(app->log, error.text);
  return services;
}

struct generation *generation_load(struct app *app, const struct arguments *arguments,
                                   const struct generation *before) {
  struct config *config = read_config(app, arguments);
  struct services *services = config == NULL ? NULL : find_services(app, config, before);
  if (services == NULL) {
    config_destroy(config);
    return NULL;
  }
  struct generation *generation = memory_allocate(sizeof *generation);
  *generation = (struct generation){.config = config, .services = services};
  generation->reader = account_reader_create(config->sync.volatile_fields, config->sync.volatile_count);
  generation->era.tools = before->era.tools;
  generation->era.tools.config = config;
  generation->era.tools.reader = generation->reader;
  services_equip(services, &generation->era.tools);
  return generation;
}

void generation_leave(struct generation *generation) {
  if (generation == NULL)
    return;
  services_leave(generation->services);
  account_reader_destroy(generation->reader);
  config_destroy(generation->config);
  memory_free(generation);
}

struct generation *generation_of(struct era *era) {
  return (struct generation *)era;
}
