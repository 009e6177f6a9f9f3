/* `closesyncd authorize NAME` (contract 7), as a person meets it: an address to open, one to paste, and a clear sentence for whatever is
 * wrong. Nothing is written unless all is well. */
#include "support/running.h"
#include "support/tokens.h"

#include <criterion/criterion.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Organization 1 may be authorized with the code "code_1"; there is no database that answers. */
static struct story *new_story(void) {
  struct story *story = story_create_generated(1, 3, 1);
  tokens_use_oauth(story, 1, 3600);
  tokens_set(story, 1, "{\"code\": \"code_1\"}");
  story_set(story, "database", "conninfo", "host=/nowhere");
  story_set(story, "api", "oauth_authorize_url",
            story_format(story, "http://127.0.0.1:%d/oauth2/authorize/", story_port(story)));
  return story;
}

static void with_database(struct story *story) { story_set(story, "database", "conninfo", story_conninfo(story)); }

/* The address that was printed, when it was. */
static const char *printed_address(struct story *story, const struct run *run) {
  for (int i = 0; i < 5000; i++) {
    const char *out = running_printed(story, run), *begin = strstr(out, "http"), *end;
    if (strstr(out, "then Enter: ") != NULL && begin != NULL && (end = strchr(begin, '\n')) != NULL)
      return story_format(story, "%.*s", (int)(end - begin), begin);
    running_sleep(2);
  }
  story_fail(story, "no address was printed: %s", running_printed(story, run));
}

/* Where a browser is sent that opens this address. */
static const char *browse(struct story *story, const char *address) {
  CURL *curl = curl_easy_init();
  const char *location = NULL;
  curl_easy_setopt(curl, CURLOPT_URL, address);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  cr_assert_eq(curl_easy_perform(curl), CURLE_OK);
  curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &location);
  const char *copy = story_format(story, "%s", location ? location : "");
  curl_easy_cleanup(curl);
  return copy;
}

struct session { /* a person at the terminal */
  const struct run *run;
  int fd;
  const char *address;
};

static struct session begin(struct story *story) {
  const char *fifo = story_format(story, "%s/stdin", story_directory(story));
  unlink(fifo);
  cr_assert_eq(mkfifo(fifo, 0600), 0);
  story_environment(story, story_format(story, "STORY_STDIN=%s", fifo));
  struct session session = {.run = story_start(story, "-v", "authorize", "org1", NULL)};
  session.fd = open(fifo, O_WRONLY | O_CLOEXEC);
  story_environment(story, "STORY_STDIN=/dev/null"); /* whoever is run meanwhile has no terminal */
  session.address = printed_address(story, session.run);
  return session;
}

static void paste(struct story *story, struct session *session, const char *text) {
  cr_assert_eq(write(session->fd, text, strlen(text)), (ssize_t)strlen(text));
  close(session->fd);
  story_wait(story, session->run, 30000);
}

static void expect_nothing_written(struct story *story, const struct run *run, const char *sentence) {
  cr_assert_eq(run->exit_status, 1, "%s%s", run->out, run->err);
  story_expect_stderr(story, run, sentence);
  cr_assert_neq(access(tokens_path(story, 1), F_OK), 0);
  cr_assert_neq(access(story_format(story, "%s.new", tokens_path(story, 1)), F_OK), 0);
}

Test(authorize, from_the_address_to_the_mirror) {
  struct story *story = new_story();
  struct stat status;
  struct session session = begin(story);
  cr_assert_not_null(strstr(session.address, "?client_id=client_story1&response_type=code&state="), "%s",
                     session.address);
  paste(story, &session, story_format(story, "  %s \r\n", browse(story, session.address)));
  cr_assert_eq(session.run->exit_status, 0, "%s%s", session.run->out, session.run->err);
  cr_assert_not_null(strstr(session.run->out, "The token acts as user_story1 of orga_story1."), "%s", session.run->out);
  cr_assert_str_eq(tokens_on_disk(story, 1), "rt_orga_story1_1");
  cr_assert_eq(stat(tokens_path(story, 1), &status), 0);
  cr_assert_eq(status.st_mode & 07777, 0600);
  with_database(story);
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  tokens_expect(story, 1, "refreshes", "0");
  story_destroy(story);
}

Test(authorize, a_bare_code_and_a_redirect_uri) {
  struct story *story = new_story();
  story_set(story, "organization org1", "oauth_redirect_uri", "https://x.example/back?a=1");
  struct session session = begin(story);
  cr_assert_not_null(strstr(browse(story, session.address), "https://x.example/back?a=1?code=code_1"));
  paste(story, &session, "code_1\n");
  cr_assert_eq(session.run->exit_status, 0, "%s", session.run->err);
  tokens_expect(story, 1, "exchanges", "1");
  story_destroy(story);
}

Test(authorize, what_is_pasted_wrongly_is_told) {
  static const struct {
    const char *pasted, *sentence;
  } rows[] = {
      {"", "nothing was pasted"},
      {"https://x/?code=code_1&state=wrong\n", "the state of the pasted address is not that of this attempt"},
      {"https://x/?error=access_denied&state=wrong\n", "the consent was not given (access_denied)"},
      {"https://x/?code=code _1&state=wrong\n", "holds a blank in its middle"},
      {"https://x/\n", "holds no code"},
  };
  struct story *story = new_story();
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct session session = begin(story);
    paste(story, &session, rows[i].pasted);
    expect_nothing_written(story, session.run, rows[i].sentence);
    story_expect_stderr(story, session.run, "nothing was written");
  }
  cr_assert_eq(story_request_count(story, "/oauth2/token/"), 0);
  struct session session = begin(story);
  paste(story, &session, session.address);
  expect_nothing_written(story, session.run, "this is the address to open");
  story_destroy(story);
}

