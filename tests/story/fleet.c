/* Several daemons share the organizations of one database (contract section 12): each sweeps its equal share, Close is asked as often as by
 * one; whatever becomes of one of them, the others go on, and the mirror is Close's. */
#include "support/asking.h"
#include "support/running.h"
#include "support/truth.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { ORGANIZATIONS = 24, DAEMONS = 3, INTERVAL_MS = 400 };

#define HOLDERS "select count(*) from (select distinct holder from fleet_slot where holder is not null) as holders"

static struct story *begin(int organizations) {
  struct story *story = story_create_generated(organizations, 2, 5);
  story_expect_exit(story, 0, "migrate", NULL);
  story_set(story, "fleet", "enabled", "yes");
  story_set(story, "fleet", "ttl", "2s");
  story_set(story, "sync", "interval", story_format(story, "%dms", INTERVAL_MS));
  return story;
}

static const struct run *join(struct story *story, const char *member) {
  story_set(story, "fleet", "member", member);
  return running_start(story, NULL);
}

/* Every one of `daemons` has its share, and no slot is left. */
static void await_shares(struct story *story, int daemons, int limit_ms) {
  story_await_sql(
      story, story_format(story, "%d 0", daemons),
      story_format(story,
                   "select concat_ws(' ', count(distinct holder) filter (where held <= %d), count(*) filter "
                   "(where holder is null or held > %d)) from (select holder, count(*) over (partition by "
                   "holder) as held from fleet_slot) as own",
                   (255 + daemons) / daemons, (255 + daemons) / daemons),
      limit_ms);
}

/* Something is another at Close in each of them, and then in the mirrors; and the history is true. */
static void expect_swept(struct story *story, int organizations, const char *word, int limit_ms) {
  for (int i = 1; i <= organizations; i++)
    story_put(story, i,
              story_format(story, "{\"id\": \"told\", \"organization_id\": \"orga_story%d\", \"send_status\": \"%s\"}",
                           i, word));
  story_await_sql(
      story, story_format(story, "%d", organizations),
      story_format(story, "select count(*) from account where account_id = 'told' and send_status = '%s'", word),
      limit_ms);
  story_expect_truth(story);
}

Test(fleet, asks_close_as_often_as_one) {
  enum { WATCHED_MS = 4000 };
  struct story *story = begin(ORGANIZATIONS);
  const struct run *runs[DAEMONS];
  for (int i = 0; i < DAEMONS; i++)
    runs[i] = join(story, story_format(story, "m%d", i));
  await_shares(story, DAEMONS, 10000);
  expect_swept(story, ORGANIZATIONS, "shared", 10000);
  story_forget_requests(story);
  running_sleep(WATCHED_MS);
  long listings = story_request_count(story, "/connected_account/?");
  long most = ORGANIZATIONS * (WATCHED_MS / INTERVAL_MS + 1);
  cr_assert_leq(listings, most * 11 / 10, "%ld listings, one daemon makes %ld", listings, most);
  cr_assert_geq(listings, ORGANIZATIONS, "they do ask");
  long own =
      story_count(story, "select count(*) from organization join fleet_slot on slot = "
                         "hashtextextended(name, 0) & 255 join fleet_daemon on daemon_id = holder where member = 'm0'");
  for (int i = 0; i < DAEMONS; i++) {
    cr_assert_eq(running_lines(story, runs[i], "a turn is skipped"), 0, "%s", running_said(story, runs[i]));
    running_stop(story, runs[i]);
  }
  cr_assert_eq(running_lines(story, runs[0], "head organization="), own, "each tells its own: %s",
               running_said(story, runs[0]));
  story_expect_sql(story, "0 0",
                   "select concat_ws(' ', count(holder), (select count(*) from fleet_daemon)) from fleet_slot");
  story_expect_exact(story);
  story_destroy(story);
}

/* The sweeps of all are under way, with their locks. */
static void hold_pages(struct story *story) {
  story_replies(story, "[{\"match\": {\"path\": \"/connected_account/\"}, \"times\": 12, \"delay_ms\": 2000}]");
  story_await_sql(story, "t",
                  "select count(*) >= 3 from pg_locks where locktype = 'advisory' and database = (select oid "
                  "from pg_database where datname = current_database())",
                  10000);
}

