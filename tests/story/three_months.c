/* Three months of half-daily sweeps by the real binary, and what an analyst asks of them. PostgreSQL's clock and the binary's are libfaketime's. The questions are SQL over the views; the answers were worked out by hand from the plan. */
#include "support/cluster.h"
#include "support/running.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { HALF_DAY_S = 12 * 3600, STEPS = 182 }; /* step 0 is 2026-01-05 06:00 UTC, step 181 is 2026-04-05 18:00 */
static const long BEGIN_S = 1767592800;

/* What is done at Close before a step's sweep. */
struct event {
  int step;
  const char *account;
  const char *members; /* NULL: it is removed */
};

static const char FEATURES[] =
    "\"identities\": [{\"email\": \"sales@x.org\", \"name\": \"Sales\"}], \"enabled_features\": [\"email_sending\"]";

static const struct event events[] = {
    {10, "born", "{\"send_status\": \"ok\", \"latest_send_error\": null}"},
    {20, "flap", "{\"send_status\": \"error\"}"},
    {21, "flap", "{\"send_status\": \"ok\"}"},
    {22, "flap", "{\"send_status\": \"error\"}"},
    {23, "flap", "{\"send_status\": \"ok\"}"},
    {30, "text", "{\"receive_status\": \"error\", \"latest_receive_error\": \"535 a\"}"},
    {34, "text", "{\"latest_receive_error\": \"535 b\"}"},
    {40, "text", "{\"receive_status\": \"ok\", \"latest_receive_error\": null}"},
    {50, "gone", "{\"send_status\": \"error\"}"},
    {56, "gone", NULL},
    {60, "owned", "{\"user_id\": \"user_b\"}"},
    {70, "back", NULL},
    {80, "back", "{\"id\": \"back\", \"_type\": \"zoom\", \"user_id\": \"user_c\"}"},
    {90, "calendar", "{\"calendar_receive_status\": \"error\"}"},
    {122, "blind", "{\"send_status\": \"error\"}"},
};

static bool nobody_watches(int step) { return step >= 120 && step < 126; }

static const char *people(struct story *story, bool c_is_active) {
  static const char
      a[] = "{\"user_id\": \"user_a\", \"user_email\": \"a@x.org\", \"user_full_name\": \"Ann\", \"role_id\": \"r\"}",
      b[] = "{\"user_id\": \"user_b\", \"user_email\": \"b@x.org\", \"user_full_name\": \"Bob\", \"role_id\": \"r\"}",
      c[] = "{\"user_id\": \"user_c\", \"user_email\": \"c@x.org\", \"user_full_name\": \"Cy\", \"role_id\": \"r\"}";
  return story_format(story, "{\"id\": \"orga_story1\", \"memberships\": [%s, %s%s%s], \"inactive_memberships\": [%s]}",
                      a, b, c_is_active ? ", " : "", c_is_active ? c : "", c_is_active ? "" : c);
}

/* What /organization/{id}/ answers from now on: a JSON text within a JSON text. */
static void say_people(struct story *story, bool c_is_active) {
  char escaped[2048], *at = escaped;
  for (const char *from = people(story, c_is_active); *from != '\0'; from++) {
    if (*from == '"')
      *at++ = '\\';
    *at++ = *from;
  }
  *at = '\0';
  story_replies(
      story,
      story_format(story, "[{\"match\": {\"path\": \"/organization/orga_story1/\"}, \"body\": \"%s\"}]", escaped));
}

static void put_all(struct story *story) {
  static const char *const accounts[] = {
      "\"born\", \"_type\": \"google\", \"user_id\": \"user_c\", \"send_status\": \"error\", \"latest_send_error\": "
      "\"530\"",
      "\"flap\", \"_type\": \"google\", \"user_id\": \"user_a\", \"send_status\": \"ok\"",
      "\"text\", \"_type\": \"microsoft\", \"user_id\": \"user_b\", \"receive_status\": \"ok\"",
      "\"gone\", \"_type\": \"custom_email\", \"user_id\": \"user_a\", \"send_status\": \"ok\"",
      "\"owned\", \"_type\": \"google\", \"user_id\": \"user_a\", \"send_status\": \"ok\"",
      "\"back\", \"_type\": \"zoom\", \"user_id\": \"user_c\"",
      "\"calendar\", \"_type\": \"microsoft\", \"user_id\": \"user_b\", \"calendar_receive_status\": \"ok\"",
      "\"blind\", \"_type\": \"google\", \"user_id\": \"user_b\", \"send_status\": \"ok\""};
  for (size_t i = 0; i < sizeof accounts / sizeof *accounts; i++)
    story_put(story, 1, story_format(story, "{\"id\": %s, \"email\": \"shared@x.org\", %s}", accounts[i], FEATURES));
}

static void do_at(struct story *story, const struct event *event) {
  if (event->members == NULL)
    story_remove(story, 1, event->account);
  else if (strstr(event->members, "\"id\"") != NULL)
    story_put(story, 1, event->members);
  else
    story_edit(story, 1, event->account, event->members);
}

