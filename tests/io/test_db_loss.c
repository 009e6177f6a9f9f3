/* What breaks a session: each piece of work ends once, and the next one finds a new session. */
#include "outcome.h"
#include <stddef.h>

static void expect_lost(const struct outcome *outcome, const char *text) {
  cr_assert_eq(outcome->calls, 1);
  cr_assert_eq(outcome->kind, ERROR_UNREACHABLE, "%d %s", outcome->kind, outcome->error);
  cr_assert_not_null(strstr(outcome->error, text), "%s", outcome->error);
}

static void expect_well(const struct outcome *outcome, const char *text) {
  cr_assert_eq(outcome->calls, 1);
  cr_assert_eq(outcome->kind, ERROR_NONE, "%s %s", outcome->code, outcome->error);
  cr_assert_str_eq(outcome->text, text);
}

static void expect_cancelled(const struct outcome *outcome) {
  cr_assert_eq(outcome->calls, 1);
  cr_assert_eq(outcome->kind, ERROR_CANCELLED, "%d %s", outcome->kind, outcome->error);
}

Test(db_loss, terminated_backend_is_replaced) {
  struct database database = {.pending = 0};
  struct outcome before = {.calls = 0}, lost = {.calls = 0}, after = {.calls = 0};
  database_open(&database, NULL);
  query(&database, &before, "create temp table t (a int)");
  query(&database, &lost, "select pg_terminate_backend(pg_backend_pid()), pg_sleep(5)");
  query(&database, &after, "select to_regclass('pg_temp.t') is null");
  database_finish(&database);
  expect_lost(&lost, "terminating connection due to administrator command");
  expect_well(&after, "0:t|");
  cr_assert_eq(database.connects, 2);
  cr_assert_eq(database.losses, 1);
}

struct murder {
  struct outcome pid, kill, again; /* the first is the outcome whose end begins it */
  struct database killer;
};

static void ask_again(struct outcome *outcome) {
  struct murder *murder = (struct murder *)((char *)outcome - offsetof(struct murder, kill));
  query(murder->pid.database, &murder->again, "select 5");
  murder->pid.database->pending--;
}

static void kill_it(struct outcome *outcome) {
  struct murder *murder = (struct murder *)outcome;
  char sql[200];
  snprintf(sql, sizeof sql, "select pg_terminate_backend(%d, 5000)", atoi(outcome->text + 2));
  murder->killer.loop = outcome->database->loop;
  outcome->database->pending++; /* until ask_again() */
  database_open(&murder->killer, NULL);
  query(&murder->killer, &murder->kill, sql);
}

Test(db_loss, idle_session_that_died_is_replaced) {
  struct database database = {.pending = 0};
  struct murder murder = {.pid = {.at_end = kill_it}, .kill = {.at_end = ask_again}};
  database_open(&database, NULL);
  query(&database, &murder.pid, "select pg_backend_pid()");
  database_finish(&database);
  expect_well(&murder.kill, "0:t|");
  cr_assert_eq(database.losses, 1);
  cr_assert_eq(murder.again.calls, 1);
}

/* The server ends a session that is silent for half a second; it has nothing to do for over a second. */
static void on_rested(void *context) { database_close(context); }

static int losses_of_one_that_rests(int64_t ask_every_ms) {
  struct db_statement hello = {.sql = "select set_config('idle_session_timeout', '500ms', false)"};
  struct database database = {.pending = 1, .options = {.ask_every_ms = ask_every_ms, .hello = &hello}};
  struct outcome outcome = {.calls = 0};
  database_open(&database, NULL);
  query(&database, &outcome, "select 1");
  struct timer *rest = timer_open(database.loop, on_rested, &database);
  timer_start(rest, 1300);
  loop_run(database.loop);
  timer_close(rest);
  database_finish(&database);
  cr_assert_eq(database.connects, 1);
  return database.losses;
}

Test(db_loss, of_a_silent_session_and_not_of_one_that_asks) {
  cr_assert_eq(losses_of_one_that_rests(0), 1);
  cr_assert_eq(losses_of_one_that_rests(100), 0);
}

