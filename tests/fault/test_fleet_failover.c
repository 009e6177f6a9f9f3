/* A fail-over to an asynchronous standby loses the newest commits under a fleet: also who has which slot goes back to what it was. The
 * daemons find their shares again, every mirror is Close's, and no row of the history is false. */
#include "fault/living.h"

#include <criterion/criterion.h>
#include <string.h>

enum { ORGANIZATIONS = 12 };

static const char SHARES[] =
    "select concat_ws(' ', count(distinct holder), count(*) filter (where holder is null)) from close_crm.fleet_slot";

static void put_all(struct story *story, const char *word) {
  for (int i = 1; i <= ORGANIZATIONS; i++)
    story_put(story, i,
              story_format(story, "{\"id\": \"told\", \"organization_id\": \"orga_story%d\", \"send_status\": \"%s\"}",
                           i, word));
}

static void await_all(struct story *story, const char *word) {
  story_await_sql(
      story, story_format(story, "%d", ORGANIZATIONS),
      story_format(story, "select count(*) from close_crm.account where account_id = 'told' and send_status = '%s'",
                   word),
      40000);
}

Test(fleet_failover, slots_go_back_to_what_they_were) {
  struct story *story = own_cluster_story(ORGANIZATIONS, 0);
  const char *standby = story_format(story, "%s-b", own_cluster(story));
  const struct run *runs[3];
  cluster_add_standby(story, standby);
  story_set(story, "database", "conninfo",
            story_format(story, "host=%s,%s dbname=%s user=postgres", own_cluster(story), standby,
                         story_sql(story, "select current_database()")));
  story_set(story, "sync", "interval", "500ms");
  story_set(story, "fleet", "enabled", "yes");
  story_set(story, "fleet", "ttl", "2s");
  put_all(story, "first");
  for (int i = 0; i < 2; i++) {
    story_set(story, "fleet", "member", i == 0 ? "one" : "two");
    runs[i] = running_start(story, NULL);
  }
  await_all(story, "first");
  story_await_sql(story, "2 0", SHARES, 20000);
  cluster_await_standby(story, standby);
  cluster_freeze_standby(story, standby);
  story_set(story, "fleet", "member", "three");
  runs[2] = running_start(story, NULL); /* the standby never hears of it */
  story_await_sql(story, "3 0", SHARES, 20000);
  put_all(story, "lost");
  await_all(story, "lost");
  cluster_fail_over(story, standby);
  story_await_sql(story, "3 0", SHARES, 40000);
  await_all(story, "lost");
  put_all(story, "last");
  await_all(story, "last");
  for (int i = 0; i < 3; i++)
    running_stop(story, runs[i]);
  story_expect_sql(story, "0", "select count(holder) from close_crm.fleet_slot");
  story_destroy(story);
}