Test(fleet, goes_on_without_one) {
  struct story *story = begin(12);
  const struct run *left = join(story, "left"), *right = join(story, "right");
  await_shares(story, 2, 10000);
  expect_swept(story, 12, "two", 10000);

  hold_pages(story);
  story_signal(story, right, SIGKILL);
  story_wait(story, right, 5000);
  expect_swept(story, 12, "killed", 15000);
  await_shares(story, 1, 10000);

  const struct run *third = join(story, "third");
  await_shares(story, 2, 10000);
  hold_pages(story);
  story_signal(story, third, SIGSTOP);
  expect_swept(story, 12, "stopped", 15000);
  running_await(story, left, "a daemon of the fleet is gone: its sessions were ended", 1, 5000);
  story_signal(story, third, SIGCONT);
  await_shares(story, 2, 15000);
  expect_swept(story, 12, "continued", 15000);

  running_stop(story, left);
  await_shares(story, 1, 5000);
  expect_swept(story, 12, "alone", 10000);
  running_stop(story, third);
  story_expect_exact(story);
  story_destroy(story);
}

Test(fleet, is_restarted_one_by_one_with_another_configuration) {
  struct story *story = begin(8);
  const struct run *runs[DAEMONS];
  story_set(story, "organization org8", "enabled", "no");
  for (int i = 0; i < DAEMONS; i++)
    runs[i] = join(story, story_format(story, "m%d", i));
  await_shares(story, DAEMONS, 10000);
  expect_swept(story, 7, "before", 10000);
  for (int i = 0; i < DAEMONS; i++)
    cr_assert_eq(running_lines(story, runs[i], "differs"), 0, "%s", running_said(story, runs[i]));
  story_set(story, "organization org8", "enabled", "yes");
  for (int i = 0; i < DAEMONS; i++) {
    running_stop(story, runs[i]);
    runs[i] = join(story, story_format(story, "m%d", i));
    if (i == 0)
      for (int k = 0; k < DAEMONS; k++)
        running_await(story, runs[k], "in the fleet differs from this daemon's in organizations or settings", 1, 10000);
    if (i == 0)
      cr_assert_not_null(strstr(story_expect_exit(story, 0, "status", NULL)->out, "the fleet's daemons differ"));
  }
  running_await(story, runs[0], "all configurations in the fleet are the same again", 1, 10000);
  await_shares(story, DAEMONS, 10000);
  expect_swept(story, 8, "after", 10000);
  for (int i = 0; i < DAEMONS; i++)
    running_stop(story, runs[i]);
  story_expect_exact(story);
  story_destroy(story);
}

static void expect_told(struct story *story, const char *path, const char *part) {
  char *answer = asking(story, path);
  cr_assert_not_null(strstr(answer, part), "\"%s\" is not in %s", part, answer);
  free(answer);
}

/* Of its own organizations a daemon tells; who has none is ready. It is the second one of whom that is asked, or the first, as org1's
 * slot wants it: the first gives the upper half of its slots back. */
Test(fleet, tells_who_has_what) {
  struct story *story = begin(1);
  bool stays = strcmp(story_sql(story, "select hashtextextended('org1', 0) & 255 < 128"), "t") == 0;
  if (!stays)
    asking_listen(story);
  const struct run *first = join(story, "first");
  story_await_sql(story, "2", "select count(*) from account", 10000);
  if (stays)
    asking_listen(story);
  else
    story_set(story, "http", "listen", "");
  const struct run *second = join(story, "second");
  await_shares(story, 2, 10000);
  story_await_sql(story, "2", "select count(*) from fleet_daemon", 10000);
  const char *holder = stays ? "first" : "second";
  running_sleep(800); /* a heartbeat */

  const struct run *status = story_expect_exit(story, 0, "status", NULL);
  cr_assert_not_null(strstr(status->out, "HOLDER"), "%s", status->out);
  cr_assert_not_null(strstr(status->out, "fleet: first has 128 of 256 slots\n       second has 128 of 256 slots"), "%s",
                     status->out);
  cr_assert_null(strstr(status->out, "differ"), "%s", status->out);
  status = story_expect_exit(story, 0, "status", "--json", NULL);
  story_expect_member(story, status, "org1", "holder", holder);

  expect_told(story, "/readyz", "200 OK");
  expect_told(story, "/status.json", "\"organizations\": []");
  expect_told(
      story, "/status.json",
      story_format(story, "\"fleet\": {\"member\": \"%s\", \"slots\": {\"owned\": 128, ", stays ? "second" : "first"));
  expect_told(story, "/", stays ? " first 128, second 128 (this one)" : " first 128 (this one), second 128");
  cr_assert_eq(asking_metric(story, "closesyncd_fleet_daemons"), 2);
  cr_assert_eq(asking_metric(story, "closesyncd_fleet_slots{state=\"owned\"}"), 128);
  cr_assert_eq(asking_metric(story, "closesyncd_fleet_daemons_differing"), 0);

  running_stop(story, first);
  running_stop(story, second);
  status = story_expect_exit(story, 0, "status", NULL);
  cr_assert_null(strstr(status->out, "HOLDER"), "%s", status->out);
  story_destroy(story);
}

