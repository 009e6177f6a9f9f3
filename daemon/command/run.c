/* `closesyncd run`: the daemon. Starts in one visible order and stops in the reverse one; in between it only passes events on: signals,
 * notifications and requests to the scheduler, what the scheduler knows to systemd and to whoever asks over HTTP. */
#include "base/memory.h"
#include "command/command.h"
#include "io/service.h"
#include "monitor/elsewhere.h"
#include "monitor/endpoint.h"
#include "monitor/page/page.h"
#include "monitor/ready.h"
#include "monitor/routes.h"
#include "schedule/generation.h"
#include "schedule/scheduler.h"
#include <signal.h>
#include <string.h>
#include <time.h>

enum {
  READY_AT_LATEST_MS = 30 * 1000,
  STOP_PATIENCE_MS = 4 * 1000, /* of the 5 s a stop may take */
  STOP_INSIST_MS = 100,
  STATUS_EVERY_MS = 5 * 1000,
  STATUS_SOON_MS = 50,
  KNOWN_AT_LATEST_MS = 2 * 1000,
  SIGNALS = 4,
};

struct run {
  const struct arguments *arguments;
  struct app app; /* loop, log, random, rate limits; its configuration and services belong to the first generation */
  struct generation *generation;
  struct scheduler *scheduler;
  struct service *service;
  struct endpoint *endpoint;
  struct page *page;
  struct routes routes;
  struct health health; /* as it was told last */
  struct signal_watcher *signals[SIGNALS];
  struct timer *ready_timer, *status_timer, *stop_timer, *known_timer;
  struct generation_loading *loading; /* a reload is being read; or NULL */
  bool ready, stopping, stopped, telling_soon, reload_refused;
  bool reloading, adopting, reload_again; /* a configuration is read, takes its place; another SIGHUP came meanwhile */
  int64_t told_in_ms;                     /* what it took to tell systemd last */
  int64_t reloaded_s;                     /* wall clock: when the configuration in force was read */
  int status;
};

static void tell_status(struct run *run) {
  const struct health *health = scheduler_health(run->scheduler);
  int64_t accounts = 0;
  int late = 0;
  for (int i = 0; i < health->organization_count; i++) {
    const struct health_organization *organization = health->organizations[i];
    accounts += health_accounts(organization);
    late += health_is_late(health, organization) ? 1 : 0;
  }
  service_status(run->service,
                 "%d organizations, %lld accounts; %d without success for 3 intervals; the database is %s",
                 health->organization_count, (long long)accounts, late, health->database_up ? "there" : "away");
}

static void on_status(void *context) {
  struct run *run = context;
  int64_t began_ms = loop_now_ms(run->app.loop);
  run->telling_soon = false;
  tell_status(run);
  run->told_in_ms = loop_now_ms(run->app.loop) - began_ms;
  timer_start(run->status_timer, STATUS_EVERY_MS);
}

/* At once for who looks, but not for each of a thousand sweeps; and a twentieth of the time is enough to count many organizations. */
static void on_changed(void *context) {
  struct run *run = context;
  if (!run->ready || run->stopping || run->telling_soon)
    return;
  run->telling_soon = true;
  timer_start(run->status_timer, STATUS_SOON_MS + 20 * run->told_in_ms);
}

static void become_ready(void *context) {
  struct run *run = context;
  if (run->ready || run->stopping)
    return;
  run->ready = true;
  timer_stop(run->ready_timer);
  log_event(run->app.log, LOG_EVENT_RUNNING, LOG_LEVEL_INFO, "running organizations=%d",
            scheduler_health(run->scheduler)->organization_count);
  service_ready(run->service);
  tell_status(run);
}

/* ---- the end ---- */

static void finish(struct run *run) {
  if (run->stopped)
    return;
  run->stopped = true;
  for (int i = 0; i < SIGNALS; i++)
    signal_close(run->signals[i]);
  timer_close(run->ready_timer);
  timer_close(run->status_timer);
  timer_close(run->stop_timer);
  timer_close(run->known_timer);
  endpoint_destroy(run->endpoint);
  page_destroy(run->page);
  scheduler_destroy(run->scheduler);
  service_destroy(run->service);
  generation_release(run->generation);
  app_close(&run->app);
}

/* Also brings the end: it must not come from inside the scheduler. */
static void on_stop_timer(void *context) {
  struct run *run = context;
  if (run->stopped)
    return;
  scheduler_abandon(run->scheduler);
  timer_start(run->stop_timer, STOP_INSIST_MS);
}

