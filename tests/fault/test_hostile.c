/* A Close that answers 45 of 50 organizations with whatever a seed chooses from the list below, for as long as is wanted. The other five
 * are honest: each of their changes is mirrored in good time. Memory stays flat, and nothing false is written of anybody: what a lie said
 * of an account counts as true for the microsecond in which it was said (tests/sim).
 *
 * ctest takes some seconds; `tests/fault/hostile_hour [SECONDS] [SEED]` any number. */
#include "support/inner.h"
#include "support/running.h"
#include "support/truth.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECONDS = 5, ORGANIZATIONS = 50, HONEST = 5, ACCOUNTS = 4, ON_TIME_MS = 5000, GROWTH_KIB = 24 * 1024 };

/* Members of a rule (tests/sim/README.md); each has a chance of its own, so about half of all requests are met by one. Those that say
 * something of accounts are rare: the time line keeps every word of them. */
static const struct {
  double chance;
  const char *rule;
} hostilities[] = {
    {0.02, "\"status\": 400"},
    {0.02, "\"status\": 401"},
    {0.02, "\"status\": 403"},
    {0.02, "\"status\": 404"},
    {0.02, "\"status\": 418, \"body\": \"tea\""},
    {0.02, "\"status\": 500"},
    {0.02, "\"status\": 503"},
    {0.02, "\"status\": 504, \"body\": \"<html>\""},
    {0.01, "\"status\": 204"},
    {0.01, "\"redirect\": \"http://127.0.0.1:1/\""},
    {0.02, "\"status\": 429, \"headers\": {\"ratelimit\": \"limit=1, remaining=0, reset=1\"}"},
    {0.01, "\"status\": 429, \"headers\": {\"retry-after\": \"3600\"}"},
    {0.01, "\"status\": 429, \"headers\": {\"ratelimit\": \"limit=;;, reset=-9e99\"}, \"body\": \"[\""},
    {0.02, "\"status\": 200, \"body\": \"\""},
    {0.02, "\"status\": 200, \"body\": \"null\""},
    {0.02, "\"status\": 200, \"body\": \"<html><body>we are down\""},
    {0.02, "\"status\": 200, \"body_json\": {\"data\": [], \"has_more\": false}"},
    {0.02, "\"status\": 200, \"body_json\": {\"data\": {}, \"has_more\": false}"},
    {0.02, "\"status\": 200, \"body_json\": {\"data\": [1, null, \"x\", {}, {\"id\": 7}], \"has_more\": false}"},
    {0.01, "\"status\": 200, \"body_json\": {\"data\": [{\"id\": \"a1\", \"organization_id\": \"orga_stranger\"}], "
           "\"has_more\": false}"},
    {0.01, "\"status\": 200, \"body_repeat\": {\"before\": \"{\\\"data\\\": \", \"text\": \"[\", \"count\": 200000}"},
    {0.01,
     "\"status\": 200, \"body_repeat\": {\"before\": \"{\\\"data\\\": [\", \"text\": \"1e9999,\", \"count\": 50000, "
     "\"after\": \"0], \\\"has_more\\\": false}\"}"},
    {0.01, "\"status\": 200, \"body_repeat\": {\"text\": \" \", \"count\": 3000000}"},
    {0.01, "\"status\": 200, \"gzip\": true, \"body_zeros\": 50000000"},
    {0.01, "\"status\": 200, \"body_base64\": \"/v8AAAECAw==\""},
    {0.02, "\"has_more\": \"\""},
    {0.02, "\"has_more\": \"true\""},
    {0.02, "\"has_more\": \"\\\"no\\\"\""},
    {0.02, "\"serve_skip\": 1"},
    {0.02, "\"delay_ms\": 700"},
    {0.01, "\"delay_ms\": 2500"},
    {0.01, "\"drip\": {\"bytes\": 1, \"every_ms\": 2}"},
    {0.02, "\"cut_after\": 60"},
    {0.01, "\"cut_after\": 60, \"chunked\": true"},
    {0.02, "\"reset\": true"},
    {0.01, "\"reset\": true, \"cut_after\": 30"},
    {0.01, "\"content_length\": 100000"},
    {0.01, "\"content_length\": 10"},
    {0.01, "\"endless\": \"body\""},
    {0.01, "\"endless\": \"headers\""},
    {0.01, "\"raw\": true, \"body\": \"HTTP/1.1 200 OK\\r\\ncontent-length: -1\\r\\n\\r\\n{}\""},
    {0.01, "\"raw\": true, \"body\": \"\\u0016\\u0003\\u0001 no HTTP at all\""},
    {0.01, "\"garble\": 1"},
    {0.01, "\"garble\": 8"},
    {0.05, "\"match\": {\"path\": \"/me/\"}, \"body_json\": {\"id\": \"user_stranger\"}"},
    {0.05,
     "\"match\": {\"path\": \"/me/\"}, \"body_json\": {\"id\": \"u\", \"organizations\": [{\"id\": \"orga_other\"}]}"},
    {0.05, "\"match\": {\"path_prefix\": \"/connected_account/a\"}, \"status\": 404"},
    {0.05, "\"match\": {\"path_prefix\": \"/connected_account/a\"}, \"status\": 200, \"body\": \"{}\""},
};

struct hour {
  struct story *story;
  const struct run *run;
  unsigned long long seed;
  long changes, slowest_ms;
  long early_kib, late_kib; /* resident memory: the most in the first third of the time, and in the last */
};

