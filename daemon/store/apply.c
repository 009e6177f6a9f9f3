/* Sends a sweep's transaction, the statements of sql/sync in the order of their names, as one pipeline. What differs comes from the
 * spool in batches, each with its own run of the steps 10 to 45, so memory stays bounded. The result is what the last step says when
 * all is written. Nothing is decided here: the sweep has judged what to write, and SQL compares. */
#include "store/apply.h"
#include "base/memory.h"
#include "base/moment.h"
#include "io/db_array.h"
#include "sql/embedded.h"
#include "store/held.h"
#include <stdio.h>
#include <string.h>

enum {
  BATCH_RECORDS = 1000,
  BATCH_BYTES = 4 * 1024 * 1024,
  BATCH_BYTES_LIMIT = 64 * 1024 * 1024,
  SORTED_RECORDS = 16384, /* at once, which takes the loop some milliseconds */
};

enum stage { STAGE_HOLD, STAGE_TABLES, STAGE_BEGIN, STAGE_LOAD, STAGE_ROOM, STAGE_BATCH, STAGE_END, STAGE_DONE };

struct apply {
  struct apply_work work;
  apply_done_fn *done;
  void *context;
  struct buffer batch;
  enum stage stage;
  int step, statement, finish_statement, batches;
  char texts[20][48]; /* numbers and times as parameters */
  int text_count;
  struct apply_result result;
  bool finished;
  struct error error; /* the spool's, which ends the transaction */
};

static const char *const batch_steps[] = {sql_sync_20_history,     sql_sync_30_account,  sql_sync_31_identity,
                                          sql_sync_32_mail_server, sql_sync_33_calendar, sql_sync_34_feature,
                                          sql_sync_40_digest,      sql_sync_45_drift};
enum { BATCH_STEPS = sizeof batch_steps / sizeof batch_steps[0] };

static struct slice optional(const char *text) { return text == NULL ? (struct slice){0} : slice_of(text); }

static struct slice number_text(struct apply *apply, int64_t value) {
  char *text = apply->texts[apply->text_count++];
  snprintf(text, sizeof apply->texts[0], "%lld", (long long)value);
  return slice_of(text);
}

static struct slice moment_text(struct apply *apply, int64_t moment_us) {
  if (moment_us == MOMENT_UNKNOWN)
    return (struct slice){0};
  char *text = apply->texts[apply->text_count++];
  moment_format(moment_us, text);
  return slice_of(text);
}

static struct slice span_text(struct apply *apply, int64_t span_us) {
  char *text = apply->texts[apply->text_count++];
  snprintf(text, sizeof apply->texts[0], "%lld microseconds", (long long)span_us);
  return slice_of(text);
}

static struct slice array_or_empty(struct slice literal) { return literal.length == 0 ? slice_of("{}") : literal; }

static void begin(struct apply *apply, struct db_statement *statement) {
  const struct apply_work *work = &apply->work;
  *statement = (struct db_statement){
      .sql = sql_sync_00_begin,
      .prepare = true,
      .count = 16,
      .values = {slice_of(work->organization_id), optional(work->revision), slice_of(work->name),
                 optional(work->principal_id), optional(work->user_id), moment_text(apply, work->started_at_us),
                 moment_text(apply, work->listed_at_us), moment_text(apply, work->complete_at_us),
                 work->volatile_fields, slice_of(work->verify ? "true" : "false"),
                 slice_of(work->complete ? "true" : "false"), number_text(apply, APPLY_DIGEST_VERSION),
                 optional(work->known_as), number_text(apply, work->lock.pid),
                 moment_text(apply, work->lock.started_us), work->excluded_fields}};
}

