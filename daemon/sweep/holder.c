/* A lock that nobody will give back must not stop an organization for hours. It promises that only sessions of this role are ended, and
 * that it is said. PostgreSQL ends silent sessions itself (query/session); what is left to do here is what no timeout of its sees: a
 * session that this process knows to have lost, and one that waits for a stopped client within a transaction. */
#include "sweep/holder.h"
#include "base/memory.h"
#include "base/moment.h"
#include "sql/embedded.h"
#include <stdio.h>

struct asked {
  struct sweep *sweep;
  holder_fn *told;
  struct error conflict;
  bool is_ended;
};

static void say_ended(const struct sweep *sweep, struct slice pid, struct slice client) {
  log_write(sweep->options.shared->log, LOG_LEVEL_WARNING,
            "a session whose client is gone was in the way and was ended organization=%s pid=%.*s client=%.*s",
            sweep->options.organization->name, (int)pid.length, pid.bytes, (int)client.length, client.bytes);
}

static void on_lock_row(void *context, const struct db_row *row) {
  struct asked *asked = context;
  struct sweep *sweep = asked->sweep;
  struct slice id = db_row_text(row, 0), pid = db_row_text(row, 1), program = db_row_text(row, 2),
               client = db_row_text(row, 3);
  if (id.length > 0 && sweep->organization_id == NULL)
    sweep->organization_id = slice_copy(id);
  asked->is_ended = db_row_bool(row, 5) || pid.length == 0; /* nobody has it any more */
  if (pid.length > 0)
    error_set(&asked->conflict, ERROR_CONFLICT,
              "another process sweeps \"%s\": %.*s with backend pid %.*s, client %.*s",
              sweep->options.organization->name, (int)program.length, program.bytes, (int)pid.length, pid.bytes,
              (int)client.length, client.bytes);
  if (db_row_bool(row, 5))
    say_ended(sweep, pid, client);
}

static void on_row_row(void *context, const struct db_row *row) {
  struct asked *asked = context;
  asked->is_ended = asked->is_ended || db_row_bool(row, 3);
  if (db_row_bool(row, 3))
    say_ended(asked->sweep, db_row_text(row, 0), db_row_text(row, 2));
}

static void on_done(void *context, const struct error *error) {
  struct asked *asked = context;
  struct asked copy = *asked;
  (void)error; /* then nobody was ended, and what is known is told */
  memory_free(asked);
  if (drive_arrived(copy.sweep))
    copy.told(copy.sweep, copy.is_ended, &copy.conflict);
}

static struct asked *ask(struct sweep *sweep, holder_fn *told) {
  struct asked *asked = memory_allocate(sizeof *asked);
  *asked = (struct asked){.sweep = sweep, .told = told};
  sweep->under_way++;
  return asked;
}

void holder_of_lock(struct sweep *sweep, holder_fn *told) {
  const struct backend *former = &sweep->options.write_behind->backend;
  char pid[24], started[MOMENT_TEXT_BYTES];
  struct asked *asked = ask(sweep, told);
  struct db_statement statement = {
      .sql = sql_query_lock_holder, .count = 3, .values = {slice_of(sweep->options.organization->name)}};
  error_set(&asked->conflict, ERROR_CONFLICT, "another process sweeps \"%s\"", sweep->options.organization->name);
  if (former->pid != 0) {
    snprintf(pid, sizeof pid, "%lld", (long long)former->pid);
    moment_format(former->started_us, started);
    statement.values[1] = slice_of(pid);
    statement.values[2] = slice_of(started);
  }
  db_query(sweep->options.shared->watch, &statement, on_lock_row, on_done, asked);
}

void holder_of_row(struct sweep *sweep, const struct error *error, holder_fn *told) {
  struct asked *asked = ask(sweep, told);
  struct db_statement statement = {.sql = sql_query_row_holder};
  asked->conflict = *error;
  db_query(sweep->options.shared->watch, &statement, on_row_row, on_done, asked);
}