static void live(struct story *story) {
  for (int step = 0; step < STEPS; step++) {
    cluster_set_clock(story, BEGIN_S + step * (long)HALF_DAY_S - time(NULL));
    if (step == 100)
      say_people(story, false);
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
      if (events[i].step == step)
        do_at(story, &events[i]);
    if (!nobody_watches(step))
      story_expect_exit(story, 0, "sync", NULL);
  }
}

/* Times are written as hours since step 0, which forgives the seconds a sweep takes. */
static void ask(struct story *story, const char *question, const char *answer, const char *sql) {
  story_note(story, question);
  story_expect_sql(story, answer, sql);
}

#define HOUR(time) "round(extract(epoch from (" time ") - timestamptz '2026-01-05 06:00Z') / 3600)"

static void ask_of_outages(struct story *story) {
  ask(story, "1 who is broken now", "blind,calendar",
      "select string_agg(account_id, ',' order by account_id) from account_overview where is_broken");
  ask(story, "2 since when, at the earliest and at the latest", "1428 1512",
      "select " HOUR("broken_after") " || ' ' || " HOUR(
          "broken_since") " from account_overview where account_id = 'blind'");
  ask(story, "3 how often was each account broken", "blind 1,born 1,calendar 1,flap 2,gone 1,text 1",
      "select string_agg(account_id || ' ' || n, ',' order by account_id) from (select account_id, count(*) as n from "
      "account_outage "
      "group by account_id) as outage");
  ask(story, "4 an outage whose error text changed is one", "120",
      "select string_agg(round(seconds / 3600.0)::text, ',') from account_outage where account_id = 'text' and "
      "direction = 'receive'");
  ask(story, "5 one that was broken when first seen", "true 120 recovered",
      "select (began_after is null) || ' ' || round(seconds / 3600.0) || ' ' || ended_by from account_outage where "
      "account_id = 'born'");
  ask(story, "6 one that a removal ended", "removed 72",
      "select ended_by || ' ' || round(seconds / 3600.0) from account_outage where account_id = 'gone'");
  ask(story, "7 how long could nobody read this calendar, until anybody looked last", "1092 true",
      "select round(seconds / 3600.0) || ' ' || is_open from account_outage where account_id = 'calendar'");
}

static void ask_of_people(struct story *story) {
  ask(story, "8 whose owner has left", "back,born",
      "select string_agg(account_id, ',' order by account_id) from account_overview where not owner_is_active");
  ask(story, "9 who owned it, from when to when", "user_a 0 720,user_b 720 now",
      "select string_agg(user_id || ' ' || " HOUR("valid_from") " || ' ' || coalesce((" HOUR(
          "valid_to") ")::text, 'now'), ',' order by "
                      "version) from account_version where account_id = 'owned'");
  ask(story, "10 an account that was away for a while", "0 840,960 now",
      "select string_agg(" HOUR("valid_from") " || ' ' || coalesce((" HOUR(
          "valid_to") ")::text, 'now'), ',' order by version) from "
                      "account_version where account_id = 'back'");
  ask(story, "11 who may send as sales, and can it be done now", "born,flap,owned",
      "select string_agg(account_id, ',' order by account_id) from account_sender where sends_as = 'sales@x.org' and "
      "can_send");
}

static void ask_of_days(struct story *story) {
  ask(story, "12 how the numbers developed", "91 8 6 7",
      "select count(*) || ' ' || max(accounts) || ' ' || min(accounts) || ' ' || max(accounts) filter (where day = "
      "'2026-04-05') from "
      "(select day, sum(accounts) as accounts from organization_day group by day) as days");
  ask(story, "13 what happened in which month", "2026-01 8/9/0,2026-02 1/2/2,2026-03 0/1/0",
      "select string_agg(month || ' ' || added || '/' || changed || '/' || removed, ',' order by month) from (select "
      "to_char(day, "
      "'YYYY-MM') as month, sum(added) as added, sum(changed) as changed, sum(removed) as removed from "
      "organization_day group by 1) as m "
      "where added + changed + removed > 0");
  ask(story, "14 what changed in the text of an error", "535 a -> 535 b",
      "select old_value #>> '{}' || ' -> ' || (new_value #>> '{}') from account_change where account_id = 'text' and "
      "field = "
      "'latest_receive_error' and old_value <> 'null' and new_value <> 'null'");
  ask(story, "15 when did nobody look", "1428 1512",
      "select string_agg(" HOUR("from_at") " || ' ' || " HOUR(
          "until_at") ", ',' order by from_at) from coverage_gap('orga_story1', "
                      "'2026-01-05 06:01Z', '2026-04-05 17:00Z')");
}

Test(three_months, are_answered_for) {
  struct story *story = own_cluster_story(1, 0);
  if (!cluster_take_clock(story)) {
    story_destroy(story);
    cr_skip_test("there is no libfaketime (package faketime)");
  }
  cluster_share_clock(story);
  story_set(story, "sync", "members", "yes");
  story_set(story, "sync", "interval", "12h");
  put_all(story);
  say_people(story, true);
  live(story);
  ask_of_outages(story);
  ask_of_people(story);
  ask_of_days(story);
  story_destroy(story);
}