/* What a daemon that stops still has to say keeps nobody waiting: the heads of the evidence cannot be read here. */
Test(fleet, is_left_before_the_heads_are_told) {
  struct story *story = begin(4);
  const struct run *run = join(story, "alone");
  expect_swept(story, 4, "swept", 10000);
  story_sql(story, "begin");
  story_sql(story, "lock table erasure in access exclusive mode");
  story_signal(story, run, SIGTERM);
  story_await_sql(story, "0 0",
                  "select concat_ws(' ', count(holder), (select count(*) from fleet_daemon)) from fleet_slot", 3000);
  story_sql(story, "rollback");
  story_wait(story, run, 5000);
  cr_assert_eq(run->exit_status, 0);
  story_destroy(story);
}

/* A reload takes a daemon into a fleet, and out of it. */
Test(fleet, is_joined_and_left_by_a_reload) {
  struct story *story = begin(6);
  const struct run *left = join(story, "left");
  story_set(story, "fleet", "enabled", "no");
  const struct run *right = join(story, "right");
  story_set(story, "fleet", "enabled", "yes");
  story_signal(story, right, SIGHUP);
  await_shares(story, 2, 10000);
  expect_swept(story, 6, "joined", 10000);
  story_set(story, "fleet", "enabled", "no");
  story_signal(story, right, SIGHUP);
  await_shares(story, 1, 10000);
  story_signal(story, left, SIGKILL);
  story_wait(story, left, 5000);
  expect_swept(story, 6, "out", 10000);
  running_stop(story, right);
  story_expect_exact(story);
  story_destroy(story);
}

/* A reload that asks for the same fleet in the same database is no change of hands, whatever else it asks for. */
Test(fleet, is_not_left_by_a_reload_with_another_label) {
  struct story *story = begin(4);
  const struct run *run = join(story, "before");
  expect_swept(story, 4, "before", 10000);
  const char *daemon = story_sql(story, "select daemon_id from fleet_daemon");
  story_set(story, "fleet", "member", "after");
  story_set(story, "api", "request_timeout", "30s");
  story_signal(story, run, SIGHUP);
  story_await_sql(story, story_format(story, "%s after", daemon),
                  "select string_agg(daemon_id || ' ' || member, ', ') from fleet_daemon", 10000);
  expect_swept(story, 4, "after", 10000);
  story_expect_sql(story, "1", "select max(epoch) from fleet_slot");
  running_stop(story, run);
  story_destroy(story);
}

/* A fleet that a reload has left, and whose session hangs, holds up no stop. */
Test(fleet, that_was_left_is_not_waited_for) {
  struct story *story = begin(2);
  story_set(story, "fleet", "ttl", "60s");
  const struct run *run = join(story, "alone");
  expect_swept(story, 2, "swept", 10000);
  pid_t backend = (pid_t)story_count(story, "select pid from pg_stat_activity where query like '%fleet_daemon%' and "
                                            "application_name = 'closesyncd' and datname = current_database()");
  cr_assert(backend > 0 && kill(backend, SIGSTOP) == 0);
  story_set(story, "fleet", "enabled", "no");
  story_signal(story, run, SIGHUP);
  running_await(story, run, "the new configuration is in force", 1, 10000);
  story_signal(story, run, SIGTERM);
  for (int looks = 0; looks < 50 && !story_ended(story, run); looks++)
    running_sleep(100);
  bool ended = story_ended(story, run);
  cr_assert_eq(kill(backend, SIGCONT), 0); /* or the story could not end */
  cr_assert(ended, "it waits: %s", running_said(story, run));
  story_destroy(story);
}

/* The places of organizations are asked for until they are known, at a start and after a reload. */
Test(fleet, asks_again_which_slots_organizations_are_in) {
  static const char refuse[] =
      "create or replace function hashtextextended(text, integer) returns bigint language plpgsql as $$ begin raise "
      "exception 'the story says so'; end $$";
  struct story *story = begin(4);
  story_set(story, "organization org4", "enabled", "no");
  story_set(story, "fleet", "member", "alone");
  story_sql(story, refuse);
  const struct run *run = story_start(story, "run", NULL);
  running_await(story, run, "could not ask which slots organizations are in: ", 1, 10000);
  await_shares(story, 1, 10000);
  story_expect_sql(story, "0", "select count(*) from account");
  story_sql(story, "drop function hashtextextended(text, integer)");
  expect_swept(story, 3, "at the start", 10000);
  story_sql(story, refuse);
  story_set(story, "organization org4", "enabled", "yes");
  story_signal(story, run, SIGHUP);
  running_await(story, run, "could not ask which slots organizations are in: ", 2, 10000);
  story_sql(story, "drop function hashtextextended(text, integer)");
  expect_swept(story, 4, "after the reload", 10000);
  running_stop(story, run);
  story_expect_exact(story);
  story_destroy(story);
}

