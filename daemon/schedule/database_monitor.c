/* One view of the database for all organizations. It promises that a thousand organizations which all lose the same database log one
 * line, not a thousand, and that none of them hammers it. */
#include "schedule/database_monitor.h"
#include "base/memory.h"
#include "base/moment.h"
#include "sql/embedded.h"
#include "sweep/connections.h"
#include <stdio.h>
#include <string.h>

enum { PAUSE_FIRST_MS = 500, PAUSE_LAST_MS = 15 * 1000, SKEW_TOLERATED_US = 60 * 1000 * 1000 };

struct database_monitor {
  struct database_monitor_options options;
  const struct sweep_context *shared;
  struct timer *timer;
  struct log_throttle away, trouble, skew;
  bool open, probing, read_only, first_told, stopped, doomed;
  int turn, probed_turn; /* counted: of the database that is meant, and of the one that is being probed */
  int next_session;
  int64_t since_ms, pause_ms;
  char error[ERROR_TEXT_BYTES], refusal[ERROR_TEXT_BYTES];
};

static int64_t now_ms(const struct database_monitor *monitor) { return loop_now_ms(monitor->shared->loop); }

static void say_away(struct database_monitor *monitor, const struct error *error) {
  char note[LOG_THROTTLE_NOTE_BYTES];
  snprintf(monitor->error, sizeof monitor->error, "%s", error->text);
  if (log_throttle_failed(&monitor->away, now_ms(monitor), "", note)) /* one outage has many texts, and is one outage */
    log_event(monitor->shared->log, LOG_EVENT_DATABASE_AWAY, LOG_LEVEL_ERROR, "could not use the database: %s%s",
              error->text, note);
}

static void say_back(struct database_monitor *monitor) {
  char note[LOG_THROTTLE_NOTE_BYTES];
  if (log_throttle_over(&monitor->away, now_ms(monitor), note))
    log_event(monitor->shared->log, LOG_EVENT_DATABASE_BACK, LOG_LEVEL_WARNING, "the database is back %s", note);
}

static void close_access(struct database_monitor *monitor) {
  if (!monitor->open)
    return;
  monitor->open = false;
  if (now_ms(monitor) - monitor->since_ms >
      PAUSE_LAST_MS) /* one that goes as soon as it came is asked ever less often */
    monitor->pause_ms = 0;
  monitor->since_ms = now_ms(monitor);
}

static void probe_later(struct database_monitor *monitor) {
  monitor->pause_ms = monitor->pause_ms == 0 ? PAUSE_FIRST_MS : monitor->pause_ms * 2;
  if (monitor->pause_ms > PAUSE_LAST_MS)
    monitor->pause_ms = PAUSE_LAST_MS;
  timer_start(monitor->timer, random_between(monitor->shared->random, monitor->pause_ms / 2, monitor->pause_ms));
}

/* A server that only reads may have a brother that writes: a new connection looks for it (target_session_attrs). */
static void drop_sessions(const struct database_monitor *monitor) {
  connections_drop_sessions(monitor->shared, "the server is read-only");
}

static bool goes_on(const struct database_monitor *monitor) {
  return !monitor->doomed && !monitor->stopped && monitor->probed_turn == monitor->turn;
}

static void open_access(struct database_monitor *monitor) {
  monitor->open = true;
  monitor->since_ms = now_ms(monitor);
  say_back(monitor);
  monitor->options.opened(monitor->options.context);
}

static void end_probe(struct database_monitor *monitor, const struct error *error) {
  bool first = !monitor->first_told;
  monitor->probing = false;
  if (monitor->doomed) {
    timer_close(monitor->timer);
    memory_free(monitor);
    return;
  }
  if (monitor->stopped)
    return;
  if (monitor->probed_turn != monitor->turn) { /* what it said is no longer asked */
    timer_start(monitor->timer, 0);
    return;
  }
  monitor->first_told = true;
  if (error != NULL)
    say_away(monitor, error);
  if (first)
    monitor->options.first(monitor->options.context, error);
  if (monitor->stopped)
    return;
  if (error == NULL)
    open_access(monitor);
  else
    probe_later(monitor);
}

static void on_ready_row(void *context, const struct db_row *row) {
  struct database_monitor *monitor = context;
  monitor->read_only = db_row_bool(row, 0);
}

static void ask_session(struct database_monitor *monitor);

static void on_ready(void *context, const struct error *error) {
  struct database_monitor *monitor = context;
  struct error refusal;
  bool more = error == NULL && goes_on(monitor);
  if (more && monitor->read_only) {
    error_set(&refusal, ERROR_UNREACHABLE, "the server is read-only");
    drop_sessions(monitor);
    end_probe(monitor, &refusal);
  } else if (more && monitor->next_session <= monitor->shared->writer_count) {
    ask_session(monitor);
  } else {
    end_probe(monitor, error);
  }
}

/* All sessions: it is of no use when one of them finds no room. */
static void ask_session(struct database_monitor *monitor) {
  int number = monitor->next_session++;
  struct db *db = number == 0 ? monitor->shared->watch : monitor->shared->writers[number - 1];
  struct db_statement ready = {.sql = sql_query_ready, .prepare = true};
  monitor->read_only = false;
  db_query(db, &ready, on_ready_row, on_ready, monitor);
}

