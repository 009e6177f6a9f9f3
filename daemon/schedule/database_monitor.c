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

static int64_t now_ms(const struct database_monitor *database_monitor) {
  return loop_now_ms(database_monitor->shared->loop);
}

static void say_away(struct database_monitor *database_monitor, const struct error *error) {
  char note[LOG_THROTTLE_NOTE_BYTES];
  snprintf(database_monitor->error, sizeof database_monitor->error, "%s", error->text);
  if (log_throttle_failed(&database_monitor->away, now_ms(database_monitor), "",
                          note)) /* one outage has many texts, and is one outage */
    log_event(database_monitor->shared->log, LOG_EVENT_DATABASE_AWAY, LOG_LEVEL_ERROR,
              "could not use the database: %s%s", error->text, note);
}

static void say_back(struct database_monitor *database_monitor) {
  char note[LOG_THROTTLE_NOTE_BYTES];
  if (log_throttle_over(&database_monitor->away, now_ms(database_monitor), note))
    log_event(database_monitor->shared->log, LOG_EVENT_DATABASE_BACK, LOG_LEVEL_WARNING, "the database is back %s",
              note);
}

static void close_access(struct database_monitor *database_monitor) {
  if (!database_monitor->open)
    return;
  database_monitor->open = false;
  if (now_ms(database_monitor) - database_monitor->since_ms >
      PAUSE_LAST_MS) /* one that goes as soon as it came is asked ever less often */
    database_monitor->pause_ms = 0;
  database_monitor->since_ms = now_ms(database_monitor);
}

static void probe_later(struct database_monitor *database_monitor) {
  database_monitor->pause_ms = database_monitor->pause_ms == 0 ? PAUSE_FIRST_MS : database_monitor->pause_ms * 2;
  if (database_monitor->pause_ms > PAUSE_LAST_MS)
    database_monitor->pause_ms = PAUSE_LAST_MS;
  timer_start(database_monitor->timer, random_between(database_monitor->shared->random, database_monitor->pause_ms / 2,
                                                      database_monitor->pause_ms));
}

/* A server that only reads may have a brother that writes: a new connection looks for it (target_session_attrs). */
static void drop_sessions(const struct database_monitor *database_monitor) {
  connections_drop_sessions(database_monitor->shared, "the server is read-only");
}

static bool goes_on(const struct database_monitor *database_monitor) {
  return !database_monitor->doomed && !database_monitor->stopped &&
         database_monitor->probed_turn == database_monitor->turn;
}

static void open_access(struct database_monitor *database_monitor) {
  database_monitor->open = true;
  database_monitor->since_ms = now_ms(database_monitor);
  say_back(database_monitor);
  database_monitor->options.opened(database_monitor->options.context);
}

static void end_probe(struct database_monitor *database_monitor, const struct error *error) {
  bool first = !database_monitor->first_told;
  database_monitor->probing = false;
  if (database_monitor->doomed) {
    timer_close(database_monitor->timer);
    memory_free(database_monitor);
    return;
  }
  if (database_monitor->stopped)
    return;
  if (database_monitor->probed_turn != database_monitor->turn) { /* what it said is no longer asked */
    timer_start(database_monitor->timer, 0);
    return;
  }
  database_monitor->first_told = true;
  if (error != NULL)
    say_away(database_monitor, error);
  if (first)
    database_monitor->options.first(database_monitor->options.context, error);
  if (database_monitor->stopped)
    return;
  if (error == NULL)
    open_access(database_monitor);
  else
    probe_later(database_monitor);
}

static void on_ready_row(void *context, const struct db_row *row) {
  struct database_monitor *database_monitor = context;
  database_monitor->read_only = db_row_bool(row, 0);
}

static void ask_session(struct database_monitor *database_monitor);

static void on_ready(void *context, const struct error *error) {
  struct database_monitor *database_monitor = context;
  struct error refusal;
  bool more = error == NULL && goes_on(database_monitor);
  if (more && database_monitor->read_only) {
    error_set(&refusal, ERROR_UNREACHABLE, "the server is read-only");
    drop_sessions(database_monitor);
    end_probe(database_monitor, &refusal);
  } else if (more && database_monitor->next_session <= database_monitor->shared->writer_count) {
    ask_session(database_monitor);
  } else {
    end_probe(database_monitor, error);
  }
}

/* All sessions: it is of no use when one of them finds no room. */
static void ask_session(struct database_monitor *database_monitor) {
  int number = database_monitor->next_session++;
  struct db *db = number == 0 ? database_monitor->shared->watch : database_monitor->shared->writers[number - 1];
  struct db_statement ready = {.sql = sql_query_ready, .prepare = true};
  database_monitor->read_only = false;
  db_query(db, &ready, on_ready_row, on_ready, database_monitor);
}

static void on_schema(void *context, const struct schema_state *state, const struct error *error) {
  struct database_monitor *database_monitor = context;
  (void)state;
  if (error != NULL || !goes_on(database_monitor))
    end_probe(database_monitor, error);
  else
    ask_session(database_monitor);
}

