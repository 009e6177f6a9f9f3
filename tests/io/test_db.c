/* Queries, transactions and scripts of io/db on a real PostgreSQL; test_db_loss.c has what breaks them. */
#include "outcome.h"

static void expect_well(const struct outcome *outcome, const char *text) {
  cr_assert_eq(outcome->calls, 1);
  cr_assert_eq(outcome->kind, ERROR_NONE, "%s %s", outcome->code, outcome->error);
  cr_assert_str_eq(outcome->text, text);
}

static void expect_error(const struct outcome *outcome, enum error_kind kind, const char *code, const char *text) {
  cr_assert_eq(outcome->calls, 1);
  cr_assert_eq(outcome->kind, kind, "%d %s %s", outcome->kind, outcome->code, outcome->error);
  cr_assert_str_eq(outcome->code, code);
  cr_assert_str_eq(outcome->error, text);
}

Test(db, query_gives_rows_and_nulls) {
  struct database database = {.pending = 0};
  struct outcome rows = {.calls = 0}, none = {.calls = 0}, command = {.calls = 0};
  database_open(&database, NULL);
  query(&database, &rows, "select n, null, 'x' || n, '' from generate_series(1, 3) n");
  query(&database, &none, "select 1 where false");
  query(&database, &command, "create temp table t (a int)");
  database_finish(&database);
  expect_well(&rows, "0:1,NULL,x1,|0:2,NULL,x2,|0:3,NULL,x3,|");
  expect_well(&none, "");
  expect_well(&command, "");
  cr_assert_eq(database.connects, 1);
  cr_assert_eq(database.losses, 0);
}

static void read_types(void *context, const struct db_row *row) {
  int *seen = context;
  cr_assert_eq(row->columns, 6);
  cr_assert_eq(db_row_int(row, 0), INT64_MAX);
  cr_assert_eq(db_row_int(row, 1), 0, "no number");
  cr_assert_eq(db_row_int(row, 2), 0, "NULL");
  cr_assert(db_row_bool(row, 3));
  cr_assert_not(db_row_bool(row, 4));
  cr_assert_eq(db_row_int(row, 5), -12);
  cr_assert(db_row_is_null(row, 6), "no such column");
  cr_assert_eq(db_row_text(row, -1).length, 0);
  (*seen)++;
}

Test(db, values_are_read_by_type) {
  struct database database = {.pending = 1};
  struct outcome outcome = {.database = &database};
  int seen = 0;
  struct db_statement statement = {.sql = "select 9223372036854775807, '12abc', null, true, false, -12"};
  database_open(&database, NULL);
  db_query(database.db, &statement, read_types, NULL, &seen);
  db_query(database.db, &statement, NULL, outcome_done, &outcome);
  database_finish(&database);
  cr_assert_eq(seen, 1);
  expect_well(&outcome, "");
}

static void read_bytes(void *context, const struct db_row *row) {
  static const char bytes[] = {0, 'x', (char)255};
  int *seen = context;
  struct slice slice = db_row_text(row, 0);
  cr_assert_eq(slice.length, sizeof bytes);
  cr_assert_arr_eq(slice.bytes, bytes, sizeof bytes);
  cr_assert(slice_equals(db_row_text(row, 1), "\xC3\xA4"));
  cr_assert(db_row_is_null(row, 2));
  char text[3];
  cr_assert_null(db_row_optional(row, 2).bytes);
  cr_assert(slice_equals(db_row_optional(row, 1), "\xC3\xA4"));
  db_row_put(row, 1, text, sizeof text);
  cr_assert_str_eq(text, "\xC3\xA4");
  db_row_put(row, 2, text, sizeof text);
  cr_assert_str_eq(text, "");
  (*seen)++;
}

Test(db, bytes_come_as_they_are_when_asked_for_in_binary) {
  struct database database = {.pending = 0};
  struct outcome outcome = {.calls = 0};
  int seen = 0;
  struct db_statement statement = {.sql = "select '\\x0078ff'::bytea, '\xC3\xA4', null::bytea", .binary = true};
  database_open(&database, NULL);
  db_query(database.db, &statement, read_bytes, NULL, &seen);
  statement.prepare = true;
  db_query(database.db, &statement, read_bytes, NULL, &seen);
  query(&database, &outcome, "select 1");
  database_finish(&database);
  cr_assert_eq(seen, 2);
  expect_well(&outcome, "0:1|");
}

