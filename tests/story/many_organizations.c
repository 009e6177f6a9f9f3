/* Many organizations in one sweep stay apart, even where they share an account's id; each table's key begins with organization_id. */
#include "support/story.h"

#include <criterion/criterion.h>

enum { MANY = 50 };

Test(many_organizations, are_mirrored_at_once) {
  struct story *story = story_create_generated(MANY, 5, 77);
  story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_sql(story, "50 250 250",
                   "select concat_ws(' ', count(distinct organization_id), count(*), (select count(*) from "
                   "account_history)) from account");
  story_change(story, 30, 5);
  story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_exact(story);
  story_expect_sql(story, "t", "select bool_and(revision between 1 and 2) from organization");
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
  story_destroy(story);
}

/* The same account in each of them, children included, but for what it says of itself. */
static void put_shared(struct story *story, int organization, const char *status, const char *children) {
  story_put(story, organization,
            story_format(story,
                         "{\"id\": \"emailacct_shared\", \"organization_id\": \"orga_story%d\", \"_type\": \"google\", "
                         "\"send_status\": \"%s\"%s}",
                         organization, status, children));
}

static const char CHILDREN[] =
    ", \"identities\": [{\"email\": \"shared@example.com\", \"name\": \"\"}], \"enabled_features\": "
    "[\"email_sending\"],"
    " \"smtp\": {\"host\": \"smtp.example.com\"}, \"synced_calendars\": [\"shared\"], \"unknown\": 1";

Test(many_organizations, may_share_the_id_of_an_account) {
  struct story *story = story_create(2);
  for (int i = 1; i <= 2; i++) {
    put_shared(story, i, "ok", CHILDREN);
    story_put(story, i, story_format(story, "{\"id\": \"emailacct_%d\"}", i));
  }
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  put_shared(story, 2, "error", "");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  story_expect_sql(
      story, "ok,error",
      "select string_agg(send_status, ',' order by organization_id) from account where send_status is not null");
  put_shared(story, 2, "error", CHILDREN);
  story_remove(story, 1, "emailacct_shared");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  story_expect_sql(story, "shared@example.com", "select string_agg(email, ',') from account_identity");
  story_sql(story, "delete from account_mail_server; update account set email = 'planted'");
  story_expect_exit(story, 0, "sync", "--verify", NULL);
  story_expect_exact(story);
  cr_assert_eq(story_count(story, "select count(*) from account_history"), 7);
  story_destroy(story);
}

Test(many_organizations, have_their_id_first_in_every_key) {
  struct story *story = story_create(1);
  story_expect_exit(story, 0, "migrate", NULL);
  story_expect_sql(story, "fleet_daemon,fleet_slot,migration",
                   "select string_agg(relname, ',' order by relname) from pg_class join pg_index on indrelid = "
                   "pg_class.oid and indisprimary"
                   " join pg_attribute on attrelid = pg_class.oid and attnum = indkey[0]"
                   " where relnamespace = 'close_crm'::regnamespace and attname <> 'organization_id'");
  cr_assert_eq(
      story_count(story,
                  "select count(*) from pg_class where relnamespace = 'close_crm'::regnamespace and relkind = 'r'"
                  " and not exists (select from pg_index where indrelid = pg_class.oid and indisprimary)"),
      0);
  story_destroy(story);
}