static void finish(struct apply *apply, struct db_statement *statement) {
  const struct apply_work *work = &apply->work;
  const struct coverage *coverage = &work->coverage;
  bool covers = coverage->sweeps > 0;
  *statement = (struct db_statement){
      .sql = sql_sync_90_finish,
      .prepare = true,
      .count = 16,
      .values = {slice_of(outcome_name(work->floor)), optional(work->error), number_text(apply, work->accounts),
                 number_text(apply, work->rejected_count), number_text(apply, work->requests),
                 number_text(apply, work->received_bytes), span_text(apply, work->gap_ms * 1000)}};
  if (covers) {
    statement->values[7] = moment_text(apply, coverage->from_at_us);
    statement->values[8] = moment_text(apply, coverage->first_ended_at_us);
    statement->values[9] = moment_text(apply, coverage->until_at_us);
    statement->values[10] = number_text(apply, coverage->sweeps);
    statement->values[11] = span_text(apply, coverage->longest_gap_us);
    statement->values[12] = span_text(apply, coverage->pending_gap_us);
  }
  statement->values[13] = slice_of(work->verified ? "true" : "false");
  statement->values[14] = number_text(apply, work->attempts);
  statement->values[15] = slice_of(work->notify ? "true" : "false");
  apply->finish_statement = apply->statement;
}

/* A spooled record: number, raw digest, digest, length of the id, id, document as listing's on_differs() puts it. */
static bool append_record(const struct apply_work *work, struct slice record, struct buffer *batch, int *count) {
  uint32_t number, id_length;
  char raw[2 * HASH_BYTES + 1], digest[2 * HASH_BYTES + 1];
  const char *at = record.bytes;
  memcpy(&number, at, sizeof number);
  memcpy(&id_length, at + sizeof number, sizeof id_length);
  at += sizeof number + sizeof id_length;
  if (snapshot_is_uncertain(work->snapshot, number))
    return true;
  text_hex((const unsigned char *)at, HASH_BYTES, raw);
  text_hex((const unsigned char *)at + HASH_BYTES, HASH_BYTES, digest);
  at += 2 * HASH_BYTES;
  struct slice id = {at, id_length};
  struct slice document = {at + id_length, (size_t)(record.bytes + record.length - at) - id_length};
  ++*count;
  return buffer_append_text(batch, batch->length == 0 ? "[[" : ",[") && text_append_json(batch, id) &&
         buffer_append_format(batch, ",\"%s\",\"%s\",", raw, digest) &&
         buffer_append(batch, document.bytes, document.length) && buffer_append(batch, "]", 1);
}

