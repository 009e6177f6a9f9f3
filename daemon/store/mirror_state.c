#include "store/mirror_state.h"
#include "base/memory.h"
#include "sql/embedded.h"
#include <stdio.h>

/* What this file is for: the read that every sweep begins with. Lock and read are two statements in one round trip: the second
 * has a snapshot of its own, taken when the lock is held, so the revision it sees is the newest. */

struct question {
  standing_fn *done;
  void *context;
  struct standing_question asked;
  char *name, *organization_id, *volatile_fields;
  char version[16], interval[40];
  int fed;
  bool got;
  struct standing standing;
};

static char *copy_column(const struct db_row *row, int column) {
  if (db_row_is_null(row, column))
    return NULL;
  struct slice text = db_row_text(row, column);
  return memory_copy(text.bytes, text.length);
}

static int64_t moment_column(const struct db_row *row, int column) {
  return db_row_is_null(row, column) ? MOMENT_UNKNOWN : db_row_int(row, column);
}

static void read_row(struct standing *standing, const struct db_row *row) {
  standing->clock_us = db_row_int(row, 0);
  standing->organization_id = copy_column(row, 1);
  standing->revision = db_row_is_null(row, 2) ? -1 : db_row_int(row, 2);
  standing->name = copy_column(row, 3);
  standing->principal_id = copy_column(row, 4);
  standing->user_id = copy_column(row, 5);
  standing->last_swept_at_us = moment_column(row, 6);
  standing->listed_at_us = moment_column(row, 7);
  standing->verification_due = db_row_bool(row, 8);
  standing->consecutive_failures = db_row_int(row, 10);
  standing->also_named = copy_column(row, 11);
  struct slice digest = db_row_text(row, 12);
  snprintf(standing->rejected_digest, sizeof standing->rejected_digest, "%.*s", (int)digest.length, digest.bytes);
  standing->unseen = db_row_bool(row, 13);
  standing->outcome_at_us = moment_column(row, 14);
}

static bool feed(void *context, struct db_statement *ret_statement) {
  struct question *question = context;
  int number = question->fed++ + (question->asked.lock ? 0 : 1);
  if (number == 0)
    *ret_statement =
        (struct db_statement){.sql = sql_query_lock, .count = 1, .values = {slice_of(question->name)}, .prepare = true};
  else if (number == 1)
    *ret_statement = (struct db_statement){.sql = sql_query_begin,
                                           .count = 5,
                                           .values = {slice_of(question->name), slice_of(question->organization_id),
                                                      slice_of(question->volatile_fields), slice_of(question->version),
                                                      slice_of(question->interval)},
                                           .prepare = true};
  return number < 2;
}

static void on_row(void *context, int statement, const struct db_row *row) {
  struct question *question = context;
  if (question->asked.lock && statement == 0)
    question->got = db_row_bool(row, 0);
  else
    read_row(&question->standing, row);
}

static void on_done(void *context, const struct error *error) {
  struct question *question = context;
  bool got = error == NULL && (question->got || !question->asked.lock);
  question->done(question->context, got ? &question->standing : NULL, error);
  standing_finish(&question->standing);
  memory_free(question->name);
  memory_free(question->organization_id);
  memory_free(question->volatile_fields);
  memory_free(question);
}

void standing_read(struct db *db, const struct standing_question *asked, standing_fn *done, void *context) {
  struct question *question = memory_allocate(sizeof *question);
  *question = (struct question){.done = done, .context = context, .asked = *asked};
  question->name = memory_copy_text(asked->name);
  if (asked->organization_id != NULL)
    question->organization_id = memory_copy_text(asked->organization_id);
  question->volatile_fields = memory_copy(asked->volatile_fields.bytes, asked->volatile_fields.length);
  snprintf(question->version, sizeof question->version, "%d", asked->digest_version);
  snprintf(question->interval, sizeof question->interval, "%lld milliseconds", (long long)asked->verify_interval_ms);
  db_transaction(
      db, &(struct db_pipeline){
              .feed = feed, .rows = on_row, .done = on_done, .context = question, .read_only = asked->read_only});
}

static char *copy_or_null(const char *text) { return text == NULL ? NULL : memory_copy_text(text); }

void standing_copy(struct standing *ret_copy, const struct standing *standing) {
  *ret_copy = *standing;
  ret_copy->organization_id = copy_or_null(standing->organization_id);
  ret_copy->name = copy_or_null(standing->name);
  ret_copy->principal_id = copy_or_null(standing->principal_id);
  ret_copy->user_id = copy_or_null(standing->user_id);
  ret_copy->also_named = copy_or_null(standing->also_named);
}

void standing_finish(struct standing *standing) {
  memory_free(standing->organization_id);
  memory_free(standing->name);
  memory_free(standing->principal_id);
  memory_free(standing->user_id);
  memory_free(standing->also_named);
  *standing = (struct standing){0};
}
