/* Plan's half of apply. It promises that nothing is written, whatever the role may do, and that what it compared was one state of the
 * mirror: the revision is asked last. SQL has the last word on what differs, as in a sweep. */
#include "store/difference.h"
#include "base/memory.h"
#include "sql/embedded.h"
#include <stdio.h>
#include <string.h>

enum { BATCH_BYTES_LIMIT = 64 * 1024 * 1024 };

enum stage { STAGE_BATCH, STAGE_REMOVED, STAGE_REVISION, STAGE_DONE };

struct difference {
  struct difference_work work;
  difference_done_fn *done;
  void *context;
  struct apply_work source; /* where batches come from */
  struct buffer batch;
  enum stage stage;
  int statement, revision_statement;
  char revision[REVISION_BYTES]; /* "": not bound */
  struct changes *changes;
  struct error error;
};

static void compare(const struct difference *difference, struct slice documents, struct slice removed,
                    struct db_statement *statement) {
  const struct difference_work *work = &difference->work;
  if (work->organization_id == NULL)
    *statement = (struct db_statement){.sql = sql_query_addition, .count = 1, .values = {documents}};
  else
    *statement = (struct db_statement){
        .sql = sql_query_difference,
        .count = 5,
        .values = {slice_of(work->organization_id), documents, removed, work->volatile_fields, work->excluded_fields}};
}

static bool feed(void *context, struct db_statement *ret_statement) {
  struct difference *difference = context;
  const struct difference_work *work = &difference->work;
  difference->statement++;
  if (difference->stage == STAGE_BATCH) {
    if (apply_next_batch(&difference->source, &difference->batch, &difference->error)) {
      compare(difference, buffer_slice(&difference->batch), slice_of("{}"), ret_statement);
      return true;
    }
    difference->stage =
        difference->error.kind != ERROR_NONE || work->organization_id == NULL ? STAGE_DONE : STAGE_REMOVED;
  }
  if (difference->stage == STAGE_REMOVED) {
    difference->stage = STAGE_REVISION;
    if (work->removed.length > 0) {
      compare(difference, slice_of("[]"), work->removed, ret_statement);
      return true;
    }
  }
  if (difference->stage == STAGE_REVISION) {
    difference->stage = STAGE_DONE;
    difference->revision_statement = difference->statement;
    *ret_statement =
        (struct db_statement){.sql = sql_query_revision, .count = 1, .values = {slice_of(work->organization_id)}};
    return true;
  }
  return false;
}

static void on_row(void *context, int statement, const struct db_row *row) {
  struct difference *difference = context;
  if (statement + 1 == difference->revision_statement) {
    db_row_put(row, 0, difference->revision, sizeof difference->revision);
    return;
  }
  struct change change = {.account_id = db_row_text(row, 1),
                          .type = db_row_optional(row, 2),
                          .email = db_row_optional(row, 3),
                          .field = db_row_optional(row, 4),
                          .before = db_row_optional(row, 5),
                          .after = db_row_optional(row, 6)};
  if (difference->error.kind == ERROR_NONE && change_parse(db_row_text(row, 0), &change.kind) &&
      !changes_add(difference->changes, &change, &difference->error))
    difference->stage = STAGE_DONE; /* its error is told at the end */
}

static void on_done(void *context, const struct error *error) {
  struct difference *difference = context;
  struct error final = difference->error;
  const char *expected = difference->work.revision == NULL ? "" : difference->work.revision;
  if (final.kind == ERROR_NONE && error != NULL)
    final = *error;
  else if (final.kind == ERROR_NONE && strcmp(difference->revision, expected) != 0)
    error_set(&final, ERROR_CONFLICT, "the mirror changed since this plan began");
  bool good = final.kind == ERROR_NONE;
  if (!good)
    changes_destroy(difference->changes);
  difference->done(difference->context, good ? difference->changes : NULL, good ? NULL : &final);
  buffer_finish(&difference->batch);
  memory_free(difference);
}

void difference_start(struct db *db, const struct difference_work *work, difference_done_fn *done, void *context) {
  struct difference *difference = memory_allocate(sizeof *difference);
  *difference = (struct difference){.work = *work,
                                    .done = done,
                                    .context = context,
                                    .source = {.snapshot = work->snapshot, .spool = work->spool},
                                    .changes = changes_create()};
  buffer_init(&difference->batch, BATCH_BYTES_LIMIT);
  if (!spool_rewind(work->spool, &difference->error))
    difference->stage = STAGE_DONE;
  db_transaction(db, &(struct db_pipeline){
                         .feed = feed, .rows = on_row, .done = on_done, .context = difference, .read_only = true});
}
