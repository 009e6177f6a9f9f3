/* Daemons of a fleet under two roles of the database: whose sessions a daemon may not end, it tells, and nobody waits longer than those sessions
 * live; where it may, it ends them. */
#include "support/running.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

enum { ORGANIZATIONS = 8 };

/* Login roles of PREFIX_writer; the prefix, which is this story's alone. */
static const char *make_roles(struct story *story) {
  const char *prefix = story_format(story, "r%s", strstr(story_sql(story, "select current_database()"), "_"));
  story_expect_exit(story, 0, "migrate", "--roles", prefix, NULL);
  for (int i = 0; i < 2; i++)
    story_sql(story, story_format(story, "create role \"%s_%s\" login in role \"%s_writer\"", prefix,
                                  i == 0 ? "one" : "two", prefix));
  return prefix;
}

static void drop_roles(struct story *story, const char *prefix) {
  static const char *const names[] = {"one", "two", "writer", "analyst", "auditor", "owner"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    story_sql(story, story_format(story, "drop owned by \"%s_%s\" cascade; drop role \"%s_%s\"", prefix, names[i],
                                  prefix, names[i]));
}

static const struct run *join_as(struct story *story, const char *prefix, const char *name) {
  const char *admin = story_conninfo(story);
  const char *user = strstr(admin, "user=postgres");
  story_set(story, "database", "conninfo",
            story_format(story, "%.*suser=%s_%s", (int)(user - admin), admin, prefix, name));
  story_set(story, "fleet", "member", name);
  return running_start(story, "500ms");
}

static void await_shares(struct story *story) {
  story_await_sql(
      story, "2 0",
      "select concat_ws(' ', count(distinct holder), count(*) filter (where holder is null)) from fleet_slot", 15000);
}

/* Sweeps of the daemon that is stopped hold organizations. */
static void stop_in_the_middle(struct story *story, const struct run *run, const char *prefix) {
  story_replies(story, "[{\"match\": {\"path\": \"/connected_account/\"}, \"times\": 8, \"delay_ms\": 3000}]");
  story_await_sql(story, "t",
                  story_format(story,
                               "select count(*) > 0 from pg_locks join pg_stat_activity using (pid) where locktype = "
                               "'advisory' and usename = '%s_one'",
                               prefix),
                  10000);
  story_signal(story, run, SIGSTOP);
}

Test(fleet_roles, tell_whose_sessions_they_may_not_end) {
  struct story *story = story_create_generated(ORGANIZATIONS, 2, 5);
  const char *prefix = make_roles(story), *admin = story_conninfo(story);
  story_set(story, "fleet", "enabled", "yes");
  story_set(story, "fleet", "ttl", "2s");
  const struct run *one = join_as(story, prefix, "one"), *two = join_as(story, prefix, "two");
  await_shares(story);
  stop_in_the_middle(story, one, prefix);
  running_await(story, two,
                story_format(story,
                             "sessions are of the role \"%s_one\", which this daemon's may not end: what they "
                             "hold is free within 30 s; grant \"%s_one\" to it",
                             prefix, prefix),
                1, 15000);
  cr_assert_eq(running_lines(story, two, "its sessions were ended"), 0);
  story_signal(story, one, SIGCONT);
  await_shares(story);

  story_sql(story, story_format(story, "grant \"%s_one\" to \"%s_two\"", prefix, prefix));
  stop_in_the_middle(story, one, prefix);
  running_await(story, two, "a daemon of the fleet is gone: its sessions were ended", 1, 15000);
  story_signal(story, one, SIGCONT);
  await_shares(story);
  running_stop(story, one);
  running_stop(story, two);
  story_set(story, "database", "conninfo", admin);
  story_expect_exact(story);
  drop_roles(story, prefix);
  story_destroy(story);
}
