/* A daemon that has just begun knows what the one before it wrote down. It promises that what cannot be read leaves what is known as
 * it was, and that of a hundred thousand organizations some are read at a time: what has to be written, and a stop, need not wait for all. */
#include "schedule/known.h"
#include "base/memory.h"
#include "io/db_array.h"
#include "sql/embedded.h"
#include <string.h>

enum { AT_ONCE = 1000, NAMES_BYTES_MAX = 16 * 1024 * 1024 };
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
  struct db *db;       /* there as long as something is asked of it */
  unsigned round;      /* the roster's when it began */
  struct buffer names; /* a NUL behind each */
  size_t asked_bytes;  /* of them */
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

static void end(struct reading *reading) {
  buffer_finish(&reading->names);
  memory_free(reading);
}

static void on_done(void *context, const struct error *error);

/* The next ones. */
static void ask(struct reading *reading) {
  struct db_statement statement = {.sql = sql_query_known, .count = 1, .prepare = true};
  struct buffer names;
  buffer_init(&names, NAMES_BYTES_MAX);
  for (int i = 0; i < AT_ONCE && reading->asked_bytes < reading->names.length; i++) {
    struct slice name = slice_of(reading->names.bytes + reading->asked_bytes);
    db_array_append(&names, name);
    reading->asked_bytes += name.length + 1;
  }
  if (db_array_close(&names)) {
    statement.values[0] = buffer_slice(&names);
    db_query(reading->db, &statement, on_row, on_done, reading);
  } else {
    end(reading);
  }
  buffer_finish(&names);
}

static void on_done(void *context, const struct error *error) {
  struct reading *reading = context;
  bool goes_on = error == NULL && reading->round == reading->roster->known_round;
  if (goes_on && reading->asked_bytes < reading->names.length) {
    ask(reading);
    return;
  }
  if (error == NULL && reading->asked_bytes == reading->names.length && reading->told != NULL)
    reading->told(reading->context);
  end(reading);
}

static struct reading *begin(struct roster *roster, struct db *db, void (*told)(void *context), void *context) {
  struct reading *reading = memory_allocate(sizeof *reading);
  *reading =
      (struct reading){.roster = roster, .told = told, .context = context, .db = db, .round = roster->known_round};
  buffer_init(&reading->names, NAMES_BYTES_MAX);
  return reading;
}

static bool add(struct reading *reading, const struct job *job) {
  return buffer_append(&reading->names, job->name, strlen(job->name) + 1);
}

/* On a session that writes: sweeps begin on the other one meanwhile. */
static void read_many(struct reading *reading, bool taken_over_alone) {
  const struct roster *roster = reading->roster;
  bool fits = true;
  for (int i = 0; fits && i < roster->job_count; i++)
    if (!roster->jobs[i]->foreign && (roster->jobs[i]->taken_over || !taken_over_alone))
      fits = add(reading, roster->jobs[i]);
  if (fits && reading->names.length > 0) {
    ask(reading);
    return;
  }
  if (fits && reading->told != NULL)
    reading->told(reading->context); /* there is nobody to ask for */
  end(reading);
}

void known_read_all(struct roster *roster, const struct generation *generation, void (*told)(void *context),
                    void *context) {
  roster->known_round++;
  read_many(begin(roster, generation->shared.write, told, context), false);
}

void known_read_taken_over(struct roster *roster, const struct generation *generation, void (*told)(void *context),
                           void *context) {
  read_many(begin(roster, generation->shared.write, told, context), true);
}

void known_read(struct roster *roster, const struct generation *generation, const struct job *job,
                void (*told)(void *context), void *context) {
  struct reading *reading = begin(roster, generation->shared.watch, told, context);
  if (add(reading, job))
    ask(reading);
  else
    end(reading);
}

void known_stop(struct roster *roster) { roster->known_round++; }

void known_note_skip(const struct generation *generation, const struct job *job) {
  struct db_statement statement = {.sql = sql_query_skip, .count = 1, .values = {slice_of(job->name)}, .prepare = true};
  db_query(generation->shared.watch, &statement, NULL, NULL, NULL);
}