Test(db_loss, silence_drops_the_session) {
  struct database database = {.options = {.answer_timeout_ms = 200}};
  struct outcome slow = {.calls = 0}, after = {.calls = 0};
  database_open(&database, NULL);
  query(&database, &slow, "select pg_sleep(30)");
  query(&database, &after, "select 1");
  database_finish(&database);
  expect_lost(&slow, "no answer from PostgreSQL within 0.2 s, the session was dropped");
  expect_well(&after, "0:1|");
}

Test(db_loss, copy_is_refused_and_bounded) {
  static const char *const texts[] = {"copy (select 1) to stdout", "copy pg_temp.t from stdin", "copy t from stdin"};
  for (int as_script = 0; as_script < 2; as_script++)
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
      struct database database = {.pending = 0};
      struct outcome create = {.calls = 0}, copy = {.calls = 0}, after = {.calls = 0};
      database_open(&database, NULL);
      query(&database, &create, "create temp table t (a int)");
      (as_script ? script : query)(&database, &copy, texts[i]);
      query(&database, &after, "select 1");
      database_finish(&database);
      cr_assert_eq(copy.kind, ERROR_BUG, "%s: %s", texts[i], copy.error);
      cr_assert_str_eq(copy.error, "could not copy: COPY is not possible on this session");
      expect_well(&after, "0:1|");
    }
}

static void drop(struct outcome *outcome) {
  outcome->in_row = outcome->in_feed = NULL;
  db_drop(outcome->database->db, "the caller lost patience");
}

Test(db_loss, dropped_session_ends_its_work) {
  static const struct db_statement statement = {.sql = "select 1"};
  struct database database = {.pending = 0};
  struct outcome in_row = {.in_row = drop}, at_end = {.at_end = drop}, after = {.calls = 0};
  struct outcome in_feed = {.in_feed = drop, .statement = &statement, .statements = 3};
  database_open(&database, NULL);
  db_drop(database.db, "nothing to drop");
  query(&database, &in_row, "select generate_series(1, 1000)");
  transaction(&database, &in_feed, NULL, false);
  query(&database, &at_end, "select 2");
  query(&database, &after, "select 3");
  database_finish(&database);
  expect_lost(&in_row, "the caller lost patience");
  cr_assert_eq(in_row.rows, 1);
  expect_lost(&in_feed, "the caller lost patience");
  cr_assert_eq(in_feed.fed, 1);
  expect_well(&at_end, "0:2|");
  expect_well(&after, "0:3|");
  cr_assert_eq(database.connects, 4);
  cr_assert_eq(database.losses, 3);
}

/* Without its sync a pipeline cannot be committed: dropping is the way out. */
Test(db_loss, unsendable_statement_commits_nothing) {
  struct database database = {.pending = 0};
  struct db_statement statement = {.sql = "insert into nul_test values ($1)", .count = 1, .values = {{"a\0b", 3}}};
  struct outcome create = {.calls = 0}, bad = {.statement = &statement, .statements = 1}, after = {.calls = 0},
                 gone = {.calls = 0};
  database_open(&database, NULL);
  script(&database, &create, "drop table if exists nul_test; create table nul_test (a text)");
  transaction(&database, &bad, NULL, false);
  query(&database, &after, "select count(*) from nul_test");
  query(&database, &gone, "drop table nul_test");
  database_finish(&database);
  cr_assert_eq(bad.kind, ERROR_BUG, "%s", bad.error);
  expect_well(&after, "0:0|");
}

Test(db_loss, statements_are_prepared_anew) {
  struct database database = {.pending = 0};
  struct db_statement statement = {.sql = "select 6 * 7", .prepare = true};
  struct outcome first = {.statement = &statement, .statements = 1}, second = first, lost = {.calls = 0};
  database_open(&database, NULL);
  transaction(&database, &first, NULL, false);
  query(&database, &lost, "select pg_terminate_backend(pg_backend_pid())");
  transaction(&database, &second, NULL, false);
  database_finish(&database);
  expect_well(&first, "0:42|");
  expect_well(&second, "0:42|");
}

static void count_on_the_way(struct outcome *outcome) {
  cr_assert_leq(outcome->fed - outcome->rows, 8, "%d MB are on the way", outcome->fed - outcome->rows);
}

