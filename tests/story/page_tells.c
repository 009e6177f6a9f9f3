/* The pages as they leave the daemon: their heads, who is told of whom, what a part that cannot be read does to the others. How they look
 * is seen in page_in_a_browser. */
#include "support/asking.h"
#include "support/running.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static void expect(struct story *story, const char *path, const char *const parts[]) {
  char *answer = asking(story, path);
  for (int i = 0; parts[i] != NULL; i++)
    if (strstr(answer, parts[i]) == NULL)
      story_fail(story, "%s does not say \"%s\", but: %s", path, parts[i], answer);
  free(answer);
}

static const struct run *begin(struct story *story) {
  asking_listen(story);
  story_set(story, "sync", "interval", "1h");
  const struct run *run = story_start(story, "run", NULL);
  running_await(story, run, "running organizations=", 1, 20000);
  return run;
}

static void end(struct story *story, const struct run *run) {
  story_signal(story, run, SIGTERM);
  story_wait(story, run, 10000);
  cr_assert_eq(run->exit_status, 0, "%s", run->err);
  story_destroy(story);
}

Test(page_tells, who_needs_attention_and_who_is_unknown) {
  struct story *story = story_create_generated(3, 4, 5);
  story_set(story, "organization org3", "enabled", "no");
  story_replies(story, "[{\"match\": {\"path\": \"/connected_account/\", \"key\": \"api_story_2\"}, \"status\": 503, "
                       "\"body\": \"{}\"}]");
  const struct run *run = begin(story);
  expect(story, "/",
         (const char *const[]){"HTTP/1.1 200 OK\r\n", "\r\nContent-Type: text/html; charset=utf-8\r\n",
                               "\r\nRefresh: ", "\r\nCache-Control: no-store\r\n",
                               "\r\nContent-Security-Policy: default-src 'none'; style-src 'sha256-",
                               "='; form-action 'self'; base-uri 'none'; frame-ancestors 'none'\r\n", "<!doctype html>",
                               "1 of 2 organizations needs attention", "href=\"/organization/org2\"", "HTTP 503",
                               "href=\"/organization/org1\"", NULL});
  expect(story, "/?state=well", (const char *const[]){"/organization/org1\"", NULL});
  expect(story, "/?name=nobody&page=7", (const char *const[]){"No organization is like this.", NULL});
  expect(story, "/organization/org1",
         (const char *const[]){"HTTP/1.1 200 OK\r\n", "Broken accounts", "Last 50 changes", "Coverage", "Members",
                               "Evidence", "Erasures and prunings", "Rejected entries and drift", "are masked", NULL});
  expect(story, "/organization/org2", (const char *const[]){"was never mirrored", "HTTP 503", NULL});
  expect(story, "/organization/org3", (const char *const[]){"HTTP/1.1 404 ", "is disabled here", NULL});
  expect(story, "/readyz?organization=org3",
         (const char *const[]){"HTTP/1.1 404 ", "no organization of this NAME", NULL});
  expect(story, "/organization/org4", (const char *const[]){"HTTP/1.1 404 ", "no such organization", NULL});
  expect(story, "/organization/", (const char *const[]){"HTTP/1.1 404 ", NULL});
  expect(story, "/organization", (const char *const[]){"HTTP/1.1 404 ", "/organization/NAME", NULL});
  end(story, run);
}

/* What altered the history, what it can prove, what was set aside: all that is rare. */
Test(page_tells, what_is_rare) {
  struct story *story = story_create_generated(1, 4, 5);
  story_expect_exit(story, 0, "sync", NULL);
  const char *id = story_sql(story, "select account_id from account order by account_id limit 1");
  story_remove(story, 1, id);
  story_edit(story, 1, story_sql(story, "select account_id from account order by account_id desc limit 1"),
             "{\"send_status\": \"error\", \"latest_send_error\": \"535\"}");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exit(story, 0, "erase", "--account", id, "--reason", "asked by carol@example.com", NULL);
  story_expect_exit(story, 0, "verify", "--record", NULL);
  story_sql(story, "insert into field_drift values ('orga_story1', 'surprise', 'number', now(), now())");
  story_sql(story, "insert into coverage (organization_id, from_at, until_at, sweeps) values ('orga_story1', now() - "
                   "interval '9 days', now() - interval '7 days', 5)");
  const struct run *run = begin(story);
  expect(story, "/organization/org1",
         (const char *const[]){">erasure<", "proven", "surprise", "Nobody looked for ", "Nobody had looked before",
                               "removed", "<rect class=\"on\"", NULL});
  char *answer = asking(story, "/organization/org1");
  cr_assert_null(strstr(answer, "carol"), "a reason can name somebody");
  const char *since = strstr(answer, "data-label=\"Broken since\""), *before = since ? strstr(since, "in the ") : NULL;
  cr_assert(before != NULL && before < strstr(since, "data-label=\"Why\""), "when nobody looked is told: %s", answer);
  free(answer);
  end(story, run);
}

