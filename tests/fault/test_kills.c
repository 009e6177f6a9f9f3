/* `run` is killed again and again, at moments that a seed chooses, while Close changes, and while PostgreSQL now and then is stopped in
 * the midst of it or fails over to a standby that has not got everything. After every kill the questions of every story's end are asked:
 * no row of the history is false, the chain is whole, one sweep leads to what Close has, `verify` proves it.
 *
 * ctest takes few; `tests/fault/kills N [SEED]` any number. */
#include "fault/living.h"
#include "support/inner.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef FAULT_SANITIZED
enum { KILLS = 25 };
#else
enum { KILLS = 75 };
#endif
enum { KILLS_A_STORY = 60, ORGANIZATIONS = 2, ACCOUNTS = 10 };

struct killing {
  struct living living;
  unsigned long long seed;
  const char *first, *second;              /* directories of a pair; the standby is the one that is not the story's */
  bool there[ORGANIZATIONS + 1][ACCOUNTS]; /* at Close */
  bool standby;
  long rows, restarts, fail_overs, words;
};

static unsigned below(struct killing *killing, unsigned limit) {
  killing->seed = killing->seed * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(killing->seed >> 33) % limit;
}

static long number_from(const char *variable, long otherwise) {
  const char *text = getenv(variable);
  return text && *text ? strtol(text, NULL, 10) : otherwise;
}

/* An account comes, goes, or says something else. */
static void change_close(struct killing *killing) {
  struct story *story = killing->living.story;
  int organization = 1 + (int)below(killing, ORGANIZATIONS), account = (int)below(killing, ACCOUNTS);
  bool *there = &killing->there[organization][account];
  const char *id = story_format(story, "o%d_a%d", organization, account);
  bool goes = *there && below(killing, 4) == 0;
  if (!*there)
    story_put(story, organization,
              story_format(story,
                           "{\"id\": \"%s\", \"_type\": \"google\", \"organization_id\": \"orga_story%d\","
                           " \"send_status\": \"w%ld\", \"identities\": [{\"email\": \"%s@example.com\"}]}",
                           id, organization, ++killing->words, id));
  else if (goes)
    story_remove(story, organization, id);
  else
    story_edit(story, organization, id, story_format(story, "{\"send_status\": \"w%ld\"}", ++killing->words));
  *there = !goes;
}

static const char *standby(const struct killing *killing) {
  return strcmp(own_cluster(killing->living.story), killing->first) == 0 ? killing->second : killing->first;
}

/* The story's own session ended, too. */
static void stop_database(struct story *story) {
  own_cluster_control(own_cluster(story), "restart -m immediate");
  do
    PQreset(story->connection);
  while (PQstatus(story->connection) != CONNECTION_OK);
}

/* What becomes of PostgreSQL while `run` is at it. */
static void trouble_database(struct killing *killing, long number) {
  struct story *story = killing->living.story;
  if (number % 7 == 3) {
    stop_database(story);
    killing->restarts++;
  }
  if (number % 20 == 10) {
    cluster_add_standby(story, standby(killing));
    killing->standby = true;
  }
  if (killing->standby && number % 20 == 12)
    cluster_freeze_standby(story, standby(killing));
  if (killing->standby && number % 20 == 13) {
    cluster_fail_over(story, standby(killing));
    killing->standby = false;
    killing->fail_overs++;
  }
}

/* Until Close was asked so many times more, or a while, for what is waited for need not come. */
static void await_requests(struct story *story, long more) {
  long wanted = story_request_count(story, "") + more;
  for (int waited_ms = 0; waited_ms < 1000 && story_request_count(story, "") < wanted; waited_ms++)
    running_sleep(1);
}

/* Changes before and while `run` sweeps, then the kill: before it has begun, or in whatever follows its first requests. */
static void kill_once(struct killing *killing, long number) {
  struct story *story = killing->living.story;
  story_forget_requests(story);
  const struct run *run = story_start(story, "run", NULL);
  for (unsigned left = 1 + below(killing, 4); left > 0; left--) {
    change_close(killing);
    await_requests(story, below(killing, 3));
  }
  trouble_database(killing, number);
  running_sleep((int)below(killing, below(killing, 4) == 0 ? 300 : 30));
  if (story_ended(story, run))
    story_fail(story, "`run` ended by itself with %d", run->exit_status);
  story_signal(story, run, SIGKILL);
  story_wait(story, run, 10000);
}

static void begin(struct killing *killing) {
  struct story *story = own_cluster_story(ORGANIZATIONS, 0);
  killing->living = (struct living){.story = story};
  killing->first = story_format(story, "%s", own_cluster(story));
  killing->second = story_format(story, "%s-b", killing->first);
  memset(killing->there, 0, sizeof killing->there);
  killing->standby = false;
  story_set(story, "database", "conninfo",
            story_format(story, "host=%s,%s dbname=%s user=postgres", killing->first, killing->second,
                         story_sql(story, "select current_database()")));
  story_set(story, "sync", "interval", "100ms");
  story_set(story, "sync", "flush_interval", "150ms");
  story_set(story, "sync", "max_removed", "100%");
  story_spare(story, TRUTH_DATED, "a fail-over loses what was committed, and with it what was known of the times");
  for (int i = 0; i < ACCOUNTS; i++)
    change_close(killing);
  story_expect_exit(story, 0, "sync",
                    NULL); /* both are bound: the server may commit for a killed one after it was looked */
}

static void kill_often(struct killing *killing, long from, long to) {
  begin(killing);
  struct story *story = killing->living.story;
  for (long number = from; number <= to; number++) {
    unsigned long long seed = killing->seed;
    kill_once(killing, number);
    story_note(story, story_format(story, "after kill %ld (the generator stood at %llu)", number, seed));
    story_end_truly(story);
  }
  killing->rows += story_judge(story).rows;
  story_destroy(story);
}

Test(kills, at_any_moment) {
  long wanted = number_from("CLOSESYNCD_KILLS", KILLS), seed = number_from("CLOSESYNCD_KILLS_SEED", 1);
  struct killing killing = {.seed = (unsigned long long)seed};
  for (long done = 0; done < wanted;) {
    long to = done + KILLS_A_STORY < wanted ? done + KILLS_A_STORY : wanted;
    kill_often(&killing, done + 1, to);
    done = to;
    printf("seed %ld: %ld kills, %ld restarts and %ld fail-overs of PostgreSQL, %ld history rows, none of them false\n",
           seed, done, killing.restarts, killing.fail_overs, killing.rows);
    fflush(stdout);
  }
  cr_assert_gt(killing.rows, wanted / 2);
}