static unsigned below(struct hour *hour, unsigned limit) {
  hour->seed = hour->seed * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(hour->seed >> 33) % limit;
}

static long number_from(const char *variable, long otherwise) {
  const char *text = getenv(variable);
  return text && *text ? strtol(text, NULL, 10) : otherwise;
}

static const char *accounts(struct story *story, int organization) {
  const char *text = "[";
  for (int i = 1; i <= ACCOUNTS; i++)
    text = story_format(story,
                        "%s%s{\"id\": \"a%d_%d\", \"_type\": \"google\", \"organization_id\": \"orga_story%d\","
                        " \"email\": \"a%d@example.com\", \"send_status\": \"ok\", \"identities\": [{\"email\":"
                        " \"a%d@example.com\", \"name\": \"A\"}]}",
                        text, i > 1 ? ", " : "", organization, i, organization, i, i);
  return story_format(story, "%s]", text);
}

/* The honest ones come first: their rule changes nothing, and is the first that fits. */
static void turn_hostile(struct hour *hour) {
  struct story *story = hour->story;
  const char *rules = "[";
  for (int i = 1; i <= HONEST; i++)
    rules = story_format(story, "%s{\"match\": {\"key\": \"api_story_%d\"}}, ", rules, i);
  for (size_t i = 0; i < sizeof hostilities / sizeof *hostilities; i++)
    rules = story_format(story, "%s%s{\"chance\": %g, \"seed\": %u, %s}", rules, i > 0 ? ", " : "",
                         hostilities[i].chance, below(hour, 1000000000), hostilities[i].rule);
  story_replies(story, story_format(story, "%s]", rules));
}

/* An honest account says something new: how long until the mirror says so. */
static void change_honest(struct hour *hour) {
  struct story *story = hour->story;
  int organization = 1 + (int)below(hour, HONEST);
  const char *id = story_format(story, "a%d_%u", organization, 1 + below(hour, ACCOUNTS));
  const char *word = story_format(story, "w%ld", ++hour->changes);
  story_edit(story, organization, id, story_format(story, "{\"send_status\": \"%s\"}", word));
  int waited_ms = 0;
  for (; strcmp(story_sql(story, story_format(story, "select send_status from account where account_id = '%s'", id)),
                word) != 0;
       waited_ms += 20) {
    if (waited_ms > ON_TIME_MS * story_patience())
      story_fail(story, "the change of an honest account is not mirrored after %d ms:\n%s", waited_ms,
                 running_said(story, hour->run));
    running_sleep(20);
  }
  hour->slowest_ms = waited_ms > hour->slowest_ms ? waited_ms : hour->slowest_ms;
}

static void keep_watch(struct hour *hour, long seconds) {
  long long began_ms = 0, now_ms = 0;
  while (began_ms == 0 || now_ms - began_ms < seconds * 1000) {
    change_honest(hour);
    now_ms = strtoll(story_sql(hour->story, "select (extract(epoch from clock_timestamp()) * 1000)::bigint"), NULL, 10);
    began_ms = began_ms == 0 ? now_ms : began_ms;
    long kib = running_resident_kib(hour->story, hour->run);
    long *most = (now_ms - began_ms) * 3 < seconds * 1000 ? &hour->early_kib : &hour->late_kib;
    *most = kib > *most ? kib : *most;
    running_sleep((int)below(hour, 800));
  }
}

/* With lies about the principal, and ids of which bytes were mended, nobody goes by himself. */
static void settle(struct story *story) {
  story_replies(story, "[]");
  for (int first = HONEST + 1; first <= ORGANIZATIONS; first += 5) {
    const char *names[5];
    for (int i = 0; i < 5; i++)
      names[i] = story_format(story, "org%d", first + i);
    story_run(story, "sync", "--allow-removals", names[0], names[1], names[2], names[3], names[4], NULL);
  }
}

Test(hostile, to_most_and_honest_to_some) {
  long seconds = number_from("CLOSESYNCD_HOSTILE_SECONDS", SECONDS), seed = number_from("CLOSESYNCD_HOSTILE_SEED", 1);
  struct hour hour = {.story = story_create(ORGANIZATIONS), .seed = (unsigned long long)seed};
  struct story *story = hour.story;
  for (int i = 1; i <= ORGANIZATIONS; i++)
    story_accounts(story, i, accounts(story, i));
  story_set(story, "api", "request_timeout", "2s");
  story_set(story, "api", "max_response", "2MiB");
  hour.run = running_start(story, "1s");
  story_await_sql(story, "200", "select count(*) from account", 30000);
  turn_hostile(&hour);
  keep_watch(&hour, seconds);
  for (int i = 1; i <= HONEST; i++)
    story_expect_mirror(story, i);
  printf(
      "seed %ld: %ld s, %ld honest changes, the slowest mirrored after %ld ms, memory %ld then %ld KiB, requests %s\n",
      seed, seconds, hour.changes, hour.slowest_ms, hour.early_kib, hour.late_kib,
      story_ask_sim(story, "GET", "counts", NULL));
#ifndef FAULT_SANITIZED
  if (hour.late_kib > hour.early_kib + GROWTH_KIB)
    story_fail(story, "resident memory grew from %ld to %ld KiB", hour.early_kib, hour.late_kib);
#endif
  running_stop(story, hour.run);
  settle(story);
  story_destroy(story);
}
