/* PostgreSQL goes away in every way it can, `run` stays: nothing is lost, one line says so and one that it is over, the next sweeps
 * are exact. Each story has a cluster of its own. */
#include "support/running.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#define AWAY "could not use the database"
#define BACK "the database is back"

struct away {
  struct story *story;
  const struct run *run;
  const char *cluster;
};

static struct away begin(void) {
  struct story *story = own_cluster_story(5, 4);
  struct away scene = {.story = story, .cluster = own_cluster(story)};
  story_set(story, "sync", "flush_interval", "500ms");
  scene.run = running_start(story, "200ms");
  story_await_sql(story, "20", "select count(*) from account", 10000);
  return scene;
}

/* What Close changed meanwhile is mirrored, and nobody but the outage was told about. */
static void expect_back(struct away *scene, int outages) {
  struct story *story = scene->story;
  running_await(story, scene->run, BACK, outages, 30000);
  story_await_sql(story, "20", "select count(*) from account_history where change = 'changed'", 20000);
  int away = running_lines(story, scene->run, AWAY), failed = running_lines(story, scene->run, "outcome=failed");
  if (away != outages || running_lines(story, scene->run, BACK) != outages || failed > 0)
    story_fail(story, "%d outages, %d lines, %d failures told:\n%s", outages, away, failed,
               running_said(story, scene->run));
}

static void end(struct away *scene) {
  running_stop(scene->story, scene->run);
  story_expect_exact(scene->story);
  story_destroy(scene->story);
}

Test(run_database_away, at_the_start) {
  struct story *story = own_cluster_story(2, 4);
  struct away scene = {.story = story, .cluster = own_cluster(story)};
  own_cluster_control(scene.cluster, "stop -m fast");
  scene.run = running_start(story, "200ms"); /* running: it has tried */
  running_await(story, scene.run, AWAY, 1, 10000);
  cr_assert_eq(story_request_count(story, ""), 0, "asked Close for what it could not write");
  own_cluster_control(scene.cluster, "restart");
  running_await(story, scene.run, BACK, 1, 20000);
  story_await_sql(story, "8", "select count(*) from account", 20000);
  end(&scene);
}

Test(run_database_away, killed_and_started_again) {
  struct away scene = begin();
  long before = running_resident_kib(scene.story, scene.run);
  own_cluster_control(scene.cluster, "stop -m immediate");
  running_await(scene.story, scene.run, AWAY, 1, 10000);
  story_change(scene.story, 100, 3);
  running_sleep(3000);
  long after = running_resident_kib(scene.story, scene.run);
  cr_assert_leq(after, before + 2048, "%ld KiB before, %ld KiB in the outage", before, after);
  own_cluster_control(scene.cluster, "restart");
  expect_back(&scene, 1);
  end(&scene);
}

Test(run_database_away, restarted) {
  struct away scene = begin();
  story_change(scene.story, 100, 3);
  own_cluster_control(scene.cluster, "restart -m fast");
  expect_back(&scene, 1);
  end(&scene);
}

/* Also that LISTEN is heard on the new session. */
Test(run_database_away, backends_are_terminated) {
  struct away scene = begin();
  story_set(scene.story, "sync", "interval", "30s");
  story_signal(scene.story, scene.run, SIGHUP);
  running_await(scene.story, scene.run, "in force", 1, 5000);
  running_sleep(500);
  for (int i = 1; i <= 2; i++) {
    story_sql(scene.story,
              "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'closesyncd'");
    running_await(scene.story, scene.run, BACK, i, 10000);
  }
  running_sleep(200);
  story_change(scene.story, 100, 3);
  story_sql(scene.story, "select request_sync()");
  expect_back(&scene, 2);
  end(&scene);
}

Test(run_database_away, read_only) {
  struct away scene = begin();
  own_cluster_set(scene.cluster, "default_transaction_read_only = on");
  own_cluster_control(scene.cluster, "reload");
  running_sleep(200);
  story_change(scene.story, 100, 3);
  running_await(scene.story, scene.run, AWAY, 1, 10000);
  running_sleep(1000);
  own_cluster_set(scene.cluster, "default_transaction_read_only = off");
  own_cluster_control(scene.cluster, "reload");
  expect_back(&scene, 1);
  end(&scene);
}