Test(db, parameters_are_slices_and_copied) {
  struct database database = {.pending = 1};
  struct outcome outcome = {.database = &database};
  char first[] = "one two", *second = strdup("{\"a\": [1]}");
  struct db_statement statement = {
      .sql = "select $1::text, $2::jsonb ->> 'a', $3::text is null, $4::text", .count = 4, .prepare = true};
  statement.values[0] = (struct slice){first, 3};
  statement.values[1] = (struct slice){second, strlen(second)};
  statement.values[3] = slice_of("");
  database_open(&database, NULL);
  db_query(database.db, &statement, outcome_query_row, outcome_done, &outcome);
  memset(first, 'z', sizeof first - 1);
  free(second);
  database_finish(&database);
  expect_well(&outcome, "0:one,[1],t,|");
}

Test(db, errors_have_a_state_and_no_detail) {
  struct database database = {.pending = 0};
  struct outcome create = {.calls = 0}, first = {.calls = 0}, twice = {.calls = 0}, syntax = {.calls = 0},
                 late = {.calls = 0}, after = {.calls = 0};
  database_open(&database, NULL);
  query(&database, &create, "create temp table t (a text primary key)");
  query(&database, &first, "insert into t values ('ann@example.com')");
  query(&database, &twice, "insert into t values ('ann@example.com')");
  query(&database, &syntax, "selec 1");
  query(&database, &late, "select 1 / (3 - n) from generate_series(1, 5) n");
  query(&database, &after, "select count(*) from t");
  database_finish(&database);
  expect_error(&twice, ERROR_DATABASE, "23505", "duplicate key value violates unique constraint \"t_pkey\"");
  expect_error(&syntax, ERROR_DATABASE, "42601", "syntax error at or near \"selec\"");
  expect_error(&late, ERROR_DATABASE, "22012", "division by zero");
  cr_assert_eq(late.rows, 2, "rows before the error are streamed");
  expect_well(&after, "0:1|");
  cr_assert_eq(database.connects, 1);
}

Test(db, many_rows_are_streamed) {
  struct database database = {.pending = 0};
  struct outcome outcome = {.calls = 0};
  database_open(&database, NULL);
  query(&database, &outcome, "select n, repeat('x', 100) from generate_series(1, 100000) n");
  database_finish(&database);
  cr_assert_eq(outcome.kind, ERROR_NONE, "%s", outcome.error);
  cr_assert_eq(outcome.rows, 100000);
}

struct numbered {
  struct outcome outcome;
  const char *const *texts;
};

static bool feed_texts(void *context, struct db_statement *ret_statement) {
  struct outcome *outcome = context;
  const char *const *texts = ((struct numbered *)context)->texts;
  if (texts[outcome->fed] == NULL)
    return false;
  *ret_statement = (struct db_statement){.sql = texts[outcome->fed++]};
  return true;
}

Test(db, transaction_numbers_its_statements) {
  static const char *const texts[] = {"create temp table t (a int)", "insert into t values (1), (2) returning a",
                                      "select count(*), txid_current() = txid_current() from t", NULL};
  struct database database = {.pending = 0};
  struct numbered numbered = {.texts = texts};
  struct outcome after = {.calls = 0}, empty = {.calls = 0};
  database_open(&database, NULL);
  transaction(&database, &numbered.outcome, feed_texts, false);
  transaction(&database, &empty, NULL, false);
  query(&database, &after, "select count(*) from t");
  database_finish(&database);
  expect_well(&numbered.outcome, "1:1|1:2|2:2,t|");
  expect_well(&empty, "");
  expect_well(&after, "0:2|");
}

Test(db, error_in_the_middle_rolls_all_back) {
  static const char *const texts[] = {"insert into t values (1)", "select 1 / 0", "insert into t values (2)",
                                      "select 1 / 0", NULL};
  struct database database = {.pending = 0};
  struct numbered numbered = {.texts = texts};
  struct outcome create = {.calls = 0}, after = {.calls = 0};
  database_open(&database, NULL);
  query(&database, &create, "create temp table t (a int)");
  transaction(&database, &numbered.outcome, feed_texts, false);
  query(&database, &after, "select count(*) from t");
  database_finish(&database);
  expect_error(&numbered.outcome, ERROR_DATABASE, "22012", "division by zero");
  expect_well(&after, "0:0|");
  cr_assert_eq(database.connects, 1, "the session is usable at once");
}

