/* A lock that nobody will give back must not stop an organization: `run` ends the sessions that it lost, and those of closesyncd whose
 * process was stopped in the middle of its work. A turn that it skips for another process is counted and shown. */
#include "support/asking.h"
#include "support/relay.h"
#include "support/running.h"

#include <criterion/criterion.h>
#include <libpq-fe.h>
#include <string.h>

#define OURS                                                                                               \
  "from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = " \
  "current_database())"

static void put(struct story *story, const char *status) {
  story_put(story, 1, story_format(story, "{\"id\": \"a1\", \"send_status\": \"%s\"}", status));
}

static void await_mirror(struct story *story, const char *status, int limit_ms) {
  story_await_sql(story, status, "select send_status from account where account_id = 'a1'", limit_ms);
}

/* Its sessions are cut off in mid-sweep, and PostgreSQL does not know: the lock is held by a session that was its own. */
Test(run_stuck, behind_a_session_that_it_lost) {
  struct story *story = story_create(1);
  put(story, "one");
  struct relay *relay = relay_open(story);
  const struct run *run = running_start(story, "300ms");
  await_mirror(story, "one", 10000);
  story_replies(story, "[{\"match\": {\"path\": \"/connected_account/\"}, \"times\": 1, \"delay_ms\": 3000}]");
  story_await_sql(
      story, "t",
      "select bool_or(now() - state_change > '1 s') from pg_stat_activity where pid in (select pid " OURS ")", 10000);
  put(story, "two");
  relay_abandon(relay);
  await_mirror(story, "two", 12000); /* long before PostgreSQL would have ended it */
  cr_assert_eq(
      running_lines(story, run, "a session whose client is gone was in the way and was ended organization=org1"), 1,
      "%s", running_said(story, run));
  cr_assert_eq(running_lines(story, run, "a turn is skipped"), 0, "%s", running_said(story, run));
  running_stop(story, run);
  relay_close(relay);
  story_expect_exact(story);
  story_destroy(story);
}

Test(run_stuck, and_says_so) {
  struct story *story = story_create(1);
  put(story, "one");
  asking_listen(story);
  const struct run *run = running_start(story, "300ms");
  await_mirror(story, "one", 10000);
  story_await_sql(story, "t", "select pg_try_advisory_lock(hashtextextended('org1', hashtext('close_crm')))", 10000);
  story_await_sql(story, "t", "select skipped_turns >= 3 from organization", 10000);
  const struct run *status = story_expect_exit(story, 0, "status", NULL);
  cr_assert_not_null(strstr(status->out, " turns skipped in a row, the last "), "%s", status->out);
  cr_assert_not_null(strstr(status->out, ": another process has its lock"), "%s", status->out);
  cr_assert_geq(asking_metric(story, "closesyncd_skipped_turns_total{organization=\"org1\"}"), 3);
  cr_assert_null(strstr(running_said(story, run), "was ended"), "it is no session of a dead process");
  story_sql(story, "select pg_advisory_unlock_all()");
  put(story, "two");
  await_mirror(story, "two", 10000);
  story_expect_sql(story, "0", "select skipped_turns from organization");
  status = story_expect_exit(story, 0, "status", NULL);
  cr_assert_null(strstr(status->out, "skipped"), "%s", status->out);
  running_stop(story, run);
  story_expect_exact(story);
  story_destroy(story);
}

/* As a process does that is stopped between two statements of its transaction: the row is locked, and the server waits. */
static PGconn *stop_in_a_transaction(struct story *story) {
  PGconn *connection = PQconnectdb(
      story_format(story, "%s application_name=closesyncd options='-c search_path=close_crm'", story_conninfo(story)));
  cr_assert_eq(PQstatus(connection), CONNECTION_OK, "%s", PQerrorMessage(connection));
  cr_assert(PQenterPipelineMode(connection) == 1 &&
            PQsendQueryParams(connection, "select from organization for no key update", 0, NULL, NULL, NULL, NULL, 0) ==
                1 &&
            PQsendFlushRequest(connection) == 1 && PQflush(connection) == 0);
  return connection;
}

Test(run_stuck, behind_a_transaction_that_was_stopped) {
  struct story *story = story_create(1);
  put(story, "one");
  story_set(story, "database", "lock_timeout", "1s");
  const struct run *run = running_start(story, "1s");
  await_mirror(story, "one", 10000);
  PGconn *stopped = stop_in_a_transaction(story);
  put(story, "two");
  await_mirror(story, "two", 40000); /* no timeout of PostgreSQL's ends it */
  cr_assert_geq(
      running_lines(story, run, "a session whose client is gone was in the way and was ended organization=org1"), 1,
      "%s", running_said(story, run));
  PQfinish(stopped);
  running_stop(story, run);
  story_expect_exact(story);
  story_destroy(story);
}