static void probe(void *context) {
  struct database_monitor *database_monitor = context;
  if (database_monitor->probing || database_monitor->stopped)
    return;
  struct schema_options options = {.db = database_monitor->shared->write,
                                   .schema = database_monitor->shared->config->database.schema,
                                   .mode = SCHEMA_APPLY};
  database_monitor->probing = true;
  database_monitor->probed_turn = database_monitor->turn;
  database_monitor->next_session = 0;
  schema_start(&options, on_schema, database_monitor);
}

struct database_monitor *database_monitor_create(const struct sweep_context *shared,
                                                 const struct database_monitor_options *options) {
  struct database_monitor *database_monitor = memory_allocate(sizeof *database_monitor);
  *database_monitor =
      (struct database_monitor){.options = *options, .shared = shared, .error = "it has not answered yet"};
  database_monitor->since_ms = now_ms(database_monitor);
  database_monitor->timer = timer_open(shared->loop, probe, database_monitor);
  return database_monitor;
}

void database_monitor_destroy(struct database_monitor *database_monitor) {
  if (database_monitor == NULL)
    return;
  database_monitor->stopped = database_monitor->doomed = true;
  timer_stop(database_monitor->timer);
  if (!database_monitor->probing) /* else its completion frees */
    end_probe(database_monitor, NULL);
}

void database_monitor_start(struct database_monitor *database_monitor) { timer_start(database_monitor->timer, 0); }

void database_monitor_use(struct database_monitor *database_monitor, const struct sweep_context *shared) {
  bool another = database_monitor->shared->watch != shared->watch;
  database_monitor->shared = shared;
  if (!another)
    return;
  close_access(database_monitor);
  database_monitor->turn++;
  database_monitor->pause_ms = 0;
  database_monitor->away = database_monitor->trouble = (struct log_throttle){0};
  database_monitor->refusal[0] = '\0';
  snprintf(database_monitor->error, sizeof database_monitor->error, "the configured database has not answered yet");
  timer_start(database_monitor->timer, 0);
}

void database_monitor_stop(struct database_monitor *database_monitor) {
  database_monitor->stopped = true;
  timer_stop(database_monitor->timer);
}

bool database_monitor_is_open(const struct database_monitor *database_monitor) { return database_monitor->open; }
int64_t database_monitor_since_ms(const struct database_monitor *database_monitor) {
  return database_monitor->since_ms;
}
const char *database_monitor_error(const struct database_monitor *database_monitor) {
  return database_monitor->open ? NULL : database_monitor->error;
}

const char *database_monitor_refusal(const struct database_monitor *database_monitor) {
  return database_monitor->refusal[0] == '\0' ? NULL : database_monitor->refusal;
}

void database_monitor_failed(struct database_monitor *database_monitor, const struct error *error,
                             const char *organization) {
  char note[LOG_THROTTLE_NOTE_BYTES];
  bool read_only = strcmp(error->code, "25006") == 0;
  if (database_monitor->stopped)
    return;
  if (error->kind == ERROR_UNREACHABLE || read_only) {
    if (!database_monitor->open)
      return; /* the probes tell and count */
    say_away(database_monitor, error);
    close_access(database_monitor);
    if (read_only)
      drop_sessions(database_monitor);
    probe_later(database_monitor);
    return;
  }
  snprintf(database_monitor->refusal, sizeof database_monitor->refusal, "%s", error->text);
  if (log_throttle_failed(&database_monitor->trouble, now_ms(database_monitor), error->text, note))
    log_event(database_monitor->shared->log, LOG_EVENT_DATABASE_REFUSED, LOG_LEVEL_ERROR,
              "the database refused: %s%s organization=%s", error->text, note, organization);
}

void database_monitor_worked(struct database_monitor *database_monitor) {
  char note[LOG_THROTTLE_NOTE_BYTES];
  database_monitor->refusal[0] = '\0';
  if (log_throttle_over(&database_monitor->trouble, now_ms(database_monitor), note))
    log_write(database_monitor->shared->log, LOG_LEVEL_WARNING, "the database refuses nothing any more %s", note);
}

void database_monitor_note_clock(struct database_monitor *database_monitor, int64_t database_us, int64_t machine_us) {
  struct log *log = database_monitor->shared->log;
  char database[MOMENT_TEXT_BYTES], machine[MOMENT_TEXT_BYTES], note[LOG_THROTTLE_NOTE_BYTES];
  int64_t skew_us = database_us - machine_us;
  moment_format(database_us, database);
  moment_format(machine_us, machine);
  if (skew_us > SKEW_TOLERATED_US || skew_us < -SKEW_TOLERATED_US) {
    if (log_throttle_failed(&database_monitor->skew, now_ms(database_monitor), "", note))
      log_write(
          log, LOG_LEVEL_WARNING,
          "the clocks of the database and of this machine differ by more than a minute: it is %s there and %s here%s",
          database, machine, note);
  } else if (log_throttle_over(&database_monitor->skew, now_ms(database_monitor), note)) {
    log_write(log, LOG_LEVEL_WARNING, "the clocks of the database and of this machine agree again %s", note);
  }
}
