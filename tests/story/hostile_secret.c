/* Secrets: what looks like one never reaches a table, whatever Close puts where; and ours is sent to api.base_url's host alone
 * (contract section 3). */
#include "support/process.h"
#include "support/scene.h"
#include "support/stranger.h"
#include "support/truth.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* Places in which a secret may come: each %s is its value. */
static const char *const places[] = {
    "\"password\": %s",
    "\"smtp\": {\"host\": \"h\", \"password\": %s, \"auth\": {\"refresh_TOKEN\": %s}}",
    "\"imap\": {\"Passwd_old\": %s}",
    "\"identities\": [{\"email\": \"e\", \"client_secret\": %s}]",
    "\"available_calendars\": [{\"id\": \"c\", \"token\": [%s]}]",
    "\"calendly\": {\"oauth\": [[[{\"credentials\": {\"user\": %s}}]]]}",
    "\"default_identity\": {\"api_key\": %s}",
    "\"my apikey\": {\"a\": [%s]}",
    "\"PRIVATE_KEY_pem\": %s",
    "\"\\u0070assword\": %s",
    "\"send_status\": {\"token\": %s}",
    "\"x\": {\"SECRET\": %s}, \"date_created\": {\"secrets\": %s}",
};

static const char *const values[] = {"\"hunter2\"", "20221108", "[\"hunter2\"]", "{\"a\": \"hunter2\"}", "true"};

enum { PLACES = sizeof places / sizeof places[0], VALUES = sizeof values / sizeof values[0] };

static const char *account(struct story *story, const char *id, int place, const char *value) {
  const char *text = places[place], *rest;
  while ((rest = strstr(text, "%s")) != NULL)
    text = story_format(story, "%.*s%s%s", (int)(rest - text), text, value, rest + 2);
  return story_format(story, "{%s\"organization_id\": \"orga_story1\", %s}", id, text);
}

Test(hostile_secret, redacted_in_every_table) {
  struct story *story = story_create(1);
  for (int place = 0; place < PLACES; place++)
    for (int value = 0; value < VALUES; value++)
      story_put_as(story, 1, NULL,
                   account(story, story_format(story, "\"id\": \"a_%d_%d\", ", place, value), place, values[value]),
                   true);
  story_put_as(story, 1, "rejected", account(story, "", 0, values[0]), true);
  story_put_as(story, 1, "too deep",
               account(story,
                       story_format(story, "\"id\": \"deep\", \"d\": %.70s1%.70s, ",
                                    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
                                    "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"),
                       1, values[0]),
               true);
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "rejected", "2");
  const char *dump = story_dump(story, "");
  cr_assert_null(strstr(dump, "hunter2"), "%s", strstr(dump, "hunter2"));
  cr_assert_null(strstr(dump, "20221108"), "%s", strstr(dump, "20221108"));
  cr_assert_null(strstr(dump, "api_story_1"));
  story_expect_sql(story, "2", "select count(*) from rejected_account where document::text like '%[redacted]%'");
  story_expect_sql(story, "f", "select bool_or(document::text !~ '\\[redacted\\]') from account_history");
  run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_spare(story, TRUTH_MIRROR, "the oracle mirrors what is rejected");
  story_destroy(story);
}

/* Another value behind a secret's name is no change: nobody could see it. null is one. */
Test(hostile_secret, another_secret_is_no_change) {
  struct story *story = story_create(1);
  story_put(story, 1, "{\"id\": \"a\", \"organization_id\": \"orga_story1\", \"token\": \"one\"}");
  story_expect_exit(story, 0, "sync", NULL);
  story_edit(story, 1, "a", "{\"token\": \"two\"}");
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_edit(story, 1, "a", "{\"token\": null}");
  run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "changed");
  story_expect_exact(story);
  story_destroy(story);
}

Test(hostile_secret, never_follows_a_redirect) {
  struct story *story = story_create(2);
  struct stranger *stranger = stranger_open("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
  static const int statuses[] = {301, 302, 303, 307, 308};
  for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
    story_replies(story, story_format(story,
                                      "[{\"match\": {\"key\": \"api_story_1\"}, \"status\": %d, \"redirect\": "
                                      "\"http://127.0.0.1:%d/api/v1/connected_account/\"}]",
                                      statuses[i], stranger_port(stranger)));
    const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
    story_expect_stderr(story, run, "redirect");
    story_expect_member(story, run, "org2", "error", "null");
  }
  cr_assert_eq(stranger_connections(stranger), 0);
  stranger_close(stranger);
  story_destroy(story);
}

