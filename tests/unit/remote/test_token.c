/* A token from the first question to a refusal: when Close is asked, what is served, and what a lost answer costs. */
#include "unit/remote/token_fixture.h"
#include <fcntl.h>
#include <sys/file.h>

TestSuite(token, .init = set_up, .fini = finish);

Test(token, a_living_one_is_served_without_asking) {
  write_file("at-1", "rt-1", 10, 3600);
  add(TOKEN_OF_OAUTH);
  cr_assert_null(token_ready(token()), "nothing was read yet");
  ask_and_run(0, NULL);
  expect_served(0, "at-1");
  cr_assert_eq(asked_count, 0);
  struct bearer *ready = token_ready(token());
  cr_assert_str_eq(secret_expose(bearer_secret(ready)), "at-1");
  bearer_leave(ready);
  cr_assert_eq(token_look(token()).expires_s - token_look(token()).refreshed_s, 3600);
}

/* One request for all that wait; the new refresh token is on the disk when the first of them gets the new access token. */
Test(token, a_due_one_is_renewed_once_and_written_first) {
  write_file("at-1", "rt-1", 3400, 3600);
  add(TOKEN_OF_OAUTH);
  ask(1, NULL);
  ask(2, NULL);
  ask_and_run(0, NULL);
  cr_assert_eq(asked_count, 1);
  cr_assert_str_eq(asked[0].url, "https://h/token/");
  cr_assert_str_eq(asked[0].credential, "");
  cr_assert_str_eq(asked[0].form, "grant_type=refresh_token&refresh_token=rt-1&client_id=client&client_secret=cs");
  grant(1, GRANT("at-2", "rt-2"));
  for (int i = 0; i < 3; i++) {
    expect_served(i, "at-2");
    cr_assert_eq(told[i].calls, 1);
    cr_assert_str_eq(told[i].on_disk, "rt-2");
  }
}

Test(token, the_old_refresh_token_stays_when_none_comes) {
  write_file("at-1", "rt-1", 3700, 3600);
  add(TOKEN_OF_OAUTH);
  ask_and_run(0, NULL);
  grant(1, "{\"access_token\": \"at-2\"}");
  expect_served(0, "at-2");
  cr_assert_str_eq(told[0].on_disk, "rt-1");
}

/* Contract 7: after a 401 to a token older than a minute; a younger one is not the reason. */
Test(token, a_refused_one_is_renewed_when_it_is_old) {
  write_file("at-1", "rt-1", 30, 3600);
  add(TOKEN_OF_OAUTH);
  ask_and_run(0, NULL);
  ask_and_run(1, told[0].bearer);
  expect_served(1, "at-1");
  cr_assert_eq(asked_count, 0);
  write_file("at-1", "rt-1", 90, 3600);
  ask_and_run(2, told[0].bearer);
  cr_assert_eq(asked_count, 1);
  grant(1, GRANT("at-2", "rt-2"));
  expect_served(2, "at-2");
}

Test(token, another_one_in_the_file_is_taken_first) {
  write_file("at-1", "rt-1", 90, 3600);
  add(TOKEN_OF_OAUTH);
  ask_and_run(0, NULL);
  write_file("at-7", "rt-7", 90, 3600);
  ask_and_run(1, told[0].bearer);
  expect_served(1, "at-7");
  ask_and_run(2, told[0].bearer);
  expect_served(2, "at-7");
  cr_assert_eq(asked_count, 0);
}

static void lose(int number, enum error_kind kind, const char *code) {
  struct error error = {0};
  error_set(&error, kind, "no answer");
  strcpy(error.code, code);
  asked[number - 1].done(asked[number - 1].context, NULL, &error);
  loop_run(loop);
}

Test(token, a_lost_answer_is_asked_for_once_more) {
  write_file("at-1", "rt-1", 3700, 3600);
  add(TOKEN_OF_OAUTH);
  ask_and_run(0, NULL);
  lose(1, ERROR_NETWORK, "");
  cr_assert_eq(asked_count, 2);
  cr_assert_str_eq(asked[1].form, asked[0].form);
  grant(2, GRANT("at-2", "rt-2"));
  expect_served(0, "at-2");
}