/* The session of the heartbeats is ended alone, in the middle of one. */
Test(fleet, tells_that_no_heartbeat_gets_through) {
  struct story *story = begin(2);
  const struct run *run = join(story, "alone");
  expect_swept(story, 2, "before", 10000);
  story_sql(story, "create function refuse() returns trigger language plpgsql as $$ begin perform "
                   "pg_terminate_backend(pg_backend_pid()); return new; end $$");
  story_sql(story, "create trigger refuse before update on fleet_daemon for each row execute function refuse()");
  running_await(story, run, "could not give the fleet a sign of life: ", 1, 10000);
  story_sql(story, "drop trigger refuse on fleet_daemon");
  running_await(story, run, "the fleet gets signs of life again", 1, 10000);
  expect_swept(story, 2, "after", 10000);
  cr_assert_eq(running_lines(story, run, "could not use the database"), 0, "%s", running_said(story, run));
  running_stop(story, run);
  story_destroy(story);
}

/* It holds no slot, as a member that has none, but not because others do. */
Test(fleet, whose_heartbeats_are_refused_is_not_ready) {
  struct story *story = begin(1);
  story_sql(story, "create function refuse() returns trigger language plpgsql as $$ begin raise exception "
                   "'the story says so'; end $$");
  story_sql(story, "create trigger refuse before insert on fleet_daemon for each row execute function refuse()");
  asking_listen(story);
  const struct run *run = join(story, "alone");
  running_await(story, run, "could not give the fleet a sign of life: the story says so", 1, 10000);
  expect_told(story, "/readyz", "\"reason\": \"the database refuses\", \"error\": \"the story says so\"");
  story_sql(story, "drop trigger refuse on fleet_daemon");
  expect_swept(story, 1, "after", 10000);
  expect_told(story, "/readyz", "200 OK");
  running_stop(story, run);
  story_destroy(story);
}

/* The session of the heartbeats, the first that is told, hangs: another one is there before the slots expire. */
Test(fleet, a_heartbeat_that_hangs_costs_no_slot) {
  struct story *story = begin(2);
  story_set(story, "fleet", "ttl", "6s");
  const struct run *run = join(story, "alone");
  expect_swept(story, 2, "before", 10000);
  story_await_sql(story, "3", "select cardinality(backend_pids) from fleet_daemon", 10000);
  pid_t backend = (pid_t)story_count(story, "select backend_pids[1] from fleet_daemon");
  cr_assert(backend > 0 && kill(backend, SIGSTOP) == 0);
  story_await_sql(story, "t", story_format(story, "select backend_pids[1] <> %d from fleet_daemon", (int)backend),
                  15000);
  cr_assert_eq(kill(backend, SIGCONT), 0);
  story_expect_sql(story, "1", "select max(epoch) from fleet_slot");
  expect_swept(story, 2, "after", 10000);
  running_stop(story, run);
  story_destroy(story);
}

/* What the database refuses an organization is told by the daemon that sweeps it; who gives it away is ready again. */
Test(fleet, a_refusal_leaves_with_its_organization) {
  struct story *story = begin(12);
  const char *number = story_sql(
      story, "select n from generate_series(1, 12) as n where hashtextextended('org' || n, 0) & 255 >= 128 limit 1");
  story_sql(story, "create function refuse() returns trigger language plpgsql as $$ begin raise exception "
                   "'the story says so'; end $$");
  story_sql(story, story_format(story,
                                "create trigger refuse before insert on account for each row when "
                                "(new.organization_id = 'orga_story%s') execute function refuse()",
                                number));
  asking_listen(story);
  const struct run *first = join(story, "first");
  running_await(story, first, "the database refused: the story says so", 1, 10000);
  expect_told(story, "/readyz", "503");
  story_set(story, "http", "listen", "");
  const struct run *second = join(story, "second"); /* it takes the upper half of the slots */
  await_shares(story, 2, 10000);
  running_await(story, second, "the database refused: the story says so", 1, 10000);
  running_await(story, first, "the database refuses nothing any more", 1, 5000);
  expect_told(story, "/readyz", "200 OK");
  running_stop(story, first);
  running_stop(story, second);
  story_destroy(story);
}