Test(authorize, a_refused_consent_and_a_refused_code) {
  struct story *story = new_story();
  struct session session = begin(story);
  paste(story, &session, "code_expired\n");
  expect_nothing_written(story, session.run, "Close refused the code (HTTP 400, invalid_grant)");
  tokens_set(story, 1, "{\"refuse\": true}");
  session = begin(story);
  paste(story, &session, browse(story, session.address));
  expect_nothing_written(story, session.run, "the consent was not given (access_denied)");
  tokens_set(story, 1, "{\"client_secret\": \"another\"}");
  session = begin(story);
  paste(story, &session, "code_1\n");
  expect_nothing_written(story, session.run, "check oauth_client_id and the client's secret");
  story_replies(story, "[{\"match\": {\"path\": \"/oauth2/token/\"}, \"bare\": true, \"status\": 429}]");
  session = begin(story);
  paste(story, &session, "code_1\n");
  expect_nothing_written(story, session.run, "Close gives no tokens now (HTTP 429): run it again");
  story_destroy(story);
}

Test(authorize, another_organization_is_refused) {
  struct story *story = new_story();
  story_set(story, "organization org1", "organization_id", "orga_other");
  struct session session = begin(story);
  paste(story, &session, "code_1\n");
  expect_nothing_written(story, session.run, "that is not orga_other, as organization_id says");
  cr_assert_not_null(strstr(session.run->out, "of orga_story1."), "%s", session.run->out);
  story_set(story, "organization org1", "organization_id", "");
  with_database(story);
  story_expect_exit(story, 0, "migrate", NULL);
  story_sql(story,
            "insert into organization (organization_id, name, principal_id) values ('orga_before', 'org1', 'user_x')");
  tokens_set(story, 1, "{\"code\": \"code_2\"}");
  session = begin(story);
  paste(story, &session, "code_2\n");
  expect_nothing_written(story, session.run, "that is not orga_before, as this NAME is recorded");
  story_sql(story, "delete from organization");
  story_destroy(story);
}

/* The token's answer says one thing, /me/ another: whose it is, nobody knows. */
Test(authorize, an_organization_that_is_contradicted_is_refused) {
  struct story *story = new_story();
  story_replies(story, "[{\"match\": {\"path\": \"/me/\"}, \"body_json\": {\"id\": \"user_story1\", "
                       "\"organizations\": [{\"id\": \"orga_elsewhere\"}]}}]");
  struct session session = begin(story);
  paste(story, &session, "code_1\n");
  expect_nothing_written(story, session.run, "the token is said to be of orga_story1, which /me/ does not name");
  story_destroy(story);
}

/* A full disk refuses before the code is spent. */
Test(authorize, without_room_close_is_not_asked) {
  struct story *story = new_story();
  story_set(story, "organization org1", "oauth_token_file", "/nowhere/at/all/org1.oauth");
  struct session session = begin(story);
  paste(story, &session, "code_1\n");
  cr_assert_eq(session.run->exit_status, 1);
  story_expect_stderr(story, session.run, "Close was not asked");
  cr_assert_eq(story_request_count(story, "/oauth2/token/"), 0);
  story_destroy(story);
}

Test(authorize, whom_it_is_not_for) {
  struct story *story = story_create(2);
  tokens_use_oauth(story, 2, 3600);
  const struct run *run = story_expect_exit(story, 78, "authorize", "org1", NULL);
  story_expect_stderr(story, run, "does not use OAuth");
  story_expect_exit(story, 64, "authorize", "nobody", NULL);
  story_expect_exit(story, 64, "authorize", NULL);
  story_expect_exit(story, 64, "authorize", "org1", "org2", NULL);
  unlink(story_format(story, "%s/org1.key", story_directory(story))); /* is nobody's business here */
  run = story_expect_exit(story, 1, "authorize", "org2", NULL);
  story_expect_stderr(story, run, "nothing was pasted");
  unlink(story_format(story, "%s/org2.secret", story_directory(story)));
  run = story_expect_exit(story, 78, "authorize", "org2", NULL);
  story_expect_stderr(story, run, "could not open key file");
  story_destroy(story);
}

/* A daemon that waits for a person takes the tokens up at once. */
Test(authorize, a_running_daemon_takes_it_up) {
  struct story *story = new_story();
  with_database(story);
  const struct run *run = running_start(story, "1h");
  running_await(story, run, "there is no token file", 1, 10000);
  struct session session = begin(story);
  paste(story, &session, browse(story, session.address));
  cr_assert_eq(session.run->exit_status, 0, "%s", session.run->err);
  story_await_sql(story, "3", "select count(*) from account", 8000);
  running_stop(story, run);
  tokens_expect(story, 1, "violations", "1"); /* authorize's own /me/, as contract 7 allows */
  story_destroy(story);
}