/* A deferred constraint speaks up when the sync commits. */
Test(db, error_at_the_commit_is_told) {
  static const char *const texts[] = {"insert into t values (1)", "insert into t values (1)", NULL};
  struct database database = {.pending = 0};
  struct numbered numbered = {.texts = texts};
  struct outcome create = {.calls = 0}, after = {.calls = 0};
  database_open(&database, NULL);
  query(&database, &create, "create temp table t (a int unique deferrable initially deferred)");
  transaction(&database, &numbered.outcome, feed_texts, false);
  query(&database, &after, "select count(*) from t");
  database_finish(&database);
  cr_assert_eq(numbered.outcome.kind, ERROR_DATABASE, "%s", numbered.outcome.error);
  cr_assert_str_eq(numbered.outcome.code, "23505");
  expect_well(&after, "0:0|");
  cr_assert_eq(database.connects, 1);
}

Test(db, read_only_transaction_writes_nothing) {
  static const char *const texts[] = {"select 7", "create table must_not_be (a int)", NULL};
  static const char *const fine[] = {"select 8", "create temp table now_allowed (a int)", NULL};
  struct database database = {.pending = 0};
  struct numbered read_only = {.texts = texts}, normal = {.texts = fine};
  database_open(&database, NULL);
  transaction(&database, &read_only.outcome, feed_texts, true);
  transaction(&database, &normal.outcome, feed_texts, false);
  database_finish(&database);
  expect_error(&read_only.outcome, ERROR_DATABASE, "25006", "cannot execute CREATE TABLE in a read-only transaction");
  cr_assert_str_eq(read_only.outcome.text, "0:7|", "the numbers do not count what was put before");
  expect_well(&normal.outcome, "0:8|");
}

Test(db, statement_is_prepared_once) {
  static const char sql[] = "select $1::int + 1";
  struct database database = {.pending = 0};
  struct db_statement statement = {.sql = sql, .count = 1, .values = {{"41", 2}}, .prepare = true};
  struct outcome twice = {.statement = &statement, .statements = 2}, again = twice, names = {.calls = 0};
  database_open(&database, NULL);
  transaction(&database, &twice, NULL, false);
  transaction(&database, &again, NULL, false);
  query(&database, &names, "select count(*), min(statement) from pg_prepared_statements");
  database_finish(&database);
  expect_well(&twice, "0:42|1:42|");
  expect_well(&again, "0:42|1:42|");
  expect_well(&names, "0:1,select $1::int + 1|");
}

Test(db, failed_preparation_is_tried_again) {
  static const char sql[] = "select a from late_table";
  struct database database = {.pending = 0};
  struct db_statement statement = {.sql = sql, .prepare = true};
  struct outcome early = {.statement = &statement, .statements = 2}, late = early, create = {.calls = 0};
  database_open(&database, NULL);
  transaction(&database, &early, NULL, false);
  query(&database, &create, "create temp table late_table as select 5 as a");
  transaction(&database, &late, NULL, false);
  database_finish(&database);
  expect_error(&early, ERROR_DATABASE, "42P01", "relation \"late_table\" does not exist");
  expect_well(&late, "0:5|1:5|");
}

Test(db, statement_for_once_is_left_out_when_it_was_committed) {
  static const char sql[] = "select 1 / (3 - nextval('counted'))";
  struct database database = {.pending = 0};
  struct db_statement statement = {.sql = sql, .prepare = true, .once = true};
  struct outcome failed = {.statement = &statement, .statements = 3}, well = failed, left_out = failed;
  struct outcome create = {.calls = 0}, next = {.calls = 0};
  well.statements = 2;
  database_open(&database, NULL);
  query(&database, &create, "create temp sequence counted");
  transaction(&database, &failed, NULL, false);
  transaction(&database, &well, NULL, false);
  transaction(&database, &left_out, NULL, false);
  query(&database, &next, "select nextval('counted')");
  database_finish(&database);
  expect_error(&failed, ERROR_DATABASE, "22012", "division by zero");
  expect_well(&well, "0:-1|1:0|");
  expect_well(&left_out, "");
  expect_well(&next, "0:6|");
}

Test(db, script_is_all_or_nothing) {
  struct database database = {.pending = 0};
  struct outcome well = {.calls = 0}, bad = {.calls = 0}, open = {.calls = 0}, broken = {.calls = 0},
                 after = {.calls = 0};
  database_open(&database, NULL);
  script(&database, &well, "create temp table t (a int); insert into t values (1); select * from t;");
  script(&database, &bad, "insert into t values (2); select 1 / 0; insert into t values (3)");
  script(&database, &open, "begin; insert into t values (4)");
  script(&database, &broken, "begin; insert into t values (5); select 1 / 0; commit");
  query(&database, &after, "select count(*) from t");
  database_finish(&database);
  expect_well(&well, "");
  expect_error(&bad, ERROR_DATABASE, "22012", "division by zero");
  expect_error(&open, ERROR_BUG, "", "script left its transaction open, it was rolled back");
  expect_error(&broken, ERROR_DATABASE, "22012", "division by zero");
  expect_well(&after, "0:1|");
  cr_assert_eq(database.connects, 1);
}

