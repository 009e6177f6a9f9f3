/* What is owed becomes text that PostgreSQL reads. It promises that what is not known is NULL. */
#include "store/flush.h"
#include "io/db_array.h"
#include "sql/embedded.h"
#include <inttypes.h>
#include <stdio.h>

enum { COLUMN_BYTES_MAX = 16 * 1024 * 1024, NUMBER_BYTES = 40 };
enum column {
  ID,
  OUTCOME,
  ERROR_TEXT,
  ATTEMPTS,
  LISTING_AT,
  GAP,
  FROM_AT,
  FIRST_ENDED_AT,
  UNTIL_AT,
  SWEEPS,
  LONGEST_GAP,
  PENDING_GAP,
  NEWEST_AT,
  SEEN_REVISION
};

void flush_init(struct flush *flush) {
  for (int i = 0; i < FLUSH_COLUMNS; i++)
    buffer_init(&flush->columns[i], COLUMN_BYTES_MAX);
}

void flush_finish(struct flush *flush) {
  for (int i = 0; i < FLUSH_COLUMNS; i++)
    buffer_finish(&flush->columns[i]);
}

/* NULL when it is empty. */
static void add_text(struct flush *flush, enum column column, const char *text) {
  struct buffer *buffer = &flush->columns[column];
  if (*text == '\0')
    db_array_append_null(buffer);
  else
    db_array_append(buffer, slice_of(text));
}

static void add_number(struct flush *flush, enum column column, int64_t number) {
  char text[NUMBER_BYTES];
  snprintf(text, sizeof text, "%" PRId64, number);
  add_text(flush, column, text);
}

static void add_span(struct flush *flush, enum column column, int64_t span_us) {
  char text[NUMBER_BYTES];
  snprintf(text, sizeof text, "%" PRId64 " microseconds", span_us);
  add_text(flush, column, text);
}

static void add_moment(struct flush *flush, enum column column, int64_t moment_us) {
  char text[MOMENT_TEXT_BYTES] = "";
  if (moment_us != MOMENT_UNKNOWN)
    moment_format(moment_us, text);
  add_text(flush, column, text);
}

static void add_coverage(struct flush *flush, const struct coverage *coverage) {
  add_moment(flush, FROM_AT, coverage->from_at_us);
  add_moment(flush, FIRST_ENDED_AT, coverage->first_ended_at_us);
  add_moment(flush, UNTIL_AT, coverage->until_at_us);
  add_number(flush, SWEEPS, coverage->sweeps);
  add_span(flush, LONGEST_GAP, coverage->longest_gap_us);
  add_span(flush, PENDING_GAP, coverage->pending_gap_us);
}

void flush_add(struct flush *flush, const struct write_behind *write_behind, const char *organization_id,
               int64_t gap_us) {
  add_text(flush, ID, organization_id);
  add_text(flush, OUTCOME, outcome_name(write_behind->outcome));
  add_text(flush, ERROR_TEXT, write_behind->error);
  add_number(flush, ATTEMPTS, write_behind->attempts);
  add_moment(flush, LISTING_AT, write_behind->listed_at_us);
  add_span(flush, GAP, write_behind_gap_us(write_behind, gap_us));
  add_moment(flush, NEWEST_AT, write_behind->outcome_at_us);
  add_text(flush, SEEN_REVISION, write_behind->revision);
  if (write_behind->coverage.sweeps > 0)
    add_coverage(flush, &write_behind->coverage);
  else
    for (int column = FROM_AT; column <= PENDING_GAP; column++)
      add_text(flush, (enum column)column, "");
}

struct db_statement flush_statement(struct flush *flush) {
  struct db_statement statement = {.sql = sql_query_flush, .count = FLUSH_COLUMNS, .prepare = true};
  for (int i = 0; i < FLUSH_COLUMNS; i++) {
    db_array_close(&flush->columns[i]);
    statement.values[i] = buffer_slice(&flush->columns[i]);
  }
  return statement;
}

void flush_warm_up(struct db *db) {
  struct db_statement statement = {.sql = sql_query_flush, .count = FLUSH_COLUMNS, .prepare = true, .once = true};
  db_query(db, &statement, NULL, NULL, NULL);
}

struct db_statement flush_hold_statement(const struct flush *flush, struct slice wanted) {
  return (struct db_statement){
      .sql = sql_query_hold_free,
      .count = 2,
      .values = {buffer_slice(&flush->columns[ID]), wanted.length == 0 ? (struct slice){0} : wanted},
      .prepare = true};
}