/* A hundred thousand organizations are not ended in one turn. */
static void on_finish(void *context) {
  struct run *run = context;
  if (scheduler_clear(run->scheduler))
    finish(run);
  else
    timer_start(run->stop_timer, 0);
}

static void on_stopped(void *context) {
  struct run *run = context;
  timer_close(run->stop_timer);
  endpoint_destroy(run->endpoint); /* what it would tell is no more */
  run->endpoint = NULL;
  run->stop_timer = timer_open(run->app.loop, on_finish, run);
  timer_start(run->stop_timer, 0);
}

static void stop(struct run *run) {
  if (run->stopping)
    return;
  run->stopping = true;
  log_event(run->app.log, LOG_EVENT_STOPPING, LOG_LEVEL_INFO, "stopping");
  service_stopping(run->service);
  timer_start(run->stop_timer, STOP_PATIENCE_MS);
  generation_load_abandon(run->loading);
  run->loading = NULL;
  scheduler_stop(run->scheduler);
  tokens_stop(run->app.tokens);
}

static void on_refused(void *context, const struct error *error) {
  struct run *run = context;
  log_write(run->app.log, LOG_LEVEL_ERROR, "%s", error->text);
  run->status = app_exit_status(error);
  stop(run);
}

/* ---- what happens in between ---- */

static void on_listening(void *context, const struct error *error) {
  struct run *run = context;
  if (error != NULL && error->kind != ERROR_CANCELLED && error->kind != ERROR_UNREACHABLE)
    log_write(run->app.log, LOG_LEVEL_WARNING, "could not listen for request_sync(): %s", error->text);
}

/* Of the session that holds the locks; a reload that asks for another database brings another one. */
static void on_session(void *context, bool connected, const struct error *error) {
  const struct connections *connections = context;
  struct run *run = connections->owner;
  struct db_statement listen = {.sql = "listen closesyncd"};
  if (run->stopped || run->scheduler == NULL)
    return;
  if (connected)
    db_query(connections->watch, &listen, NULL, on_listening, run);
  else
    scheduler_lock_lost(run->scheduler, connections->watch, error);
}

/* "schema/NAME", or "schema/" for all. */
static void on_notification(void *context, const char *channel, const char *payload) {
  const struct connections *connections = context;
  struct run *run = connections->owner;
  const char *slash = strrchr(payload, '/'), *schema = run->generation->config->database.schema;
  size_t length = slash == NULL ? 0 : (size_t)(slash - payload);
  (void)channel;
  if (run->stopping || slash == NULL || strlen(schema) != length || memcmp(payload, schema, length) != 0)
    return;
  if (connections == run->generation->connections)
    scheduler_request(run->scheduler, slash[1] == '\0' ? NULL : slash + 1);
}

static void listen_to(struct run *run, struct connections *connections) {
  connections->owner = run;
  db_on_state(connections->watch, on_session, connections);
  db_on_notify(connections->watch, on_notification, connections);
}

/* A person has authorized. */
static void on_token_changed(void *context, const char *name) {
  struct run *run = context;
  log_write(run->app.log, LOG_LEVEL_INFO, "the token file is another one now organization=%s", name);
  scheduler_request(run->scheduler, name);
}

/* ---- over HTTP ---- */

static const struct health *tell_health(void *context, bool scraped) {
  struct run *run = context;
  run->health = *scheduler_health(run->scheduler);
  run->health.longest_turn_us = scraped ? loop_longest_turn_us(run->app.loop) : -1;
  run->health.reload_refused = run->reload_refused;
  run->health.reloaded_s = run->reloaded_s;
  return &run->health;
}

/* One that is configured and enabled, and not swept here. */
static bool tell_elsewhere(void *context, const char *organization, struct serve_reply *reply) {
  struct run *run = context;
  const struct config_organization *configured = config_find(run->generation->config, organization);
  const struct health *health = scheduler_health(run->scheduler);
  if (configured == NULL || !configured->enabled)
    return false;
  if (health->database_up) {
    elsewhere_answer(run->generation->shared.watch, organization, reply);
  } else {
    reply->status = 503;
    reply->content_type = "application/json";
    ready_write_other(&reply->body, organization, "the database is away", -1, health->database_error);
  }
  return true;
}

static bool answer(void *context, const struct serve_request *request, struct serve_reply *reply) {
  struct run *run = context;
  run->routes = (struct routes){.health = tell_health,
                                .elsewhere = tell_elsewhere,
                                .context = run,
                                .totals = !run->generation->config->http.metrics_per_organization};
  return page_answer(run->page, request, reply) || routes_answer(&run->routes, request, reply);
}

/* A restarted daemon tells what the database knows from its first answer on. */
static void on_known(void *context) {
  struct run *run = context;
  if (run->stopping)
    return;
  timer_stop(run->known_timer);
  endpoint_answer(run->endpoint);
}