static void notify_self(struct outcome *outcome) {
  static struct outcome notify, wait;
  if (outcome->database->notification[0] != '\0')
    return;
  query(outcome->database, &notify, "select pg_notify('io_db_test', 'hello')");
  query(outcome->database, &wait, "select 1");
}

Test(db, notification_arrives) {
  struct database database = {.pending = 0};
  struct outcome listen = {.at_end = notify_self};
  database_open(&database, NULL);
  query(&database, &listen, "listen io_db_test");
  database_finish(&database);
  cr_assert_str_eq(database.notification, "io_db_test=hello");
}

/* The loop stands while the answer comes, and then another session's notification: both are read at once. */
static void stand_still(void *context) {
  struct database *database = context;
  char command[700];
  timer_close(database->timer);
  snprintf(command, sizeof command, "sleep 0.4; psql -XqAt -d '%s' -c \"notify io_db_test, 'behind'\"; sleep 0.1",
           database->conninfo);
  cr_assert_eq(system(command), 0);
}

static void ask_slowly(struct outcome *outcome) {
  static struct outcome answer;
  struct database *database = outcome->database;
  query(database, &answer, "select pg_sleep(0.3)");
  database->timer = timer_open(database->loop, stand_still, database);
  timer_start(database->timer, 100);
}

Test(db, notification_that_comes_in_one_read_with_an_answer_does_not_wait) {
  struct database database = {.pending = 0};
  struct outcome listen = {.at_end = ask_slowly};
  database_open(&database, NULL);
  query(&database, &listen, "listen io_db_test");
  database_finish(&database);
  cr_assert_str_eq(database.notification, "io_db_test=behind");
}

/* What the caller had them in is gone when they are sent. */
Test(db, statements_of_a_transaction_are_copied) {
  struct database database = {.pending = 0};
  struct outcome outcome = {.calls = 0}, after = {.calls = 0};
  char sql[] = "select set_config('io_db.text', $1, true)", value[] = "kept";
  struct db_statement statements[] = {{.sql = sql, .count = 1, .values = {slice_of(value)}},
                                      {.sql = "select current_setting('io_db.text')", .prepare = true}};
  database_open(&database, NULL);
  outcome_begin(&outcome, &database);
  db_transaction(
      database.db,
      &(struct db_pipeline){
          .statements = statements, .count = 2, .rows = outcome_row, .done = outcome_done, .context = &outcome});
  database.inside = false;
  memset(sql, '?', sizeof sql - 1);
  memset(value, '?', sizeof value - 1);
  memset(statements, 0, sizeof statements);
  query(&database, &after, "select coalesce(current_setting('io_db.text', true), '')");
  database_finish(&database);
  expect_well(&outcome, "0:kept|1:kept|");
  expect_well(&after, "0:|");
}

Test(db, hello_is_said_first_on_every_session) {
  static const struct db_statement hello = {
      .sql = "select set_config('search_path', $1, false), set_config('timezone', 'UTC', false)",
      .count = 1,
      .values = {{"\"a schema\", pg_temp", 19}}};
  struct database database = {.options = {.hello = &hello}};
  struct outcome outcome = {.calls = 0};
  database_open(&database, NULL);
  query(&database, &outcome,
        "select current_setting('search_path'), current_setting('timezone'), current_setting('application_name')");
  database_finish(&database);
  expect_well(&outcome, "0:\"a schema\", pg_temp,UTC,closesyncd-test|");
}

Test(db, failed_hello_fails_the_work) {
  static const struct db_statement hello = {.sql = "select no_such_function()"};
  struct database database = {.options = {.hello = &hello}};
  struct outcome outcome = {.calls = 0}, second = {.calls = 0};
  database_open(&database, NULL);
  query(&database, &outcome, "select 1");
  query(&database, &second, "select 1");
  database_finish(&database);
  expect_error(&outcome, ERROR_DATABASE, "42883", "function no_such_function() does not exist");
  expect_error(&second, ERROR_DATABASE, "42883", "function no_such_function() does not exist");
  cr_assert_eq(database.connects, 0);
}
