/* OAuth from day to day (contract 7): tokens are sent, renewed in time, once, and never used before they are on the disk. */
#include "support/running.h"
#include "support/tokens.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct story *oauth_story(int organizations, int life_s) {
  struct story *story = story_create_generated(organizations, 3, 1);
  for (int i = 1; i <= organizations; i++)
    tokens_use_oauth(story, i, life_s);
  return story;
}

Test(oauth_refresh, a_living_token_is_used_and_a_due_one_renewed) {
  struct story *story = oauth_story(1, 3600);
  tokens_write(story, 1, "at_a", "rt_a", 10, 3600);
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  tokens_expect(story, 1, "refreshes", "0");
  tokens_write(story, 1, "at_b", "rt_b", 3400, 3600);
  story_expect_exit(story, 0, "sync", NULL);
  tokens_expect(story, 1, "refreshes", "1");
  tokens_expect(story, 1, "violations", "0");
  cr_assert_str_eq(tokens_on_disk(story, 1), "rt_orga_story1_1");
  struct stat status;
  cr_assert_eq(stat(tokens_path(story, 1), &status), 0);
  cr_assert_eq(status.st_mode & 07777, 0600);
  story_expect_exit(story, 0, "sync", NULL);
  tokens_expect(story, 1, "refreshes", "1");
  story_destroy(story);
}

/* Whoever waited for the lock reads the file again. */
Test(oauth_refresh, many_processes_renew_it_once) {
  struct story *story = oauth_story(1, 3600);
  const struct run *runs[6];
  tokens_write(story, 1, "at_a", "rt_a", 3700, 3600);
  story_expect_exit(story, 0, "migrate", NULL);
  story_replies(story, "[{\"match\": {\"path\": \"/oauth2/token/\"}, \"delay_ms\": 300}]");
  for (int i = 0; i < 6; i++)
    runs[i] = story_start(story, "plan", NULL);
  for (int i = 0; i < 6; i++) {
    story_wait(story, runs[i], 30000);
    cr_assert_eq(runs[i]->exit_status, 2, "%s", runs[i]->err);
  }
  tokens_expect(story, 1, "refreshes", "1");
  tokens_expect(story, 1, "refused", "0");
  tokens_expect(story, 1, "violations", "0");
  story_destroy(story);
}

/* A 401 to an old token renews it; to a newborn one it is what it is, and Close is not asked for another. */
Test(oauth_refresh, a_refused_token_is_renewed_when_it_is_old) {
  struct story *story = oauth_story(1, 3600);
  tokens_write(story, 1, "at_a", "rt_a", 90, 3600);
  tokens_set(story, 1, "{\"access_token\": \"at_other\"}");
  story_expect_exit(story, 0, "sync", NULL);
  tokens_expect(story, 1, "refreshes", "1");
  tokens_write(story, 1, "at_b", "rt_b", 5, 3600);
  tokens_set(story, 1, "{\"access_token\": \"at_other\"}");
  const struct run *run = story_expect_exit(story, 1, "sync", NULL);
  story_expect_stderr(story, run, "Close refuses the OAuth token (HTTP 401), and /me/ says so too");
  story_expect_stderr(story, run, "run `closesyncd authorize org1`");
  tokens_expect(story, 1, "refreshes", "1");
  story_destroy(story);
}

/* In `run` tokens live two seconds: they are renewed again and again, and the mirror never fails. */
Test(oauth_refresh, a_daemon_renews_them_for_ever) {
  struct story *story = oauth_story(1, 2);
  tokens_set(story, 1, "{\"revoke\": true}");
  tokens_write(story, 1, "at_a", "rt_a", 10, 2);
  const struct run *run = running_start(story, "100ms");
  running_await(story, run, "the OAuth token was renewed", 4, 20000);
  running_stop(story, run);
  cr_assert_eq(running_lines(story, run, "refuse"), 0, "%s", running_said(story, run));
  tokens_expect(story, 1, "violations", "0");
  tokens_expect(story, 1, "refused", "0");
  cr_assert_str_eq(tokens_on_disk(story, 1), tokens_tell(story, 1, "refresh_token"));
  story_expect_exact(story);
  story_destroy(story);
}

/* Which way in is used, and for how long; offline too, where a token that is missing is told and is no mistake of the configuration. */
Test(oauth_refresh, check_and_status_tell_how_long_it_lives) {
  struct story *story = oauth_story(2, 3600);
  tokens_write(story, 1, "at_a", "rt_a", 150, 3600);
  story_expect_exit(story, 1, "sync", NULL);
  const struct run *run = story_expect_exit(story, 0, "check", "--offline", NULL);
  cr_assert_not_null(
      strstr(run->out, "its client secret and its OAuth token can be read: renewed 2 min ago, lives 57 min"), "%s",
      run->out);
  cr_assert_not_null(strstr(run->out, "org2.oauth\": run `closesyncd authorize org2`"), "%s", run->out);
  run = story_expect_exit(story, 0, "status", NULL);
  cr_assert_not_null(strstr(run->out, "OAuth token: renewed 2 min ago, lives 57 min"), "%s", run->out);
  cr_assert_not_null(strstr(run->out, "OAuth token: none yet, run `closesyncd authorize org2`"), "%s", run->out);
  tokens_write(story, 2, "at_b", "rt_b", 3700, 3600);
  run = story_expect_exit(story, 0, "check", NULL);
  cr_assert_not_null(
      strstr(run->out, "the OAuth token acts as user_story1 of orga_story1; renewed 2 min ago, lives 57 min"), "%s",
      run->out);
  cr_assert_not_null(strstr(run->out, "the OAuth token acts as user_story2 of orga_story2; renewed "), "%s", run->out);
  tokens_write(story, 2, "at_c", "rt_c", 3700, 3600);
  run = story_expect_exit(story, 0, "status", NULL);
  cr_assert_not_null(strstr(run->out, "OAuth token: expired 10"), "%s", run->out);
  story_destroy(story);
}