static int order_of_ids(const void *context, uint32_t left, uint32_t right) {
  struct slice a = snapshot_id(context, left), b = snapshot_id(context, right);
  int order = memcmp(a.bytes, b.bytes, a.length < b.length ? a.length : b.length);
  return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

/* In the order of their ids the rows of a first fill go to the end of each index, which then does not split in the middle: a tenth less of
 * PostgreSQL's processor time and of its log. */
static bool next_record(const struct apply_work *work, struct slice *ret_record, struct error *error) {
  if (spool_position(work->spool) % SORTED_RECORDS == 0)
    spool_sort_next(work->spool, SORTED_RECORDS, order_of_ids, work->snapshot);
  return spool_next(work->spool, ret_record, error);
}

bool apply_next_batch(const struct apply_work *work, struct buffer *batch, struct error *error) {
  struct slice record;
  int count = 0;
  struct error read_error = {0};
  buffer_clear(batch);
  while (count < BATCH_RECORDS && batch->length < BATCH_BYTES && next_record(work, &record, &read_error))
    if (!append_record(work, record, batch, &count))
      return error_set(error, ERROR_LIMIT, "one batch of documents exceeds %d bytes", BATCH_BYTES_LIMIT);
  if (read_error.kind != ERROR_NONE) {
    *error = read_error;
    return false;
  }
  return count > 0 && buffer_append(batch, "]", 1);
}

static void plain(struct db_statement *statement, const char *sql) {
  *statement = (struct db_statement){.sql = sql, .prepare = true};
}

static void with_one(struct db_statement *statement, const char *sql, struct slice value) {
  *statement = (struct db_statement){.sql = sql, .count = 1, .values = {value}, .prepare = true};
}

/* A statement that stops the transaction: the spool could not be read, and what was sent must not be committed. */
static void refuse(struct db_statement *statement) {
  static const char sql[] = "select refuse('CS003', 'the documents could not be read')";
  plain(statement, sql);
}

/* The next batch, with room made for it behind the first; or on to the end. */
static bool feed_load(struct apply *apply, struct db_statement *statement) {
  apply->step = 0;
  if (!apply_next_batch(&apply->work, &apply->batch, &apply->error)) {
    apply->stage = apply->error.kind == ERROR_NONE ? STAGE_END : STAGE_DONE;
    if (apply->stage == STAGE_DONE)
      refuse(statement);
    return apply->stage == STAGE_DONE;
  }
  bool first = apply->batches++ == 0;
  if (first)
    with_one(statement, sql_sync_10_load, buffer_slice(&apply->batch));
  else
    plain(statement, sql_query_next_batch);
  apply->stage = first ? STAGE_BATCH : STAGE_ROOM;
  return true;
}

static void feed_batch(struct apply *apply, struct db_statement *statement) {
  plain(statement, batch_steps[apply->step++]);
  if (apply->step == BATCH_STEPS)
    apply->stage = STAGE_LOAD;
}

/* A step behind the batches. False: it has nothing to do in this sweep. */
static bool end_step(struct apply *apply, int step, struct db_statement *statement) {
  const struct apply_work *work = &apply->work;
  switch (step) {
  case 0:
    with_one(statement, sql_sync_50_remove, work->removed);
    return work->removed.length > 0;
  case 1:
    plain(statement, sql_sync_60_stray);
    return work->verify && work->complete;
  case 2:
    with_one(statement, sql_sync_70_rejected, work->rejected);
    return work->has_rejected;
  case 3:
    with_one(statement, sql_sync_80_seen, array_or_empty(work->unseen));
    return work->has_unseen;
  default:
    finish(apply, statement);
    return true;
  }
}

static bool feed_end(struct apply *apply, struct db_statement *statement) {
  enum { END_STEPS = 5 };
  while (apply->step < END_STEPS)
    if (end_step(apply, apply->step++, statement))
      return true;
  return false;
}

static bool feed(void *context, struct db_statement *ret_statement) {
  struct apply *apply = context;
  bool fed = true;
  apply->text_count = 0;
  apply->statement++;
  switch (apply->stage) {
  case STAGE_HOLD:
    *ret_statement = held_statement(apply->work.organization_id);
    apply->stage = STAGE_TABLES;
    break;
  case STAGE_TABLES: /* not when the session opens: they are 80 kB of WAL, and an unchanged sweep needs none of them */
    plain(ret_statement, sql_query_session_temp);
    ret_statement->once = true;
    apply->stage = STAGE_BEGIN;
    break;
  case STAGE_BEGIN:
    begin(apply, ret_statement);
    apply->stage = STAGE_LOAD;
    break;
  case STAGE_LOAD:
    fed = feed_load(apply, ret_statement) || (apply->stage == STAGE_END && feed_end(apply, ret_statement));
    break;
  case STAGE_ROOM:
    with_one(ret_statement, sql_sync_10_load, buffer_slice(&apply->batch));
    apply->stage = STAGE_BATCH;
    break;
  case STAGE_BATCH:
    feed_batch(apply, ret_statement);
    break;
  case STAGE_END:
    fed = feed_end(apply, ret_statement);
    break;
  case STAGE_DONE:
    fed = false;
    break;
  }
  return fed;
}

/* The last step's row: outcome, added, changed, removed, repaired, revision, sweep_id, the revision with its id, told, rescoped. */
static void on_row(void *context, int statement, const struct db_row *row) {
  struct apply *apply = context;
  if (statement + 1 != apply->finish_statement)
    return;
  struct apply_result *result = &apply->result;
  apply->finished = outcome_parse(db_row_text(row, 0), &result->outcome);
  result->added = db_row_int(row, 1);
  result->changed = db_row_int(row, 2);
  result->removed = db_row_int(row, 3);
  result->repaired = db_row_int(row, 4);
  result->rescoped = db_row_int(row, 9);
  struct slice revision = db_row_text(row, 7);
  snprintf(result->revision, sizeof result->revision, "%.*s", (int)revision.length, revision.bytes);
}

static void on_done(void *context, const struct error *error) {
  struct apply *apply = context;
  struct error final = {0};
  if (apply->error.kind != ERROR_NONE)
    final = apply->error;
  else if (error != NULL)
    final = *error;
  else if (!apply->finished)
    error_set(&final, ERROR_BUG, "the last step of the transaction said nothing");
  if (strcmp(final.code, "CS001") == 0 || strcmp(final.code, APPLY_LOCK_LOST) == 0)
    final.kind = ERROR_CONFLICT;
  apply->done(apply->context, final.kind == ERROR_NONE ? &apply->result : NULL,
              final.kind == ERROR_NONE ? NULL : &final);
  buffer_finish(&apply->batch);
  memory_free(apply);
}

void apply_start(struct db *db, const struct apply_work *work, apply_done_fn *done, void *context) {
  struct apply *apply = memory_allocate(sizeof *apply);
  *apply = (struct apply){.work = *work, .done = done, .context = context};
  buffer_init(&apply->batch, BATCH_BYTES_LIMIT);
  if (!spool_rewind(work->spool, &apply->error))
    apply->stage = STAGE_DONE;
  db_transaction(db, &(struct db_pipeline){.feed = feed, .rows = on_row, .done = on_done, .context = apply});
}

/* ---- the same with nothing to do ---- */

static const struct {
  const char *sql;
  int count;
  const char *value; /* of the first parameter; all others are NULL */
} warm_up[] = {
    {sql_query_hold, 1, NULL},          {sql_query_warm_up, 0, NULL},    {sql_sync_10_load, 1, "[]"},
    {sql_sync_20_history, 0, NULL},     {sql_sync_30_account, 0, NULL},  {sql_sync_31_identity, 0, NULL},
    {sql_sync_32_mail_server, 0, NULL}, {sql_sync_33_calendar, 0, NULL}, {sql_sync_34_feature, 0, NULL},
    {sql_sync_40_digest, 0, NULL},      {sql_sync_45_drift, 0, NULL},    {sql_sync_70_rejected, 1, "[]"},
    {sql_sync_80_seen, 1, "{}"},        {sql_sync_90_finish, 16, NULL},
};

static bool feed_warm_up(void *context, struct db_statement *ret_statement) {
  size_t *next = context;
  if (*next == sizeof warm_up / sizeof warm_up[0])
    return false;
  *ret_statement = (struct db_statement){.sql = warm_up[*next].sql,
                                         .count = warm_up[*next].count,
                                         .values = {optional(warm_up[*next].value)},
                                         .prepare = true,
                                         .once = true};
  ++*next;
  return true;
}

static void on_warmed_up(void *context, const struct error *error) {
  (void)error; /* the sweep's own transaction meets it too, and tells */
  memory_free(context);
}

/* The tables in a transaction of their own: whatever was planned in the one that makes them is planned anew after it. */
void apply_warm_up(struct db *db) {
  struct db_statement tables = {.sql = sql_query_session_temp, .prepare = true, .once = true};
  size_t *next = memory_allocate(sizeof *next);
  db_query(db, &tables, NULL, NULL, NULL);
  db_transaction(db, &(struct db_pipeline){.feed = feed_warm_up, .done = on_warmed_up, .context = next});
}
