/* The first sweep: both of Close's samples become rows, a second sweep changes nothing, a change and a proven removal
 * arrive with the next ones. */
#include "support/story.h"

#include <criterion/criterion.h>

static const char GOOGLE[] = "emailacct_QeGtRecordedGoogle00000000000000000000000000";
static const char ZOOM[] = "emailacct_pSuPRecordedZoom00000000000000000000000000000";

static struct story *two_samples(void) {
  struct story *story = story_create(2);
  story_load(story, 1, "documented-sample.json");
  story_load(story, 2, "recorded-shapes.json");
  return story;
}

Test(mirror_first, fills_every_table) {
  struct story *story = two_samples();
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "changed");
  story_expect_member(story, run, "org1", "added", "3");
  story_expect_member(story, run, "org2", "added", "3");
  story_expect_sql(story, "6", "select count(*) from account");
  story_expect_sql(story, "5", "select count(*) from account_mail_server");
  story_expect_sql(story, "2", "select count(*) from account_calendar where is_available and is_synced");
  story_expect_sql(story, "added", "select string_agg(distinct change, ',') from account_history");
  story_expect_exact(story);
  story_destroy(story);
}

Test(mirror_first, writes_nothing_when_nothing_changed) {
  struct story *story = two_samples();
  story_expect_exit(story, 0, "sync", NULL);
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org2", "outcome", "unchanged");
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
  story_destroy(story);
}

Test(mirror_first, what_close_does_not_say_of_a_calendar_is_null) {
  struct story *story = story_create(1);
  story_put(story, 1, "{\"id\": \"a\", \"available_calendars\": [{\"id\": \"own\"}], \"synced_calendars\": null}");
  story_put(story, 1, "{\"id\": \"b\", \"available_calendars\": null, \"synced_calendars\": [\"synced\"]}");
  story_expect_exit(story, 0, "sync", NULL);
  static const char ROWS[] = "select string_agg(concat_ws(' ', calendar_id, coalesce(is_default::text, 'null'), "
                             "is_available, coalesce(is_synced::text, 'null')), ', ' order by calendar_id) "
                             "from account_calendar";
  story_expect_sql(story, "own null t null, synced null f true", ROWS);
  story_edit(story, 1, "a", "{\"synced_calendars\": []}");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_sql(story, "own null t false, synced null f true", ROWS);
  story_expect_sql(story, "0", "select count(*) from sweep where repaired > 0");
  story_expect_exact(story);
  story_expect_exit(story, 0, "verify", NULL);
  story_destroy(story);
}

Test(mirror_first, follows_a_change_and_proves_a_removal) {
  struct story *story = two_samples();
  story_expect_exit(story, 0, "sync", NULL);
  story_edit(story, 2, GOOGLE, "{\"send_status\": \"error\", \"synced_calendars\": [\"g@example.com\"]}");
  story_remove(story, 2, ZOOM);
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_expect_member(story, run, "org2", "changed", "1");
  story_expect_member(story, run, "org2", "removed", "1");
  story_expect_sql(story, "{send_status,synced_calendars}",
                   "select changed_fields from account_history where change = 'changed'");
  story_expect_sql(story, "0",
                   "select count(*) from account where type = 'zoom' and organization_id like 'orga_ya3w%'");
  story_expect_exact(story);
  story_destroy(story);
}
