#include "base/memory.h"
#include "command/command.h"
#include "sync/round.h"
#include "sync/schema.h"
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* `closesyncd sync`: one sweep of every (or the named) organization, concurrently, then the worst of what happened as exit status. */

struct sync {
  struct app app;
  const struct arguments *arguments;
  const struct config_organization **organizations;
  int count, name_width;
  struct signal_watcher *signals[2];
  struct round *round;
  bool unreachable, failed, guarded;
  int status;
};

static void close_sync(struct sync *sync) {
  sync->round = NULL;
  for (int i = 0; i < 2; i++)
    signal_close(sync->signals[i]);
  app_close(&sync->app);
}

static void print_text(const struct sync *sync, const struct report *report) {
  printf("%-*s  %-10s  %6lld accounts  +%lld ~%lld -%lld", sync->name_width, report->organization,
         outcome_name(report->outcome), (long long)report->accounts, (long long)report->added,
         (long long)report->changed, (long long)report->removed);
  if (report->repaired > 0)
    printf("  %lld repaired", (long long)report->repaired);
  if (report->rejected > 0)
    printf("  %lld rejected", (long long)report->rejected);
  printf("  %d requests  %lld ms\n", report->requests, (long long)report->elapsed_ms);
}

static void on_report(void *context, const struct report *report) {
  struct sync *sync = context;
  struct buffer line;
  sync->unreachable |= report->error.kind == ERROR_UNREACHABLE;
  sync->failed |= report->outcome == OUTCOME_FAILED || report->outcome == OUTCOME_INCOMPLETE;
  sync->guarded |= report->outcome == OUTCOME_GUARDED;
  if (report->error.kind != ERROR_NONE)
    app_complain("%s: %s", report->organization, report->error.text);
  buffer_init(&line, 64 * 1024);
  if (!sync->arguments->json)
    print_text(sync, report);
  else if (report_write_json(report, &line))
    fputs(line.bytes, stdout);
  buffer_finish(&line);
  fflush(stdout);
}

static void on_done(void *context) {
  struct sync *sync = context;
  sync->status = sync->unreachable ? EXIT_UNREACHABLE : sync->failed ? 1 : sync->guarded ? EXIT_GUARDED : 0;
  close_sync(sync);
}

static void on_schema(void *context, const struct schema_state *state, const struct error *error) {
  struct sync *sync = context;
  (void)state;
  if (error != NULL) {
    app_complain("%s", error->text);
    sync->status = app_exit_status(error);
    close_sync(sync);
    return;
  }
  struct round_options options = {.tools = &sync->app.tools,
                                  .organizations = sync->organizations,
                                  .count = sync->count,
                                  .verify = sync->arguments->verify,
                                  .allow_removals = sync->arguments->allow_removals};
  sync->round = round_start(&options, on_report, on_done, sync);
}

static void on_signal(void *context, int number) {
  struct sync *sync = context;
  (void)number;
  if (sync->round != NULL)
    round_stop(sync->round);
}

static void on_session(void *context, bool connected, const struct error *error) {
  struct sync *sync = context;
  (void)error;
  if (!connected && sync->round != NULL)
    round_lock_lost(sync->round);
}

static bool may_allow_removals(const struct sync *sync) {
  const struct arguments *arguments = sync->arguments;
  if (!arguments->allow_removals || arguments->name_count > 0 || sync->app.config->organization_count == 1)
    return true;
  app_complain("--allow-removals needs the NAME of each organization it is for, because more than one is configured");
  return false;
}

static void start(struct sync *sync) {
  struct app *app = &sync->app;
  for (int i = 0; i < sync->count; i++)
    if ((int)strlen(sync->organizations[i]->name) > sync->name_width)
      sync->name_width = (int)strlen(sync->organizations[i]->name);
  sync->signals[0] = signal_watch(app->loop, SIGINT, on_signal, sync);
  sync->signals[1] = signal_watch(app->loop, SIGTERM, on_signal, sync);
  db_on_state(app->tools.watch, on_session, sync);
  struct schema_options options = {
      .loop = app->loop, .db = app->tools.write, .schema = app->config->database.schema, .mode = SCHEMA_APPLY};
  schema_start(&options, on_schema, sync);
}

int command_sync(const struct arguments *arguments) {
  struct sync sync = {.arguments = arguments};
  int status = app_open(arguments, &(struct app_needs){.keys = true}, &sync.app);
  if (status != 0)
    return status;
  sync.organizations = app_select(&sync.app, arguments, &sync.count, &sync.status);
  if (sync.organizations == NULL) {
    app_close(&sync.app);
  } else if (!may_allow_removals(&sync)) {
    sync.status = EXIT_USAGE;
    app_close(&sync.app);
  } else {
    start(&sync);
  }
  app_run(&sync.app);
  memory_free(sync.organizations);
  return sync.status;
}
