/* An access token that somebody else renews (contract 7): sent as it is, read again after a 401 and at a reload. */
#include "support/running.h"
#include "support/tokens.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Organization 1 is asked with "access_1", and Close takes that alone. */
static struct story *token_story(int organizations) {
  struct story *story = story_create_generated(organizations, 3, 1);
  tokens_use_file(story, 1, "access_1");
  tokens_set(story, 1, "{\"access_token\": \"access_1\"}");
  return story;
}

static void renew(struct story *story, const char *access) {
  tokens_set(story, 1, story_format(story, "{\"access_token\": \"%s\"}", access));
}

Test(access_token, is_sent_as_it_is) {
  struct story *story = token_story(1);
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  const struct run *run = story_expect_exit(story, 0, "check", NULL);
  cr_assert_not_null(strstr(run->out,
                            "the access token acts as user_story1 of orga_story1; how long it lives, only who "
                            "renews it knows"),
                     "%s", run->out);
  renew(story, "access_2");
  run = story_expect_exit(story, 1, "sync", NULL);
  story_expect_stderr(story, run, "Close refuses the access token (HTTP 401), and /me/ says so too");
  story_expect_stderr(story, run, "give a valid access token");
  story_destroy(story);
}

/* Renewed while nobody looks: the 401 is followed by a look at the file, and the sweep goes on. */
Test(access_token, is_read_again_after_a_401) {
  struct story *story = token_story(1);
  const struct run *run = running_start(story, "100ms");
  story_await_sql(story, "3", "select count(*) from account", 20000);
  for (int i = 2; i < 5; i++) {
    tokens_write_file(story, 1, story_format(story, "access_%d", i));
    renew(story, story_format(story, "access_%d", i));
    story_edit(story, 1, story_sql(story, "select min(account_id) from account"),
               story_format(story, "{\"latest_send_error\": \"%d\"}", i));
    story_await_sql(story, story_format(story, "%d", i), "select max(latest_send_error) from account", 20000);
  }
  running_stop(story, run);
  cr_assert_gt(running_status_count(story, 1, 401) + running_status_count(story, 0, 401), 0, "nobody was refused");
  story_expect_sql(story, "0", "select count(*) from sweep where outcome = 'failed'");
  story_expect_exact(story);
  story_destroy(story);
}

/* Of a refused token and a file that says the same, it is a failure, once, and over as soon as the file is another one. */
Test(access_token, that_is_refused_is_that_organizations_failure) {
  struct story *story = token_story(2);
  const struct run *run = running_start(story, "100ms");
  story_await_sql(story, "6", "select count(*) from account", 20000);
  renew(story, "access_2");
  running_await(story, run, "Close refuses the access token (HTTP 401)", 1, 20000);
  story_await_sql(story, "t", "select count(*) > 1 from sweep where outcome = 'changed'", 20000);
  tokens_write_file(story, 1, "access_2");
  story_signal(story, run, SIGHUP);
  running_await(story, run, "sweeps are well again", 1, 20000);
  running_stop(story, run);
  cr_assert_eq(running_lines(story, run, "Close refuses the access token"), 1, "%s", running_said(story, run));
  story_destroy(story);
}

/* A reload takes what is in the file by then, and nobody has to be refused first. */
Test(access_token, is_read_again_at_a_reload) {
  struct story *story = token_story(1);
  const struct run *run = running_start(story, "100ms");
  story_await_sql(story, "3", "select count(*) from account", 20000);
  tokens_write_file(story, 1, "access_1\n");
  story_signal(story, run, SIGHUP);
  running_await(story, run, "the new configuration is in force", 1, 20000);
  running_stop(story, run);
  cr_assert_eq(running_status_count(story, 1, 401), 0);
  story_destroy(story);
}

/* An access token's file is a key: one that others can read is a mistake for sync, and that organization's failure for run. */
Test(access_token, others_must_not_read) {
  struct story *story = token_story(2);
  const char *path = story_format(story, "%s/org1.token", story_directory(story));
  cr_assert_eq(chmod(path, 0644), 0);
  const struct run *run = story_expect_exit(story, 78, "sync", NULL);
  story_expect_stderr(story, run, "org1.token");
  run = running_start(story, "100ms");
  story_await_sql(story, "3", "select count(*) from account", 20000);
  cr_assert_eq(chmod(path, 0600), 0);
  story_signal(story, run, SIGHUP);
  story_await_sql(story, "6", "select count(*) from account", 20000);
  running_stop(story, run);
  story_destroy(story);
}