/* Null, absent, erased, pruned and not asked for are five things, and no value that would have to be masked. */
Test(page_tells, what_stands_instead_of_a_value) {
  struct story *story = story_create(1);
  story_put(story, 1, "{\"id\": \"emailacct_1\", \"email\": \"a@example.com\"}");
  story_put(story, 1, "{\"id\": \"emailacct_2\", \"user_id\": \"u\"}");
  story_expect_exit(story, 0, "sync", NULL);
  story_edit(story, 1, "emailacct_1", "{\"email\": null, \"user_id\": null}");
  story_edit(story, 1, "emailacct_2", "{\"user_id\": \"v\"}");
  story_expect_exit(story, 0, "sync", NULL);
  story_remove(story, 1, "emailacct_2");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exit(story, 0, "erase", "--account", "emailacct_2", NULL);
  const struct run *run = begin(story);
  expect(story, "/organization/org1",
         (const char *const[]){"<code>email</code> <del>•••</del> → <ins>null</ins>",
                               "<code>user_id</code> <del>absent</del> → <ins>null</ins>",
                               "<code>user_id</code> <del>erased</del> → <ins>erased</ins>", NULL});
  story_set(story, "history", "retention", "1s");
  story_await_sql(story, "t", "select max(observed_at) < clock_timestamp() - interval '1.1 s' from account_history",
                  5000);
  story_expect_exit(story, 0, "prune", NULL);
  running_sleep(1100); /* what was made is shown for a second */
  expect(story, "/organization/org1",
         (const char *const[]){"<code>email</code> <del>pruned</del> → <ins>null</ins>", NULL});
  story_set(story, "sync", "exclude_fields", "user_id");
  story_expect_exit(story, 0, "sync", NULL);
  running_sleep(1100);
  expect(story, "/organization/org1",
         (const char *const[]){"<code>user_id</code> <del>null</del> → <ins>not asked for</ins>", NULL});
  end(story, run);
}

/* A table that somebody locks holds up its own part alone, and the daemon not at all. */
Test(page_tells, what_cannot_be_read) {
  struct story *story = story_create_generated(1, 4, 5);
  const struct run *run = begin(story);
  long sessions = story_count(story, "select count(*) from pg_stat_activity where datname = current_database() and "
                                     "application_name = 'closesyncd'");
  story_sql(story, "begin");
  story_sql(story, "lock table member in access exclusive mode");
  expect(story, "/organization/org1",
         (const char *const[]){"this could not be read", "Evidence", "History rows", NULL});
  story_sql(story, "rollback");
  cr_assert_eq(story_count(story, "select count(*) from pg_stat_activity where datname = current_database() and "
                                  "application_name = 'closesyncd'"),
               sessions + 1, "a session of its own");
  running_sleep(1100); /* what was made is shown for a second */
  char *answer = asking(story, "/organization/org1");
  cr_assert_null(strstr(answer, "could not be read"), "%s", answer);
  free(answer);
  end(story, run);
}

/* Somebody's page is in the making when the configuration changes: it says so, and blames nobody. */
Test(page_tells, that_the_configuration_has_changed) {
  struct story *story = story_create_generated(1, 4, 5);
  const struct run *run = begin(story);
  bool told = false;
  story_sql(story, "begin");
  story_sql(story, "lock table member in access exclusive mode");
  for (int i = 0; i < 5 && !told; i++) { /* the lock is waited for a second only */
    int fd = asking_begin(story, "/organization/org1");
    running_sleep(300);
    story_signal(story, run, SIGHUP);
    char *answer = asking_hear(fd);
    told = strstr(answer, "the configuration has changed: ask again") != NULL;
    cr_assert_not(told && strstr(answer, "could not be read") != NULL, "%s", answer);
    free(answer);
  }
  cr_assert(told);
  story_sql(story, "rollback");
  end(story, run);
}