static struct db_statement megabyte(const char *sql) {
  char *bytes = malloc(1024 * 1024);
  memset(bytes, 'x', 1024 * 1024);
  return (struct db_statement){.sql = sql, .count = 1, .values = {{bytes, 1024 * 1024}}};
}

Test(db_loss, feed_waits_for_the_server) {
  struct database database = {.pending = 0};
  struct db_statement statement = megabyte("select length($1)");
  struct outcome outcome = {.statement = &statement, .statements = 100, .in_feed = count_on_the_way};
  database_open(&database, NULL);
  transaction(&database, &outcome, NULL, false);
  database_finish(&database);
  cr_assert_eq(outcome.kind, ERROR_NONE, "%s", outcome.error);
  cr_assert_eq(outcome.rows, 100);
  free((void *)statement.values[0].bytes);
}

Test(db_loss, many_small_statements_pass) {
  struct database database = {.pending = 0};
  struct db_statement statement = {.sql = "select $1::int", .count = 1, .values = {{"7", 1}}, .prepare = true};
  struct outcome outcome = {.statement = &statement, .statements = 5000};
  database_open(&database, NULL);
  transaction(&database, &outcome, NULL, false);
  database_finish(&database);
  cr_assert_eq(outcome.kind, ERROR_NONE, "%s", outcome.error);
  cr_assert_eq(outcome.rows, 5000);
}

/* Many times over: whether the error is read by the socket's event or while sending is a matter of chance. */
Test(db_loss, feed_stops_at_the_first_error) {
  struct db_statement statement = megabyte("select 1 / (length($1) - 1048576)");
  for (int oneshot = 0; oneshot < 20; oneshot++) {
    struct database database = {.options = {.answer_timeout_ms = 5000}};
    struct outcome outcome = {.statement = &statement, .statements = 100}, after = {.calls = 0};
    database_open(&database, NULL);
    transaction(&database, &outcome, NULL, false);
    query(&database, &after, "select 1");
    database_finish(&database);
    cr_assert_str_eq(outcome.code, "22012", "%s", outcome.error);
    cr_assert_lt(outcome.fed, 20);
    expect_well(&after, "0:1|");
    cr_assert_eq(database.connects, 1);
  }
  free((void *)statement.values[0].bytes);
}

/* The server sleeps and reads nothing: what is on the way stays bounded until patience ends. */
Test(db_loss, server_that_does_not_read_is_dropped) {
  struct database database = {.options = {.answer_timeout_ms = 400}};
  struct db_statement statement = megabyte("select pg_sleep(length($1))");
  struct outcome outcome = {.statement = &statement, .statements = 100};
  database_open(&database, NULL);
  transaction(&database, &outcome, NULL, false);
  database_finish(&database);
  expect_lost(&outcome, "no answer from PostgreSQL within 0.4 s");
  cr_assert_leq(outcome.fed, 8);
  free((void *)statement.values[0].bytes);
}

static void destroy(struct outcome *outcome) {
  if (outcome->database->db != NULL)
    database_close(outcome->database);
}

Test(db_loss, destroy_with_work_pending_cancels_it) {
  static const struct db_statement statement = {.sql = "select 1"};
  struct outcome rows[] = {{.in_row = destroy},
                           {.at_end = destroy},
                           {.in_feed = destroy, .statement = &statement, .statements = 3},
                           {.calls = 0}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct database database = {.pending = 0};
    struct outcome second = {.calls = 0}, third = {.calls = 0};
    database_open(&database, NULL);
    if (rows[i].statement != NULL)
      transaction(&database, &rows[i], NULL, false);
    else
      query(&database, &rows[i], "select generate_series(1, 1000)");
    query(&database, &second, "select pg_sleep(5)");
    script(&database, &third, "select 1");
    if (rows[i].in_row == NULL && rows[i].at_end == NULL && rows[i].in_feed == NULL)
      database_close(&database);
    database_finish(&database);
    if (rows[i].at_end == NULL)
      expect_cancelled(&rows[i]);
    if (rows[i].in_row != NULL)
      cr_assert_eq(rows[i].rows, 1, "no row comes after the call");
    expect_cancelled(&second);
    expect_cancelled(&third);
    cr_assert_eq(database.losses, 0);
  }
  db_destroy(NULL);
}
