#include "sync/access.h"
#include "base/memory.h"
#include <stdio.h>

/* What this file is for: one view of the database for all organizations. It promises that a thousand organizations which all lose the
 * same database log one line, not a thousand, and that none of them hammers it. */

enum { PAUSE_FIRST_MS = 500, PAUSE_LAST_MS = 15 * 1000 };

struct access {
  struct access_options options;
  const struct tools *tools;
  struct timer *timer;
  struct outage outage;
  bool open, probing, first_told, stopped, doomed;
  int64_t since_ms, pause_ms;
  char error[ERROR_TEXT_BYTES];
};

static int64_t now_ms(const struct access *access) { return loop_now_ms(access->tools->loop); }

static void say(struct access *access, const struct error *error) {
  char note[OUTAGE_NOTE_BYTES];
  snprintf(access->error, sizeof access->error, "%s", error->text);
  if (outage_failed(&access->outage, now_ms(access), error->text, note))
    log_write(access->tools->log, LOG_LEVEL_ERROR, "the database is in trouble: %s%s", error->text, note);
}

static void close_access(struct access *access) {
  if (!access->open)
    return;
  access->open = false;
  access->since_ms = now_ms(access);
}

static void probe_later(struct access *access) {
  access->pause_ms = access->pause_ms == 0 ? PAUSE_FIRST_MS : access->pause_ms * 2;
  if (access->pause_ms > PAUSE_LAST_MS)
    access->pause_ms = PAUSE_LAST_MS;
  timer_start(access->timer, random_between(access->tools->random, access->pause_ms / 2, access->pause_ms));
}

static void open_access(struct access *access) {
  access->open = true;
  access->since_ms = now_ms(access);
  access->pause_ms = 0;
  access_worked(access);
  access->options.opened(access->options.context);
}

static void on_schema(void *context, const struct schema_state *state, const struct error *error) {
  struct access *access = context;
  bool first = !access->first_told;
  (void)state;
  access->probing = false;
  if (access->doomed) {
    memory_free(access);
    return;
  }
  if (access->stopped)
    return;
  access->first_told = true;
  if (error != NULL)
    say(access, error);
  if (first)
    access->options.first(access->options.context, error);
  if (access->stopped)
    return;
  if (error == NULL)
    open_access(access);
  else
    probe_later(access);
}

static void probe(void *context) {
  struct access *access = context;
  struct schema_options options = {.loop = access->tools->loop,
                                   .db = access->tools->write,
                                   .schema = access->tools->config->database.schema,
                                   .mode = SCHEMA_APPLY};
  if (access->probing || access->stopped)
    return;
  access->probing = true;
  schema_start(&options, on_schema, access);
}

struct access *access_create(const struct tools *tools, const struct access_options *options) {
  struct access *access = memory_allocate(sizeof *access);
  *access = (struct access){.options = *options, .tools = tools};
  access->since_ms = now_ms(access);
  access->timer = timer_open(tools->loop, probe, access);
  return access;
}

void access_destroy(struct access *access) {
  if (access == NULL)
    return;
  timer_close(access->timer);
  access->stopped = access->doomed = true;
  if (!access->probing) /* else its completion frees */
    memory_free(access);
}

void access_start(struct access *access) { timer_start(access->timer, 0); }

void access_use(struct access *access, const struct tools *tools) {
  bool another = access->tools->write != tools->write;
  access->tools = tools;
  if (!another)
    return;
  close_access(access);
  timer_start(access->timer, 0);
}

void access_stop(struct access *access) {
  access->stopped = true;
  timer_stop(access->timer);
}

bool access_is_open(const struct access *access) { return access->open; }
int64_t access_since_ms(const struct access *access) { return access->since_ms; }
const char *access_error(const struct access *access) { return access->open ? NULL : access->error; }

void access_failed(struct access *access, const struct error *error) {
  if (access->stopped)
    return;
  say(access, error);
  if (error->kind != ERROR_UNREACHABLE || !access->open)
    return;
  close_access(access);
  probe_later(access);
}

void access_worked(struct access *access) {
  char note[OUTAGE_NOTE_BYTES];
  if (outage_over(&access->outage, now_ms(access), note))
    log_write(access->tools->log, LOG_LEVEL_WARNING, "the database is well again %s", note);
}
