/* Failure is local (contract 5.8): who did not answer in time shares a quarter
 * of api.max_requests with the others that did not, until it answers, and no
 * organization has more than that quarter under way at once. */
#include "support/running.h"

#include <criterion/criterion.h>

#define BY_ID "connected_account/emailacct"

enum { DEAD = 12 };

/* Number 1 lives; `first` is what happens to it, as rules, each with a comma
 * behind it. */
static void leave_alive_one(struct story *story, const char *first) {
  const char *rules = "";
  for (int i = 2; i <= DEAD + 1; i++)
    rules = story_format(story, "%s%s{\"match\": {\"key\": \"api_story_%d\"}, \"delay_ms\": 100000}", rules,
                         i > 2 ? ", " : "", i);
  story_replies(story, story_format(story, "[%s%s]", first, rules));
}

/* In the slow queue each of its requests would wait for those of the dead, a
 * second or more each. */
Test(run_fair_shares, an_answer_ends_the_time_in_the_slow_queue) {
  enum { REQUESTS = 50 };
  struct story *story = story_create_generated(DEAD + 1, 2, 3);
  story_set(story, "api", "max_requests", "4");
  story_set(story, "api", "request_timeout", "1s");
  story_set(story, "organization org1", "interval", "100ms");
  const struct run *run = running_start(story, "500ms");
  leave_alive_one(story, "");
  running_sleep(5000); /* each of the dead has timed out once */
  leave_alive_one(story, "{\"match\": {\"key\": \"api_story_1\"}, \"times\": "
                         "1, \"delay_ms\": 100000}, ");
  story_forget_requests(story);
  running_await_requests(story, 1, REQUESTS, 10000);
  cr_assert_eq(running_requests(story, 2, "", NULL, 0), 0, "the dead answered: there was nothing to wait behind");
  running_stop(story, run);
  story_destroy(story);
}

/* A listed account answers; those that are missing are not heard of for longer
 * than anybody waits here. */
Test(run_fair_shares, questions_that_hang_leave_room_for_others) {
  enum { KEPT = 20, ALL = 60 };
  struct story *story = story_create_generated(2, ALL, 3);
  story_set(story, "api", "max_requests", "8");
  story_set(story, "sync", "max_removed", "100%");
  const struct run *run = running_start(story, "100ms");
  story_await_sql(story, story_format(story, "%d", 2 * ALL), "select count(*) from account", 20000);
  story_replies(story, "[{\"match\": {\"key\": \"api_story_1\", \"path_prefix\": \"/" BY_ID
                       "\", \"from\": 2, \"to\": 1000}, \"delay_ms\": 100000}]");
  story_accounts(story, 1,
                 story_sql(story, story_format(story,
                                               "select json_agg(document) from (select "
                                               "document from account_history "
                                               "where organization_id = 'orga_story1' "
                                               "order by seq limit %d) as kept",
                                               KEPT)));
  for (int looks = 0; looks < 300 && running_requests(story, 1, BY_ID, NULL, 0) < 1; looks++)
    running_sleep(100);
  running_sleep(500); /* the others are sent with the answer for the listed one */
  story_forget_requests(story);
  running_await_requests(story, 2, 10, 10000);
  cr_assert_eq(running_requests(story, 1, "", NULL, 0), 0, "a question by id was answered");
  running_stop(story, run);
  story_destroy(story);
}