static void on_schema(void *context, const struct schema_state *state, const struct error *error) {
  struct database_monitor *monitor = context;
  (void)state;
  if (error != NULL || !goes_on(monitor))
    end_probe(monitor, error);
  else
    ask_session(monitor);
}

static void probe(void *context) {
  struct database_monitor *monitor = context;
  if (monitor->probing || monitor->stopped)
    return;
  struct schema_options options = {
      .db = monitor->shared->write, .schema = monitor->shared->config->database.schema, .mode = SCHEMA_APPLY};
  monitor->probing = true;
  monitor->probed_turn = monitor->turn;
  monitor->next_session = 0;
  schema_start(&options, on_schema, monitor);
}

struct database_monitor *database_monitor_create(const struct sweep_context *shared,
                                                 const struct database_monitor_options *options) {
  struct database_monitor *monitor = memory_allocate(sizeof *monitor);
  *monitor = (struct database_monitor){.options = *options, .shared = shared, .error = "it has not answered yet"};
  monitor->since_ms = now_ms(monitor);
  monitor->timer = timer_open(shared->loop, probe, monitor);
  return monitor;
}

void database_monitor_destroy(struct database_monitor *monitor) {
  if (monitor == NULL)
    return;
  monitor->stopped = monitor->doomed = true;
  timer_stop(monitor->timer);
  if (!monitor->probing) /* else its completion frees */
    end_probe(monitor, NULL);
}

void database_monitor_start(struct database_monitor *monitor) { timer_start(monitor->timer, 0); }

void database_monitor_use(struct database_monitor *monitor, const struct sweep_context *shared) {
  bool another = monitor->shared->watch != shared->watch;
  monitor->shared = shared;
  if (!another)
    return;
  close_access(monitor);
  monitor->turn++;
  monitor->pause_ms = 0;
  monitor->away = monitor->trouble = (struct log_throttle){0};
  monitor->refusal[0] = '\0';
  snprintf(monitor->error, sizeof monitor->error, "the configured database has not answered yet");
  timer_start(monitor->timer, 0);
}

void database_monitor_stop(struct database_monitor *monitor) {
  monitor->stopped = true;
  timer_stop(monitor->timer);
}

bool database_monitor_is_open(const struct database_monitor *monitor) { return monitor->open; }
int64_t database_monitor_since_ms(const struct database_monitor *monitor) { return monitor->since_ms; }
const char *database_monitor_error(const struct database_monitor *monitor) {
  return monitor->open ? NULL : monitor->error;
}

const char *database_monitor_refusal(const struct database_monitor *monitor) {
  return monitor->refusal[0] == '\0' ? NULL : monitor->refusal;
}

void database_monitor_failed(struct database_monitor *monitor, const struct error *error, const char *organization) {
  char note[LOG_THROTTLE_NOTE_BYTES];
  bool read_only = strcmp(error->code, "25006") == 0;
  if (monitor->stopped)
    return;
  if (error->kind == ERROR_UNREACHABLE || read_only) {
    if (!monitor->open)
      return; /* the probes tell and count */
    say_away(monitor, error);
    close_access(monitor);
    if (read_only)
      drop_sessions(monitor);
    probe_later(monitor);
    return;
  }
  snprintf(monitor->refusal, sizeof monitor->refusal, "%s", error->text);
  if (log_throttle_failed(&monitor->trouble, now_ms(monitor), error->text, note))
    log_event(monitor->shared->log, LOG_EVENT_DATABASE_REFUSED, LOG_LEVEL_ERROR,
              "the database refused: %s%s organization=%s", error->text, note, organization);
}

void database_monitor_worked(struct database_monitor *monitor) {
  char note[LOG_THROTTLE_NOTE_BYTES];
  monitor->refusal[0] = '\0';
  if (log_throttle_over(&monitor->trouble, now_ms(monitor), note))
    log_write(monitor->shared->log, LOG_LEVEL_WARNING, "the database refuses nothing any more %s", note);
}

void database_monitor_note_clock(struct database_monitor *monitor, int64_t database_us, int64_t machine_us) {
  struct log *log = monitor->shared->log;
  char database[MOMENT_TEXT_BYTES], machine[MOMENT_TEXT_BYTES], note[LOG_THROTTLE_NOTE_BYTES];
  int64_t skew_us = database_us - machine_us;
  moment_format(database_us, database);
  moment_format(machine_us, machine);
  if (skew_us > SKEW_TOLERATED_US || skew_us < -SKEW_TOLERATED_US) {
    if (log_throttle_failed(&monitor->skew, now_ms(monitor), "", note))
      log_write(
          log, LOG_LEVEL_WARNING,
          "the clocks of the database and of this machine differ by more than a minute: it is %s there and %s here%s",
          database, machine, note);
  } else if (log_throttle_over(&monitor->skew, now_ms(monitor), note)) {
    log_write(log, LOG_LEVEL_WARNING, "the clocks of the database and of this machine agree again %s", note);
  }
}
