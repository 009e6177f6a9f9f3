#pragma once
/* One piece of work for a session and how it ended. The session is destroyed when the last one has ended. */
#include "database.h"

struct outcome { /* zero it before the work */
  struct database *database;
  int calls, rows, fed, statements; /* statements: how many `feed` gives */
  enum error_kind kind;
  char code[8], error[512], text[1000]; /* text: "statement:value,value|" per row */
  const struct db_statement *statement; /* what `feed` gives, each time */
  void (*in_feed)(struct outcome *outcome);
  void (*in_row)(struct outcome *outcome);
  void (*at_end)(struct outcome *outcome);
};

static inline void outcome_row(void *context, int statement, const struct db_row *row) {
  struct outcome *outcome = context;
  size_t room = sizeof outcome->text - 1, used = strlen(outcome->text);
  outcome->rows++;
  for (int i = 0; i < row->columns && used + 60 < room; i++) {
    struct slice value = db_row_is_null(row, i) ? slice_of("NULL") : db_row_text(row, i);
    used += (size_t)snprintf(outcome->text + used, 20, i > 0 ? "," : "%d:", statement);
    used += (size_t)snprintf(outcome->text + used, 30, "%.*s", value.length < 29 ? (int)value.length : 29, value.bytes);
  }
  if (used + 1 < room)
    strcat(outcome->text, "|");
  if (outcome->in_row != NULL)
    outcome->in_row(outcome);
}

static inline void outcome_query_row(void *context, const struct db_row *row) { outcome_row(context, 0, row); }

static inline void outcome_done(void *context, const struct error *error) {
  struct outcome *outcome = context;
  struct database *database = outcome->database;
  cr_assert_not(database->inside, "a completion came from inside a call");
  cr_assert_eq(outcome->calls++, 0, "a completion came twice");
  if (error != NULL) {
    cr_assert_neq(error->kind, ERROR_NONE);
    outcome->kind = error->kind;
    strcpy(outcome->code, error->code);
    strcpy(outcome->error, error->text);
  }
  if (outcome->at_end != NULL)
    outcome->at_end(outcome);
  if (--database->pending == 0 && database->db != NULL)
    database_close(database);
}

static inline bool outcome_feed(void *context, struct db_statement *ret_statement) {
  struct outcome *outcome = context;
  cr_assert_not(outcome->database->inside);
  if (outcome->fed == outcome->statements)
    return false;
  *ret_statement = outcome->statement[0];
  outcome->fed++;
  if (outcome->in_feed != NULL)
    outcome->in_feed(outcome);
  return true;
}

static inline void outcome_begin(struct outcome *outcome, struct database *database) {
  outcome->database = database;
  database->pending++;
  database->inside = true;
}

static inline void query(struct database *database, struct outcome *outcome, const char *sql) {
  struct db_statement statement = {.sql = sql};
  outcome_begin(outcome, database);
  db_query(database->db, &statement, outcome_query_row, outcome_done, outcome);
  database->inside = false;
}

static inline void script(struct database *database, struct outcome *outcome, const char *sql) {
  char *copy = strdup(sql);
  outcome_begin(outcome, database);
  db_script(database->db, copy, outcome_done, outcome);
  database->inside = false;
  free(copy);
}

/* Feeds outcome->statement outcome->statements times, or what another feed gives. */
static inline void transaction(struct database *database, struct outcome *outcome, db_feed_fn *feed, bool read_only) {
  struct db_pipeline pipeline = {.feed = feed != NULL ? feed : outcome_feed,
                                 .rows = outcome_row,
                                 .done = outcome_done,
                                 .context = outcome,
                                 .read_only = read_only};
  outcome_begin(outcome, database);
  db_transaction(database->db, &pipeline);
  database->inside = false;
}