Test(token, a_refusal_behind_a_lost_answer_says_so) {
  static const struct {
    int status;
    const char *body;
  } losses[] = {{200, "{\"access_token\": \"at-2\", \"refresh_tok"}, {502, "bad gateway"}, {504, ""}};
  for (int i = 0; i < 3; i++) {
    write_file("at-1", "rt-1", 3700 + i, 3600);
    add(TOKEN_OF_OAUTH);
    ask_and_run(0, NULL);
    answer_with(asked_count, losses[i].status, losses[i].body);
    loop_run(loop);
    answer_with(asked_count, 400, "{\"error\": \"invalid_grant\"}");
    loop_run(loop);
    cr_assert_eq(asked_count, 2 * (i + 1));
    cr_assert_str_eq(told[0].error,
                     "Close refused to renew the OAuth token (HTTP 400, invalid_grant) after an answer of "
                     "it was lost: run `closesyncd authorize acme`");
    cr_assert_eq(told[0].kind, ERROR_CREDENTIAL);
  }
}

Test(token, what_was_not_sent_was_not_lost) {
  write_file("at-1", "rt-1", 3700, 3600);
  add(TOKEN_OF_OAUTH);
  ask_and_run(0, NULL);
  lose(1, ERROR_NETWORK, HTTP_UNSENT);
  cr_assert_eq(asked_count, 1);
  cr_assert_eq(told[0].kind, ERROR_NETWORK);
  ask_and_run(1, NULL);
  answer_with(2, 429, "");
  loop_run(loop);
  cr_assert_eq(asked_count, 2);
  cr_assert_str_eq(told[1].error, "Close does not renew the OAuth token now (HTTP 429)");
  ask_and_run(2, NULL);
  answer_with(3, 400, "{\"error\": \"invalid_grant\"}");
  loop_run(loop);
  cr_assert_null(strstr(told[2].error, "lost"), "%s", told[2].error);
}

Test(token, trouble_spares_one_that_lives) {
  write_file("at-1", "rt-1", 3400, 3600);
  add(TOKEN_OF_OAUTH);
  ask_and_run(0, NULL);
  lose(1, ERROR_NETWORK, HTTP_UNSENT);
  expect_served(0, "at-1");
  ask_and_run(1, NULL);
  expect_served(1, "at-1");
  cr_assert_eq(asked_count, 1, "the next try is half a minute away");
}

Test(token, a_refused_refresh_token_is_not_asked_for_again) {
  write_file("at-1", "rt-1", 3700, 3600);
  add(TOKEN_OF_OAUTH);
  ask_and_run(0, NULL);
  answer_with(1, 400, "{\"error\": \"invalid_grant\"}");
  loop_run(loop);
  cr_assert_not_null(strstr(told[0].error, "run `closesyncd authorize acme`"), "%s", told[0].error);
  cr_assert(token_look(token()).authorize_needed);
  ask_and_run(1, NULL);
  cr_assert_str_eq(told[1].error, told[0].error);
  cr_assert_eq(asked_count, 1);
  cr_assert_not(token_look_at_file(token()));
  write_file("at-7", "rt-7", 0, 3600);
  cr_assert(token_look_at_file(token()));
  ask_and_run(2, NULL);
  expect_served(2, "at-7");
  cr_assert_not(token_look(token()).authorize_needed);
}

Test(token, a_reload_asks_again) {
  write_file("at-1", "rt-1", 3700, 3600);
  add(TOKEN_OF_OAUTH);
  ask_and_run(0, NULL);
  answer_with(1, 401, "{\"error\": \"invalid_client\"}");
  loop_run(loop);
  cr_assert_not_null(strstr(told[0].error, "check oauth_client_id"), "%s", told[0].error);
  add(TOKEN_OF_OAUTH);
  ask_and_run(1, NULL);
  cr_assert_eq(asked_count, 2);
  grant(2, GRANT("at-2", "rt-2"));
  expect_served(1, "at-2");
}

Test(token, without_a_file_nothing_is_asked) {
  add(TOKEN_OF_OAUTH);
  ask_and_run(0, NULL);
  cr_assert_not_null(strstr(told[0].error, "there is no token file"), "%s", told[0].error);
  cr_assert_not_null(strstr(told[0].error, "run `closesyncd authorize acme`"), "%s", told[0].error);
  cr_assert_eq(told[0].kind, ERROR_CREDENTIAL);
  cr_assert_eq(asked_count, 0);
  write_file("at-1", "rt-1", 0, 3600);
  cr_assert(token_look_at_file(token()));
}

