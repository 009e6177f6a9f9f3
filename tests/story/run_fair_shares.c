/* Failure is local (contract 5.8): who did not answer in time shares a quarter of api.max_requests with the others that did not, until
 * it answers. */
#include "support/running.h"

#include <criterion/criterion.h>

enum { DEAD = 12 };

/* Number 1 lives; `first` is what happens to it, as rules, each with a comma behind it. */
static void leave_alive_one(struct story *story, const char *first) {
  const char *rules = "";
  for (int i = 2; i <= DEAD + 1; i++)
    rules = story_format(story, "%s%s{\"match\": {\"key\": \"api_story_%d\"}, \"delay_ms\": 100000}", rules,
                         i > 2 ? ", " : "", i);
  story_replies(story, story_format(story, "[%s%s]", first, rules));
}

/* In the slow lane each of its requests would wait for those of the dead, a second or more each. */
Test(run_fair_shares, an_answer_ends_the_time_in_the_slow_lane) {
  enum { REQUESTS = 50 };
  struct story *story = story_create_generated(DEAD + 1, 2, 3);
  story_set(story, "api", "max_requests", "4");
  story_set(story, "api", "request_timeout", "1s");
  story_set(story, "organization org1", "interval", "100ms");
  const struct run *run = running_start(story, "500ms");
  leave_alive_one(story, "");
  running_sleep(5000); /* each of the dead has timed out once */
  leave_alive_one(story, "{\"match\": {\"key\": \"api_story_1\"}, \"times\": 1, \"delay_ms\": 100000}, ");
  story_forget_requests(story);
  running_await_requests(story, 1, REQUESTS, 10000);
  cr_assert_eq(running_requests(story, 2, "", NULL, 0), 0, "the dead answered: there was nothing to wait behind");
  running_stop(story, run);
  story_destroy(story);
}