/* Contract 7: this organization's failure, in every command, naming what to do; asked again when the file is another one. */
Test(oauth_refresh, invalid_grant_waits_for_a_person) {
  struct story *story = oauth_story(2, 3600);
  tokens_write(story, 1, "at_a", "rt_a", 3700, 3600);
  tokens_write(story, 2, "at_2", "rt_2", 5, 3600);
  tokens_set(story, 1, "{\"refresh_token\": \"rt_other\"}");
  static const char *const commands[] = {"sync", "plan", "check"};
  story_expect_exit(story, 0, "migrate", NULL);
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    const struct run *run = story_expect_exit(story, 1, commands[i], NULL);
    cr_assert(strstr(run->err, "closesyncd authorize org1") != NULL ||
                  strstr(run->out, "closesyncd authorize org1") != NULL,
              "%s%s", run->out, run->err);
  }
  const struct run *run = running_start(story, "100ms");
  running_await(story, run, "run `closesyncd authorize org1`", 1, 10000);
  running_await_requests(story, 2, 20, 10000);
  long asked = story_request_count(story, "/oauth2/token/");
  running_sleep(1500);
  cr_assert_eq(story_request_count(story, "/oauth2/token/"), asked, "asked again without a reason");
  tokens_write(story, 1, "at_9", "rt_9", 5, 3600);
  story_await_sql(story, "3", "select count(*) from account where organization_id = 'orga_story1'", 5000);
  running_stop(story, run);
  story_destroy(story);
}

Test(oauth_refresh, a_missing_file_is_that_organizations_failure) {
  struct story *story = oauth_story(2, 3600);
  tokens_write(story, 2, "at_2", "rt_2", 5, 3600);
  const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "failed");
  story_expect_member(story, run, "org2", "outcome", "changed");
  story_expect_stderr(story, run, "org1.oauth\": run `closesyncd authorize org1`");
  cr_assert_eq(story_request_count(story, "/oauth2/token/"), 0);
  story_destroy(story);
}

/* A disk that takes nothing: nothing is asked, the old token serves while it lives, and it says so. */
Test(oauth_refresh, a_disk_that_is_read_only_asks_nothing) {
  struct story *story = oauth_story(1, 3600);
  if (geteuid() != 0)
    cr_skip_test("only root can mount");
  const char *folder = story_format(story, "%s/tokens", story_directory(story));
  tokens_write(story, 1, "at_a", "rt_a", 3400, 3600);
  char command[512];
  snprintf(command, sizeof command, "mount --bind '%s' '%s' && mount -o remount,bind,ro '%s'", folder, folder, folder);
  if (system(command) != 0)
    cr_skip_test("no mounts here");
  const struct run *lives = story_run(story, "sync", NULL);
  snprintf(command, sizeof command, "umount '%s'", folder);
  cr_assert_eq(system(command), 0);
  cr_assert_eq(lives->exit_status, 0, "%s", lives->err);
  story_expect_stderr(story, lives, "could not renew the OAuth token, the present one serves while it lives");
  cr_assert_eq(story_request_count(story, "/oauth2/token/"), 0);
  story_destroy(story);
}

/* The client's secret could not be read when the daemon began, and can be now; a renewal is due. */
Test(oauth_refresh, a_secret_that_comes_late) {
  struct story *story = oauth_story(2, 3600);
  const char *secret = story_format(story, "%s/org1.secret", story_directory(story));
  const char *away = story_format(story, "%s.away", secret);
  tokens_write(story, 1, "at_a", "rt_a", 3700, 3600);
  tokens_write(story, 2, "at_b", "rt_b", 10, 3600);
  cr_assert_eq(rename(secret, away), 0);
  const struct run *run = running_start(story, "100ms");
  story_await_sql(story, "3", "select count(*) from account", 10000);
  cr_assert_eq(rename(away, secret), 0);
  for (int i = 0; i < 100 && strcmp(story_sql(story, "select count(*) from account"), "6") != 0; i++) {
    story_signal(story, run, SIGUSR1);
    running_sleep(100);
  }
  story_expect_sql(story, "6", "select count(*) from account");
  tokens_expect(story, 1, "refreshes", "1");
  running_stop(story, run);
  story_destroy(story);
}