static void reload(struct run *run);

/* Well or not. */
static void end_reload(struct run *run) {
  if (run->reloading && !run->stopping)
    service_ready(run->service);
  run->reloading = false;
  if (run->reload_again && !run->stopping)
    reload(run);
}

static void on_adopted(void *context) {
  struct run *run = context;
  run->adopting = false;
  if (run->reloading)
    log_event(run->app.log, LOG_EVENT_RELOADED, LOG_LEVEL_INFO, "the new configuration is in force");
  end_reload(run);
}

static void on_loaded(void *context, struct generation *after) {
  struct run *run = context;
  struct generation *before = run->generation;
  struct error error = {0};
  run->loading = NULL;
  if (after != NULL && !endpoint_move(run->endpoint, after->config->http.listen, &error)) {
    log_event(run->app.log, LOG_EVENT_RELOAD_REFUSED, LOG_LEVEL_ERROR, "the old configuration stays in force: %s",
              error.text);
    generation_release(after);
    after = NULL;
  }
  run->reload_refused = after == NULL;
  if (after == NULL) {
    end_reload(run);
    return;
  }
  if (before->connections != after->connections)
    listen_to(run, after->connections);
  run->generation = after;
  run->reloaded_s = time(NULL);
  run->adopting = true;
  app_adopt(&run->app, after->config, after->shared.request_queue);
  app_configure_log(run->app.log, run->arguments, after->config);
  scheduler_configure(run->scheduler, after);
  page_use(run->page, after->config);
  generation_release(before);
}

/* SIGHUP: everything anew, or nothing. */
static void reload(struct run *run) {
  run->reload_again = run->reloading || run->adopting;
  if (run->reload_again)
    return;
  run->reloading = true;
  service_reloading(run->service);
  run->loading = generation_load(&run->app, run->arguments, run->generation, on_loaded, run);
}

static void on_signal(void *context, int number) {
  struct run *run = context;
  if (run->stopping)
    return;
  if (number == SIGHUP)
    reload(run);
  else if (number == SIGUSR1)
    scheduler_request(run->scheduler, NULL);
  else
    stop(run);
}

/* ---- the beginning ---- */

static void begin(struct run *run) {
  static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
  struct scheduler_options options = {.shared = &run->app.shared,
                                      .attempted = become_ready,
                                      .known = on_known,
                                      .refused = on_refused,
                                      .adopted = on_adopted,
                                      .changed = on_changed,
                                      .stopped = on_stopped,
                                      .context = run};
  for (int i = 0; i < SIGNALS; i++)
    run->signals[i] = signal_watch(run->app.loop, numbers[i], on_signal, run);
  run->ready_timer = timer_open(run->app.loop, become_ready, run);
  run->status_timer = timer_open(run->app.loop, on_status, run);
  run->stop_timer = timer_open(run->app.loop, on_stop_timer, run);
  run->known_timer = timer_open(run->app.loop, on_known, run);
  listen_to(run, run->generation->connections);
  run->adopting = true;
  run->scheduler = scheduler_create(&options, run->generation);
  tokens_watch(run->app.tokens, on_token_changed, run);
  timer_start(run->ready_timer, READY_AT_LATEST_MS);
  timer_start(run->status_timer, STATUS_EVERY_MS);
  timer_start(run->known_timer, KNOWN_AT_LATEST_MS);
}

int command_run(const struct arguments *arguments) {
  struct run run = {.arguments = arguments};
  struct error error = {0};
  int count, status = app_open(arguments, &(struct app_needs){.keys = CONFIG_KEYS_WANTED}, &run.app);
  if (status != 0)
    return status;
  const struct config_organization **organizations = app_select(&run.app, arguments, &count, &run.status);
  memory_free(organizations);
  run.generation = generation_first(&run.app);
  run.reloaded_s = time(NULL);
  run.page = page_create(run.app.loop, run.generation->config, tell_health, &run);
  run.endpoint = endpoint_create(&(struct endpoint_options){
      .loop = run.app.loop, .log = run.app.log, .answer = answer, .context = &run, .hint = ROUTES_HINT});
  if (run.status == 0 && !endpoint_open(run.endpoint, run.generation->config->http.listen, &error)) {
    log_write(run.app.log, LOG_LEVEL_ERROR, "%s", error.text);
    run.status = app_exit_status(&error);
  }
  if (run.status == 0) {
    run.service = service_create(run.app.loop);
    begin(&run);
  } else {
    finish(&run);
  }
  app_run(&run.app);
  return run.status;
}