Test(hostile_secret, proxies_of_the_environment_are_ignored) {
  struct story *story = story_create_generated(1, 3, 1);
  struct stranger *proxy = stranger_open("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
  static const char *const names[] = {"http_proxy",  "HTTP_PROXY", "https_proxy",
                                      "HTTPS_PROXY", "all_proxy",  "ALL_PROXY"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    story_environment(story, story_format(story, "%s=http://127.0.0.1:%d", names[i], stranger_port(proxy)));
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  cr_assert_eq(stranger_connections(proxy), 0);
  stranger_close(proxy);
  story_destroy(story);
}

/* Headers that nobody should send back; and the ones that we do send. */
Test(hostile_secret, cookies_are_not_kept) {
  struct story *story = story_create(1);
  struct stranger *close_api = stranger_open(
      "HTTP/1.1 503 Service Unavailable\r\nset-cookie: session=kept; Path=/\r\nretry-after: 0\r\n"
      "www-authenticate: Digest realm=\"x\", nonce=\"y\"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  story_set(story, "api", "base_url", story_format(story, "http://127.0.0.1:%d/api/v1", stranger_port(close_api)));
  story_expect_exit(story, 1, "sync", NULL);
  cr_assert_eq(stranger_connections(close_api), 3);
  char *heard = stranger_heard(close_api);
  cr_assert_null(strcasestr(heard, "cookie:"), "%s", heard);
  cr_assert_null(strcasestr(heard, "digest"), "%s", heard);
  cr_assert_not_null(strcasestr(heard, "authorization: basic YXBpX3N0b3J5XzE6\r\n"), "%s", heard);
  cr_assert_not_null(strcasestr(heard, "accept-encoding: gzip\r\n"), "%s", heard);
  cr_assert_not_null(strcasestr(heard, "accept: application/json\r\n"), "%s", heard);
  free(heard);
  stranger_close(close_api);
  story_destroy(story);
}

static void write_key(struct story *story, const char *text) {
  FILE *file = fopen(story_format(story, "%s/org1.key", story_directory(story)), "we");
  cr_assert_not_null(file);
  fputs(text, file);
  fclose(file);
}

/* A key file written by hand: blanks and line ends around the key are no part of it. */
Test(hostile_secret, white_space_around_a_key) {
  struct story *story = story_create_generated(1, 3, 1);
  write_key(story, "\r\n\t  api_story_1 \t\r\n\n");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  story_destroy(story);
}

static void run(struct story *story, const char *command) {
  cr_assert_eq(system(story_format(story, "cd '%s' && %s >/dev/null 2>&1", story_directory(story), command)), 0, "%s",
               command);
}

static int start_tls(struct story *story, struct process *sim) {
  const char *path = getenv("CLOSE_SIM");
  const char *const argv[] = {path ? path
                                   : story_format(story, "%s/build/tests/sim/close-sim", getenv("CLOSESYNCD_SOURCE")),
                              "--organizations",
                              "1",
                              "--accounts",
                              "3",
                              "--tls",
                              story_format(story, "%s/cert.pem", story_directory(story)),
                              story_format(story, "%s/key.pem", story_directory(story)),
                              NULL};
  cr_assert(process_start(sim, story_directory(story), "tls", argv, NULL));
  for (int i = 0; i < 500; i++) {
    char *out = file_content(sim->out_path);
    int port = strchr(out, '\n') && strncmp(out, "port ", 5) == 0 ? atoi(out + 5) : 0;
    free(out);
    if (port)
      return port;
    usleep(10000);
  }
  cr_assert_fail("close-sim --tls did not start");
  return 0;
}

Test(hostile_secret, strangers_certificates_are_refused) {
  struct story *story = story_create(1);
  struct process sim;
  run(story, "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -addext subjectAltName=IP:127.0.0.1 "
             "-keyout key.pem -out cert.pem");
  write_key(story, "api_generated_1");
  int port = start_tls(story, &sim);
  story_set(story, "api", "base_url", story_format(story, "https://127.0.0.1:%d/api/v1", port));
  const struct run *refused = story_expect_exit(story, 1, "sync", NULL);
  story_expect_stderr(story, refused, "could not make a trusted connection");
  story_set(story, "api", "ca_file", story_format(story, "%s/cert.pem", story_directory(story)));
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_sql(story, "3", "select count(*) from account");
  story_set(story, "api", "base_url", story_format(story, "https://localhost:%d/api/v1", port));
  refused = story_expect_exit(story, 1, "sync", NULL); /* the certificate is for another name */
  story_expect_stderr(story, refused, "could not make a trusted connection");
  process_finish(&sim);
  story_spare(story, TRUTH_TIMES | TRUTH_MIRROR, "it was another Close");
  story_destroy(story);
}
