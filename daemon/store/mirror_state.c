/* The read that every sweep begins with. Lock and read are two statements in one round trip: the second has a snapshot of its own, taken
 * when the lock is held, so the revision it sees is the newest. */
#include "store/mirror_state.h"
#include "base/memory.h"
#include "sql/embedded.h"
#include <stdio.h>

struct question {
  mirror_state_fn *done;
  void *context;
  bool locks, got;
  struct mirror_state mirror_state;
};

static int64_t moment_column(const struct db_row *row, int column) {
  return db_row_is_null(row, column) ? MOMENT_UNKNOWN : db_row_int(row, column);
}

bool backend_equals(const struct backend *left, const struct backend *right) {
  return left->pid == right->pid && left->started_us == right->started_us;
}

static void read_row(struct mirror_state *mirror_state, const struct db_row *row) {
  mirror_state->clock_us = db_row_int(row, 0);
  mirror_state->organization_id = slice_copy(db_row_optional(row, 1));
  db_row_put(row, 2, mirror_state->revision, sizeof mirror_state->revision);
  mirror_state->name = slice_copy(db_row_optional(row, 3));
  mirror_state->principal_id = slice_copy(db_row_optional(row, 4));
  mirror_state->user_id = slice_copy(db_row_optional(row, 5));
  mirror_state->last_swept_at_us = moment_column(row, 6);
  mirror_state->listed_at_us = moment_column(row, 7);
  mirror_state->verification_due = db_row_bool(row, 8);
  mirror_state->consecutive_failures = db_row_int(row, 10);
  mirror_state->also_named = slice_copy(db_row_optional(row, 11));
  db_row_put(row, 12, mirror_state->rejected_digest, sizeof mirror_state->rejected_digest);
  mirror_state->unseen = db_row_bool(row, 13);
  mirror_state->outcome_at_us = moment_column(row, 14);
  mirror_state->backend = (struct backend){db_row_int(row, 15), db_row_int(row, 16)};
  mirror_state->newest_us = moment_column(row, 17);
  mirror_state->history_verified_s = db_row_int(row, 18);
  mirror_state->history_is_proven = db_row_bool(row, 19);
}

static void on_row(void *context, int statement, const struct db_row *row) {
  struct question *question = context;
  if (question->locks && statement == 0)
    question->got = db_row_bool(row, 0);
  else
    read_row(&question->mirror_state, row);
}

static void on_done(void *context, const struct error *error) {
  struct question *question = context;
  bool got = error == NULL && (question->got || !question->locks);
  question->done(question->context, got ? &question->mirror_state : NULL, error);
  mirror_state_finish(&question->mirror_state);
  memory_free(question);
}

void mirror_state_read(struct db *db, const struct mirror_state_question *asked, mirror_state_fn *done, void *context) {
  struct question *question = memory_allocate(sizeof *question);
  char version[16], interval[40];
  *question = (struct question){.done = done, .context = context, .locks = asked->lock};
  snprintf(version, sizeof version, "%d", asked->digest_version);
  snprintf(interval, sizeof interval, "%lld milliseconds", (long long)asked->verify_interval_ms);
  const struct db_statement statements[] = {
      {.sql = sql_query_lock, .count = 1, .values = {slice_of(asked->name)}, .prepare = true},
      {.sql = sql_query_begin,
       .count = 6,
       .values = {slice_of(asked->name), slice_of(asked->organization_id), asked->volatile_fields, slice_of(version),
                  slice_of(interval), asked->excluded_fields},
       .prepare = true}};
  db_transaction(db, &(struct db_pipeline){.statements = asked->lock ? statements : statements + 1,
                                           .count = asked->lock ? 2 : 1,
                                           .rows = on_row,
                                           .done = on_done,
                                           .context = question,
                                           .read_only = asked->read_only});
}

void mirror_state_copy(struct mirror_state *ret_copy, const struct mirror_state *mirror_state) {
  *ret_copy = *mirror_state;
  ret_copy->organization_id = memory_copy_optional(mirror_state->organization_id);
  ret_copy->name = memory_copy_optional(mirror_state->name);
  ret_copy->principal_id = memory_copy_optional(mirror_state->principal_id);
  ret_copy->user_id = memory_copy_optional(mirror_state->user_id);
  ret_copy->also_named = memory_copy_optional(mirror_state->also_named);
}

void mirror_state_finish(struct mirror_state *mirror_state) {
  memory_free(mirror_state->organization_id);
  memory_free(mirror_state->name);
  memory_free(mirror_state->principal_id);
  memory_free(mirror_state->user_id);
  memory_free(mirror_state->also_named);
  *mirror_state = (struct mirror_state){0};
}
