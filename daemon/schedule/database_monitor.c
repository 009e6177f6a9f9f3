#include "schedule/database_monitor.h"
#include "base/memory.h"
#include "sql/embedded.h"
#include <stdio.h>
#include <string.h>

/* What this file is for: one view of the database for all organizations. It promises that a thousand organizations which all lose the
 * same database log one line, not a thousand, and that none of them hammers it. */

enum { PAUSE_FIRST_MS = 500, PAUSE_LAST_MS = 15 * 1000 };

struct access {
  struct access_options options;
  const struct tools *tools;
  struct timer *timer;
  struct outage away, trouble;
  bool open, probing, read_only, first_told, stopped, doomed;
  int epoch, probed_epoch; /* of the database that is meant, and of the one that is being probed */
  int next_session;
  int64_t since_ms, pause_ms;
  char error[ERROR_TEXT_BYTES];
};

static int64_t now_ms(const struct access *access) { return loop_now_ms(access->tools->loop); }

static void say_away(struct access *access, const struct error *error) {
  char note[OUTAGE_NOTE_BYTES];
  snprintf(access->error, sizeof access->error, "%s", error->text);
  if (outage_failed(&access->away, now_ms(access), "", note)) /* one outage has many texts, and is one outage */
    log_write(access->tools->log, LOG_LEVEL_ERROR, "could not use the database: %s%s", error->text, note);
}

static void say_back(struct access *access) {
  char note[OUTAGE_NOTE_BYTES];
  if (outage_over(&access->away, now_ms(access), note))
    log_write(access->tools->log, LOG_LEVEL_WARNING, "the database is back %s", note);
}

static void close_access(struct access *access) {
  if (!access->open)
    return;
  access->open = false;
  if (now_ms(access) - access->since_ms > PAUSE_LAST_MS) /* one that goes as soon as it came is asked ever less often */
    access->pause_ms = 0;
  access->since_ms = now_ms(access);
}

static void probe_later(struct access *access) {
  access->pause_ms = access->pause_ms == 0 ? PAUSE_FIRST_MS : access->pause_ms * 2;
  if (access->pause_ms > PAUSE_LAST_MS)
    access->pause_ms = PAUSE_LAST_MS;
  timer_start(access->timer, random_between(access->tools->random, access->pause_ms / 2, access->pause_ms));
}

/* A server that only reads may have a brother that writes: a new connection looks for it (target_session_attrs). */
static void drop_sessions(struct access *access) {
  db_drop(access->tools->watch, "the server is read-only");
  for (int i = 0; i < access->tools->writer_count; i++)
    db_drop(access->tools->writers[i], "the server is read-only");
}

static bool goes_on(const struct access *access) {
  return !access->doomed && !access->stopped && access->probed_epoch == access->epoch;
}

static void open_access(struct access *access) {
  access->open = true;
  access->since_ms = now_ms(access);
  say_back(access);
  access->options.opened(access->options.context);
}

static void end_probe(struct access *access, const struct error *error) {
  bool first = !access->first_told;
  access->probing = false;
  if (access->doomed) {
    timer_close(access->timer);
    memory_free(access);
    return;
  }
  if (access->stopped)
    return;
  if (access->probed_epoch != access->epoch) { /* what it said is no longer asked */
    timer_start(access->timer, 0);
    return;
  }
  access->first_told = true;
  if (error != NULL)
    say_away(access, error);
  if (first)
    access->options.first(access->options.context, error);
  if (access->stopped)
    return;
  if (error == NULL)
    open_access(access);
  else
    probe_later(access);
}

static void on_ready_row(void *context, const struct db_row *row) {
  struct access *access = context;
  access->read_only = db_row_bool(row, 0);
}

static void ask_session(struct access *access);

static void on_ready(void *context, const struct error *error) {
  struct access *access = context;
  struct error refusal;
  bool more = error == NULL && goes_on(access);
  if (more && access->read_only) {
    error_set(&refusal, ERROR_UNREACHABLE, "the server is read-only");
    drop_sessions(access);
    end_probe(access, &refusal);
  } else if (more && access->next_session <= access->tools->writer_count) {
    ask_session(access);
  } else {
    end_probe(access, error);
  }
}

/* All sessions: it is of no use when one of them finds no room. */
static void ask_session(struct access *access) {
  int number = access->next_session++;
  struct db *db = number == 0 ? access->tools->watch : access->tools->writers[number - 1];
  struct db_statement ready = {.sql = sql_query_ready, .prepare = true};
  access->read_only = false;
  db_query(db, &ready, on_ready_row, on_ready, access);
}

static void on_schema(void *context, const struct schema_state *state, const struct error *error) {
  struct access *access = context;
  (void)state;
  if (error != NULL || !goes_on(access))
    end_probe(access, error);
  else
    ask_session(access);
}

static void probe(void *context) {
  struct access *access = context;
  if (access->probing || access->stopped)
    return;
  struct schema_options options = {.loop = access->tools->loop,
                                   .db = access->tools->write,
                                   .schema = access->tools->config->database.schema,
                                   .mode = SCHEMA_APPLY};
  access->probing = true;
  access->probed_epoch = access->epoch;
  access->next_session = 0;
  schema_start(&options, on_schema, access);
}

struct access *access_create(const struct tools *tools, const struct access_options *options) {
  struct access *access = memory_allocate(sizeof *access);
  *access = (struct access){.options = *options, .tools = tools, .error = "it has not answered yet"};
  access->since_ms = now_ms(access);
  access->timer = timer_open(tools->loop, probe, access);
  return access;
}

void access_destroy(struct access *access) {
  if (access == NULL)
    return;
  access->stopped = access->doomed = true;
  timer_stop(access->timer);
  if (!access->probing) /* else its completion frees */
    end_probe(access, NULL);
}

void access_start(struct access *access) { timer_start(access->timer, 0); }

void access_use(struct access *access, const struct tools *tools) {
  bool another = access->tools->watch != tools->watch;
  access->tools = tools;
  if (!another)
    return;
  close_access(access);
  access->epoch++;
  access->pause_ms = 0;
  access->away = access->trouble = (struct outage){0};
  snprintf(access->error, sizeof access->error, "the configured database has not answered yet");
  timer_start(access->timer, 0);
}

void access_stop(struct access *access) {
  access->stopped = true;
  timer_stop(access->timer);
}

bool access_is_open(const struct access *access) { return access->open; }
int64_t access_since_ms(const struct access *access) { return access->since_ms; }
const char *access_error(const struct access *access) { return access->open ? NULL : access->error; }

void access_failed(struct access *access, const struct error *error, const char *organization) {
  char note[OUTAGE_NOTE_BYTES];
  bool read_only = strcmp(error->code, "25006") == 0;
  if (access->stopped)
    return;
  if (error->kind == ERROR_UNREACHABLE || read_only) {
    if (!access->open)
      return; /* the probes tell and count */
    say_away(access, error);
    close_access(access);
    if (read_only)
      drop_sessions(access);
    probe_later(access);
  } else if (outage_failed(&access->trouble, now_ms(access), error->text, note)) {
    log_write(access->tools->log, LOG_LEVEL_ERROR, "the database refused: %s%s organization=%s", error->text, note,
              organization);
  }
}

void access_worked(struct access *access) {
  char note[OUTAGE_NOTE_BYTES];
  if (outage_over(&access->trouble, now_ms(access), note))
    log_write(access->tools->log, LOG_LEVEL_WARNING, "the database refuses nothing any more %s", note);
}
