/* One visible order of starting, and its reverse. It promises that no core dump holds a key, and that a loop that is not empty at the
 * end is told as the bug it is. */
#include "app.h"
#include "base/memory.h"
#include "base/nearest.h"
#include "io/journal.h"
#include "sweep/way_in.h"
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* journald's, of an error; a line without one is told as news. */
static const char *priority(void) { return journal_is_stderr() ? "<3>" : ""; }

void app_complain(const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int wanted = vsnprintf(NULL, 0, format, arguments);
  size_t length = wanted > 0 ? (size_t)wanted : 0;
  char *said = memory_allocate(length + 1);
  vsnprintf(said, length + 1, format, again);
  struct buffer clean; /* what Close or the database said may be in it */
  buffer_init(&clean, length);
  if (text_append_clean(&clean, (struct slice){.bytes = said, .length = length}))
    fprintf(stderr, "%sclosesyncd: %s\n", priority(), clean.bytes == NULL ? "" : clean.bytes);
  buffer_finish(&clean);
  memory_free(said);
  va_end(again);
  va_end(arguments);
}

enum { PATIENCE_MS = 24 * 60 * 60 * 1000 };

int app_exit_status(const struct error *error) {
  if (error == NULL)
    return 0;
  return error->kind == ERROR_CONFIG ? EXIT_CONFIG : error->kind == ERROR_UNREACHABLE ? EXIT_UNREACHABLE : 1;
}