static struct timer *other_timer;
static int other_lock;

/* It has renewed the token, and gives the lock back. */
static void on_other_process(void *context) {
  (void)context;
  cr_assert_eq(told[0].calls, 0);
  write_file("at-2", "rt-2", 0, 3600);
  cr_assert_eq(close(other_lock), 0);
  timer_close(other_timer);
}

Test(token, another_process_goes_first) {
  char lock[96];
  write_file("at-1", "rt-1", 3700, 3600);
  snprintf(lock, sizeof lock, "%s.lock", path);
  other_lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  cr_assert_eq(flock(other_lock, LOCK_EX), 0);
  other_timer = timer_open(loop, on_other_process, NULL);
  timer_start(other_timer, 100);
  add(TOKEN_OF_OAUTH);
  ask_and_run(0, NULL);
  expect_served(0, "at-2");
  cr_assert_eq(asked_count, 0);
}

Test(token, somebody_elses_token_is_read_again_when_refused) {
  FILE *file = fopen(path, "w");
  fputs("at-1\n", file);
  fclose(file);
  cr_assert_eq(chmod(path, 0600), 0);
  add(TOKEN_OF_FILE);
  ask_and_run(0, NULL);
  expect_served(0, "at-1");
  ask_and_run(1, told[0].bearer);
  expect_served(1, "at-1");
  file = fopen(path, "w");
  fputs("at-2", file);
  fclose(file);
  ask_and_run(2, told[0].bearer);
  expect_served(2, "at-2");
  cr_assert_eq(unlink(path), 0);
  ask_and_run(3, told[2].bearer);
  cr_assert_not_null(strstr(told[3].error, "could not open key file"), "%s", told[3].error);
  cr_assert_eq(asked_count, 0);
}

/* ---- the end ---- */

Test(token, a_stop_waits_for_close_and_for_the_disk) {
  char refresh[32];
  write_file("at-1", "rt-1", 3700, 3600);
  add(TOKEN_OF_OAUTH);
  ask_and_run(0, NULL);
  tokens_stop(tokens);
  cr_assert_eq(told[0].calls, 0);
  answer_with(1, 200, GRANT("at-2", "rt-2"));
  tokens_close(tokens);
  loop_run(loop);
  cr_assert_eq(told[0].calls, 1);
  read_refresh(refresh);
  cr_assert_str_eq(refresh, "rt-2");
}

Test(token, a_stop_asks_nothing_more) {
  write_file("at-1", "rt-1", 3700, 3600);
  add(TOKEN_OF_OAUTH);
  ask(0, NULL);
  tokens_stop(tokens);
  ask(1, NULL);
  tokens_close(tokens);
  loop_run(loop);
  for (int i = 0; i < 2; i++) {
    cr_assert_eq(told[i].calls, 1, "wait %d", i);
    cr_assert_eq(told[i].kind, ERROR_CANCELLED);
  }
  cr_assert_eq(asked_count, 0);
}

Test(token, what_does_not_end_is_abandoned) {
  write_file("at-1", "rt-1", 3700, 3600);
  add(TOKEN_OF_OAUTH);
  ask_and_run(0, NULL);
  tokens_stop(tokens);
  token_abandon(token()); /* as when patience is at its end */
  tokens_close(tokens);
  loop_run(loop);
  cr_assert_eq(told[0].kind, ERROR_CANCELLED);
  cr_assert(asked[0].cancelled);
  leave_unanswered(1, ERROR_CANCELLED);
}

Test(token, who_no_longer_waits_is_told_so_and_the_token_goes_on) {
  char refresh[32];
  write_file("at-1", "rt-1", 3700, 3600);
  add(TOKEN_OF_OAUTH);
  struct token_wait *wait = ask(0, NULL);
  loop_run(loop);
  token_wait_cancel(wait);
  loop_run(loop);
  cr_assert_eq(told[0].kind, ERROR_CANCELLED);
  grant(1, GRANT("at-2", "rt-2"));
  read_refresh(refresh);
  cr_assert_str_eq(refresh, "rt-2");
  ask_and_run(1, NULL);
  expect_served(1, "at-2");
}