Test(run_database_away, refuses_logins) {
  struct away scene = begin();
  story_sql(scene.story, "alter role postgres nologin");
  story_sql(scene.story,
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'closesyncd'");
  running_await(scene.story, scene.run, AWAY, 1, 10000);
  story_change(scene.story, 100, 3);
  running_sleep(1500);
  story_sql(scene.story, "alter role postgres login");
  expect_back(&scene, 1);
  end(&scene);
}

/* One session finds room, the other does not. */
Test(run_database_away, out_of_connections) {
  struct away scene = begin();
  const char *database = story_sql(scene.story, "select current_database()");
  story_sql(scene.story, "create role narrow superuser login");
  story_set(scene.story, "database", "conninfo",
            story_format(scene.story, "host=%s dbname=%s user=narrow", scene.cluster, database));
  story_sql(scene.story, "alter role narrow nosuperuser connection limit 1");
  story_sql(scene.story, "grant all on schema close_crm to narrow");
  story_sql(scene.story, "alter schema close_crm owner to narrow");
  story_sql(scene.story, "grant all on all tables in schema close_crm to narrow");
  story_signal(scene.story, scene.run, SIGHUP);
  running_await(scene.story, scene.run, "in force", 1, 5000);
  running_await(scene.story, scene.run, AWAY, 1, 10000);
  story_change(scene.story, 100, 3);
  running_sleep(1500);
  cr_assert_not_null(strstr(running_said(scene.story, scene.run), "too many connections"));
  story_sql(scene.story, "alter role narrow connection limit -1");
  expect_back(&scene, 1);
  end(&scene);
}

/* A statement that takes too long is refused and tried again; the session is kept. */
Test(run_database_away, slow) {
  struct away scene = begin();
  story_set(scene.story, "database", "statement_timeout", "300ms");
  story_set(scene.story, "database", "lock_timeout", "10s");
  story_signal(scene.story, scene.run, SIGHUP);
  running_await(scene.story, scene.run, "in force", 1, 5000);
  story_sql(scene.story, "begin; lock table account in exclusive mode");
  story_change(scene.story, 100, 3);
  running_await(scene.story, scene.run, "the database refused", 1, 15000);
  story_sql(scene.story, "rollback");
  running_await(scene.story, scene.run, "refuses nothing any more", 1, 20000);
  story_await_sql(scene.story, "20", "select count(*) from account_history where change = 'changed'", 20000);
  cr_assert_leq(running_lines(scene.story, scene.run, "the database refused:"), 2);
  end(&scene);
}

/* Two hosts in conninfo: the second one is promoted when the first is gone, and refuses to be written to until then. */
Test(run_database_away, fails_over_to_a_promoted_standby) {
  struct story *story = own_cluster_story(5, 4);
  const char *first = own_cluster(story), *second = story_format(story, "%s-standby", first);
  own_cluster_add_standby(story, second);
  story_set(story, "database", "conninfo",
            story_format(story, "host=%s,%s dbname=%s user=postgres", first, second,
                         story_sql(story, "select current_database()")));
  struct away scene = {.story = story, .run = running_start(story, "200ms")};
  story_await_sql(story, "20", "select count(*) from account", 10000);
  own_cluster_control(first, "stop -m immediate");
  running_await(story, scene.run, AWAY, 1, 10000);
  story_change(story, 100, 3);
  running_sleep(1000);
  own_cluster_control(second, "promote");
  own_cluster_move(story, second);
  expect_back(&scene, 1);
  end(&scene);
}

/* No block of the history can be added any more: a full disk, as far as the daemon can tell. */
Test(run_database_away, full) {
  struct away scene = begin();
  story_sql(scene.story, "create function refuse() returns trigger language plpgsql as $$ begin raise exception "
                         "'could not extend file: No space left on device' using errcode = 'disk_full'; end $$");
  story_sql(scene.story, "create trigger no_space before insert on account_history execute function refuse()");
  story_change(scene.story, 100, 3);
  running_await(scene.story, scene.run, "No space left", 1, 10000);
  running_sleep(1500);
  cr_assert_eq(running_lines(scene.story, scene.run, "No space left on device organization="), 1,
               "one line for all, not:\n%s", running_said(scene.story, scene.run));
  story_sql(scene.story, "drop trigger no_space on account_history");
  running_await(scene.story, scene.run, "refuses nothing any more", 1, 20000);
  story_await_sql(scene.story, "20", "select count(*) from account_history where change = 'changed'", 20000);
  end(&scene);
}