static void forbid_core_dumps(void) {
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* A line each. */
static void print_problems(const char *problems) {
  for (const char *at = problems; *at != '\0'; at += strcspn(at, "\n") + 1)
    fprintf(stderr, "%s%.*s\n", priority(), (int)strcspn(at, "\n"), at);
}

static int read_config(const struct arguments *arguments, const struct app_needs *needs, struct app *app) {
  struct buffer problems;
  if (needs->problems != NULL) {
    bool understood = config_read(arguments->config_path, needs->keys, &app->config, needs->problems);
    return understood || app->config != NULL ? 0 : EXIT_CONFIG;
  }
  buffer_init(&problems, 1024 * 1024);
  bool good = config_load(arguments->config_path, needs->keys, &app->config, &problems);
  if (!good)
    print_problems(problems.bytes == NULL ? "closesyncd: the configuration could not be read\n" : problems.bytes);
  buffer_finish(&problems);
  return good ? 0 : EXIT_CONFIG;
}

void app_configure_log(struct log *log, const struct arguments *arguments, const struct config *config) {
  log_set_level(log, arguments->verbose ? LOG_LEVEL_DEBUG : config->log_level);
  log_set_format(log, config->log_format);
}

int app_open(const struct arguments *arguments, const struct app_needs *needs, struct app *ret_app) {
  struct app *app = ret_app;
  struct error error = {0};
  *app = (struct app){0};
  forbid_core_dumps();
  int status = read_config(arguments, needs, app);
  if (status != 0)
    return status;
  if (needs->patient)
    app->config->database.statement_timeout_ms = PATIENCE_MS;
  bool journal = journal_is_stderr();
  app->log = log_create(stderr, LOG_LEVEL_INFO, journal);
  log_set_sink(app->log, journal ? journal_send : NULL);
  app_configure_log(app->log, arguments, app->config);
  app->loop = loop_create();
  random_seed_system(&app->random);
  bool asks = needs->keys != CONFIG_KEYS_UNREAD && !app->config->doubtful.api;
  app->connections = connections_open(app->loop, app->config, asks, &error);
  if (app->connections == NULL && needs->problems != NULL && buffer_append_format(needs->problems, "%s\n", error.text))
    app->connections = connections_open(app->loop, app->config, false, &error);
  if (app->connections == NULL) {
    app_complain("%s", error.text);
    app_run(app);
    return EXIT_CONFIG;
  }
  app->tokens = tokens_create(app->loop, app->log);
  app->shared = (struct sweep_context){.loop = app->loop,
                                       .config = app->config,
                                       .log = app->log,
                                       .random = &app->random,
                                       .rate_limits = rate_limits_create(),
                                       .tokens = app->tokens,
                                       .reader = account_reader_create(app->config->sync.volatile_fields.names,
                                                                       app->config->sync.volatile_fields.count)};
  account_reader_keep(app->shared.reader, app->config->sync.fields.asked.names, app->config->sync.fields.asked.count);
  connections_equip(app->connections, &app->shared);
  app_adopt(app, app->config, app->shared.request_queue);
  return 0;
}

void app_adopt(struct app *app, const struct config *config, struct request_queue *queue) {
  tokens_use(app->tokens, queue);
  way_in_adopt(app->tokens, config);
}

void app_close(struct app *app) {
  tokens_close(app->tokens);
  connections_leave(app->connections);
  app->connections = NULL;
}

void app_run(struct app *app) {
  loop_run(app->loop);
  log_write(app->log, LOG_LEVEL_DEBUG, "the loop has ended longest_turn_us=%lld",
            (long long)loop_longest_turn_us(app->loop));
  if (!loop_destroy(app->loop))
    log_write(app->log, LOG_LEVEL_ERROR, "bug: the event loop was not empty at the end; please report it");
  account_reader_destroy(app->shared.reader);
  rate_limits_destroy(app->shared.rate_limits);
  tokens_destroy(app->tokens);
  log_destroy(app->log);
  config_destroy(app->config);
}

static const char *name_at(const void *context, size_t index) {
  const struct config *config = context;
  return index < (size_t)config->organization_count ? config->organizations[index].name : NULL;
}

void app_complain_name(const struct config *config, const char *name, const char *where) {
  const char *nearest = nearest_word(name, name_at, config);
  if (nearest != NULL)
    app_complain("no organization \"%s\" is %s: the nearest is \"%s\"", name, where, nearest);
  else
    app_complain("no organization \"%s\" is %s: see the sections [organization NAME]", name, where);
}

static const struct config_organization *find_enabled(const struct app *app, const char *name, int *ret_status) {
  const struct config_organization *organization = config_find(app->config, name);
  if (organization != NULL && organization->enabled)
    return organization;
  *ret_status = EXIT_USAGE;
  if (organization == NULL)
    app_complain_name(app->config, name, "configured");
  else
    app_complain("the organization \"%s\" is disabled: set enabled = yes in its section", name);
  return NULL;
}

static bool is_selected(const struct config_organization **selected, int count, const struct config_organization *one) {
  for (int i = 0; i < count; i++)
    if (selected[i] == one)
      return true;
  return false;
}

const char app_roles_preset[] = "closesync";
const char app_nobody_enabled[] = "no organization is enabled: set enabled = yes in a section [organization NAME]";

const struct config_organization **app_select(const struct app *app, const struct arguments *arguments, int *ret_count,
                                              int *ret_status) {
  const struct config *config = app->config;
  const struct config_organization **selected =
      memory_allocate(sizeof *selected * ((size_t)config->organization_count + (size_t)arguments->name_count + 1));
  *ret_count = 0;
  *ret_status = 0;
  for (int i = 0; i < arguments->name_count; i++) {
    const struct config_organization *one = find_enabled(app, arguments->names[i], ret_status);
    if (one != NULL && !is_selected(selected, *ret_count, one))
      selected[(*ret_count)++] = one;
  }
  for (int i = 0; arguments->name_count == 0 && i < config->organization_count; i++)
    if (config->organizations[i].enabled)
      selected[(*ret_count)++] = &config->organizations[i];
  if (*ret_status == 0 && *ret_count == 0) {
    app_complain("%s", app_nobody_enabled);
    *ret_status = EXIT_CONFIG;
  }
  if (*ret_status == 0)
    return selected;
  memory_free(selected);
  return NULL;
}
