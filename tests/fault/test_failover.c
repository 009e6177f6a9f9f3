/* A fail-over to an asynchronous standby loses the newest commits, under a living `run` that remembers what it wrote. A history
 * that begins again from the older state must not use the times that only the lost one knew; and a revision that another writer
 * brings back to the remembered number is not the remembered mirror. */
#include "fault/living.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

enum { ROUNDS = 3 };

struct pair {
  struct living living;
  const char *first, *second; /* directories; the standby is always the one that is not the story's */
};

static const char *standby(const struct pair *pair) {
  return strcmp(own_cluster(pair->living.story), pair->first) == 0 ? pair->second : pair->first;
}

static void begin(struct pair *pair) {
  struct story *story = own_cluster_story(1, 0);
  pair->first = story_format(story, "%s", own_cluster(story));
  pair->second = story_format(story, "%s-b", pair->first);
  cluster_add_standby(story, pair->second);
  living_begin(&pair->living, story,
               story_format(story, "host=%s,%s dbname=%s user=postgres", pair->first, pair->second,
                            story_sql(story, "select current_database()")));
}

/* The standby has everything up to here, and nothing of what comes. */
static void freeze(struct pair *pair) {
  cluster_await_standby(pair->living.story, standby(pair));
  cluster_freeze_standby(pair->living.story, standby(pair));
}

static void await_back(struct pair *pair) {
  running_await(pair->living.story, pair->living.run, "the database is back", pair->living.rounds + 1, 30000);
}

Test(failover, loses_what_was_just_written) {
  struct pair pair;
  begin(&pair);
  struct living *living = &pair.living;
  for (int round = 1; round <= ROUNDS; round++) {
    const char *word = story_format(living->story, "lost%d", round);
    freeze(&pair);
    living_change(living, word);
    living_await(living, word);
    living_settle(living);
    cluster_fail_over(living->story, standby(&pair));
    await_back(&pair);
    living_await(living, word);
    living_settle(living);
    expect_living_true(living, word);
    if (round < ROUNDS)
      cluster_add_standby(living->story, standby(&pair));
  }
  living_end(living, "fail-overs that lost commits");
}

/* What Close is at the end is what `run` remembers to have written; the new primary holds something else. */
static void bring_the_revision_back(struct pair *pair, bool by_erasing) {
  struct living *living = &pair->living;
  struct story *story = living->story;
  story_put(story, 1,
            "{\"id\": \"a_former\", \"organization_id\": \"orga_story1\", \"email\": \"former@example.com\"}");
  story_await_sql(story, "1", "select count(*) from close_crm.account where account_id = 'a_former'", 20000);
  story_remove(story, 1, "a_former");
  story_await_sql(story, "0", "select count(*) from close_crm.account where account_id = 'a_former'", 20000);
  freeze(pair);
  living_change(living, "remembered");
  living_await(living, "remembered");
  living_settle(living);
  long remembered = living_revision(living);
  story_signal(story, living->run, SIGSTOP);
  cluster_fail_over(story, standby(pair));
  if (by_erasing) {
    story_expect_exit(story, 0, "erase", "--account", "a_former", "--reason", "asked to", NULL);
  } else {
    story_edit(story, 1, "a1", "{\"send_status\": \"other\"}");
    story_expect_exit(story, 0, "sync", NULL);
    story_edit(story, 1, "a1", "{\"send_status\": \"remembered\"}");
  }
  if (living_revision(living) != remembered)
    story_fail(story, "the revision is %ld, and not %ld again", living_revision(living), remembered);
  story_signal(story, living->run, SIGCONT);
  await_back(pair);
  living_settle(living);
  expect_living_true(living, "another writer brought the revision back");
}

Test(failover, after_which_another_sweep_brings_the_revision_back) {
  struct pair pair;
  begin(&pair);
  bring_the_revision_back(&pair, false);
  living_end(&pair.living, "fail-overs after which a sweep brought the revision back");
}

Test(failover, after_which_an_erasure_brings_the_revision_back) {
  struct pair pair;
  begin(&pair);
  bring_the_revision_back(&pair, true);
  living_end(&pair.living, "fail-overs after which an erasure brought the revision back");
}
