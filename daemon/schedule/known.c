/* A daemon that has just begun knows what the one before it wrote down. It promises that what cannot be read leaves what is known as
 * it was. */
#include "schedule/known.h"
#include "base/memory.h"
#include "io/db_array.h"
#include "sql/embedded.h"

enum { NAMES_BYTES_MAX = 16 * 1024 * 1024 };
enum column {
  NAME,
  FIRST,
  TYPE,
  ACCOUNTS,
  SEND,
  RECEIVE,
  CALENDAR,
  ID,
  SWEPT,
  AGE,
  FAILURES,
  OUTCOME,
  ERROR_TEXT,
  VERIFIED,
  BROKEN,
  REJECTED,
  GAPS,
  HISTORY_VERIFIED,
  HISTORY_PROVEN
};

struct reading {
  struct roster *roster;
  void (*told)(void *context);
  void *context;
};

/* Of the time before this daemon's own sweeps. */
static void take_past(struct job *job, const struct db_row *row) {
  struct health_organization *health = &job->health;
  job_name_organization(job, db_row_text(row, ID));
  job_tell_error(job, db_row_text(row, ERROR_TEXT));
  health->outcome_known = outcome_parse(db_row_text(row, OUTCOME), &health->outcome);
  health->consecutive_failures = (int)db_row_int(row, FAILURES);
  health->last_success_s = db_row_int(row, SWEPT);
  health->rejected = db_row_int(row, REJECTED);
  int64_t age_ms = db_row_int(row, AGE);
  if (!db_row_is_null(row, SWEPT) && age_ms > 0)
    health->succeeded_at_ms = queue_now_ms(job) - age_ms;
}

static void on_row(void *context, const struct db_row *row) {
  const struct reading *reading = context;
  struct job *job = roster_find(reading->roster, db_row_text(row, NAME));
  if (job == NULL)
    return;
  struct health_organization *health = &job->health;
  if (db_row_bool(row, FIRST)) {
    health_clear_accounts(health);
    health->verified_at_s = db_row_int(row, VERIFIED);
    health->history_verified_s = db_row_int(row, HISTORY_VERIFIED);
    health->history_is_proven = db_row_bool(row, HISTORY_PROVEN);
    if (db_row_int(row, GAPS) > health->gaps) /* less: the newest one is not written down yet */
      health->gaps = db_row_int(row, GAPS);
    if (!job->attempted || job->taken_over)
      take_past(job, row);
  }
  health_count_accounts(health, db_row_text(row, TYPE), db_row_int(row, ACCOUNTS));
  health->broken += db_row_int(row, BROKEN);
  health->in_error[HEALTH_SEND] += db_row_int(row, SEND);
  health->in_error[HEALTH_RECEIVE] += db_row_int(row, RECEIVE);
  health->in_error[HEALTH_CALENDAR] += db_row_int(row, CALENDAR);
}

static void on_done(void *context, const struct error *error) {
  struct reading *reading = context;
  if (error == NULL && reading->told != NULL)
    reading->told(reading->context);
  memory_free(reading);
}

static void read(struct db *db, struct buffer *names, const struct reading *reading) {
  struct db_statement statement = {.sql = sql_query_known, .count = 1, .prepare = true};
  if (!db_array_close(names))
    return; /* longer than any configuration */
  struct reading *own = memory_allocate(sizeof *own);
  *own = *reading;
  statement.values[0] = buffer_slice(names);
  db_query(db, &statement, on_row, on_done, own);
}

/* On a session that writes: sweeps begin on the other one meanwhile. */
static void read_many(const struct generation *generation, const struct reading *reading, bool taken_over_alone) {
  const struct roster *roster = reading->roster;
  struct buffer names;
  bool fits = true;
  buffer_init(&names, NAMES_BYTES_MAX);
  for (int i = 0; fits && i < roster->job_count; i++)
    if (!roster->jobs[i]->foreign && (roster->jobs[i]->taken_over || !taken_over_alone))
      fits = db_array_append(&names, slice_of(roster->jobs[i]->name));
  if (fits && names.length > 0)
    read(generation->shared.write, &names, reading);
  else if (fits && reading->told != NULL)
    reading->told(reading->context); /* there is nobody to ask for */
  buffer_finish(&names);
}

void known_read_all(struct roster *roster, const struct generation *generation, void (*told)(void *context),
                    void *context) {
  read_many(generation, &(struct reading){roster, told, context}, false);
}

void known_read_taken_over(struct roster *roster, const struct generation *generation, void (*told)(void *context),
                           void *context) {
  read_many(generation, &(struct reading){roster, told, context}, true);
}

void known_read(struct roster *roster, const struct generation *generation, const struct job *job,
                void (*told)(void *context), void *context) {
  struct buffer names;
  buffer_init(&names, NAMES_BYTES_MAX);
  if (db_array_append(&names, slice_of(job->name)))
    read(generation->shared.watch, &names, &(struct reading){roster, told, context});
  buffer_finish(&names);
}

void known_note_skip(const struct generation *generation, const struct job *job) {
  struct db_statement statement = {.sql = sql_query_skip, .count = 1, .values = {slice_of(job->name)}, .prepare = true};
  db_query(generation->shared.watch, &statement, NULL, NULL, NULL);
}
