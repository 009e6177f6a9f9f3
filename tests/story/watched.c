/* What a daemon tells machines, beyond the plain numbers: what others change, what is in the database, and an address that is not to be had. */
#include "support/asking.h"
#include "support/running.h"
#include "support/tokens.h"
#include "support/truth.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000 };

static void expect_metric_soon(struct story *story, const char *name, double value) {
  for (int waited_ms = 0; waited_ms < PATIENCE_MS; waited_ms += 50) {
    if (asking_metric(story, name) == value)
      return;
    running_sleep(50);
  }
  story_fail(story, "%s never became %g, but is %g", name, value, asking_metric(story, name));
}

static void expect_metric(struct story *story, const char *name, double value) {
  double told = asking_metric(story, name);
  cr_assert_eq(told, value, "%s is %g", name, told);
}

static struct story *begin(void) {
  struct story *story = story_create_generated(2, 5, 7);
  asking_listen(story);
  return story;
}

Test(watched, what_others_do_meanwhile) {
  struct story *story = begin();
  story_spare(story, TRUTH_MIRROR, "an entry is set aside");
  const struct run *run = running_start(story, "300ms");
  expect_metric(story, "closesyncd_history_verified{organization=\"org1\"}", 0);
  expect_metric(story, "closesyncd_history_verify_timestamp_seconds{organization=\"org1\"}", 0);
  story_expect_exit(story, 0, "verify", "--record", NULL);
  expect_metric_soon(story, "closesyncd_history_verified{organization=\"org1\"}", 1);
  expect_metric(story, "closesyncd_history_verify_timestamp_seconds{organization=\"org1\"}",
                (double)story_count(story, "select extract(epoch from verified_at)::bigint from verification where "
                                           "organization_id = 'orga_story1'"));
  story_put(story, 1, "{\"id\": 7}");
  expect_metric_soon(story, "closesyncd_rejected_accounts{organization=\"org1\"}", 1);
  expect_metric(story, "closesyncd_rejected_accounts{organization=\"org2\"}", 0);
  story_sql(story, "update account set email = 'damaged' where organization_id = 'orga_story1'");
  story_expect_exit(story, 0, "sync", "--verify", "org2", NULL);
  expect_metric(story, "closesyncd_sweep_interval_seconds{organization=\"org1\"}", 0.3);
  expect_metric(story, "closesyncd_organizations{state=\"well\"}", 2);
  expect_metric(story, "closesyncd_config_last_reload_successful", 1);
  cr_assert_gt(asking_metric(story, "closesyncd_request_duration_seconds_count"), 2);
  running_stop(story, run);
  story_expect_exit(story, 0, "sync", "--verify", NULL);
  story_destroy(story);
}

Test(watched, gaps_that_the_database_knows_and_new_ones) {
  struct story *story = begin();
  story_set(story, "sync", "gap", "1s");
  story_expect_exit(story, 0, "sync", NULL);
  running_sleep(1500);
  story_expect_exit(story, 0, "sync", "org1", NULL);
  const struct run *run = story_start(story, "run", NULL);
  char *first = asking_first(story, "/metrics");
  cr_assert_not_null(strstr(first, "closesyncd_coverage_gaps_total{organization=\"org1\"} 1\n"), "%s", first);
  free(first);
  expect_metric_soon(story, "closesyncd_coverage_gaps_total{organization=\"org2\"}", 1);
  running_stop(story, run);
  story_expect_sql(story, "2", "select count(*) from coverage where organization_id = 'orga_story2'");
  story_destroy(story);
}

Test(watched, totals_alone) {
  struct story *story = begin();
  story_set(story, "http", "metrics_per_organization", "no");
  const struct run *run = running_start(story, "1h");
  expect_metric_soon(story, "closesyncd_sweeps_total{outcome=\"changed\"}", 2);
  expect_metric(story, "closesyncd_changes_total{change=\"added\"}", 10);
  char *answer = asking(story, "/metrics");
  cr_assert_null(strstr(answer, "org1"), "%s", answer);
  free(answer);
  running_stop(story, run);
  story_destroy(story);
}

/* Every word of the rules and of the dashboard that looks like a metric is one. */
static void expect_metrics_of(struct story *story, const char *path, const char *told) {
  static const char *const parts[] = {"_bucket", "_sum", "_count"};
  static char text[1 << 20];
  int count = 0;
  FILE *file = fopen(story_format(story, "%s/%s", getenv("CLOSESYNCD_SOURCE"), path), "re");
  cr_assert_not_null(file, "%s", path);
  text[fread(text, 1, sizeof text - 1, file)] = '\0';
  fclose(file);
  for (const char *at = text; *at != '\0';) {
    size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyz_");
    bool metric = (strncmp(at, "closesyncd_", 11) == 0 || strncmp(at, "process_", 8) == 0) && length > 11;
    for (size_t i = 0; metric && i < sizeof parts / sizeof *parts; i++) {
      size_t part = strlen(parts[i]);
      if (length > part && strncmp(at + length - part, parts[i], part) == 0) {
        if (strstr(told, story_format(story, "\n# TYPE %.*s histogram\n", (int)(length - part), at)) != NULL)
          metric = false;
      }
    }
    if (metric && strstr(told, story_format(story, "\n# TYPE %.*s ", (int)length, at)) == NULL)
      story_fail(story, "%s: no metric %.*s", path, (int)length, at);
    count += length > 11 && strncmp(at, "closesyncd_", 11) == 0;
    at += length > 0 ? length : 1;
  }
  cr_assert_gt(count, 14, "%s", path);
}

Test(watched, each_metric_of_the_rules_and_the_dashboard) {
  struct story *story = begin();
  story_set(story, "fleet", "enabled", "yes");
  const struct run *run = running_start(story, "1h");
  expect_metric_soon(story, "closesyncd_organizations{state=\"well\"}",
                     2); /* the clocks are known with the first sweep */
  char *told = asking(story, "/metrics");
  expect_metrics_of(story, "config/prometheus/closesyncd.rules.yml", told);
  expect_metrics_of(story, "config/grafana/closesyncd.json", told);
  free(told);
  running_stop(story, run);
  story_destroy(story);
}

/* Asks until the reply has both texts. */
static void expect_reply(struct story *story, const char *path, const char *status, const char *part) {
  char *answer = asking(story, path);
  for (int waited_ms = 0; waited_ms < PATIENCE_MS; waited_ms += 50) {
    if (strstr(answer, status) != NULL && strstr(answer, part) != NULL)
      break;
    free(answer);
    running_sleep(50);
    answer = asking(story, path);
  }
  if (strstr(answer, status) == NULL || strstr(answer, part) == NULL)
    story_fail(story, "%s never said \"%s\" and \"%s\", but: %s", path, status, part, answer);
  free(answer);
}

Test(watched, a_database_that_refuses) {
  struct story *story = begin();
  const struct run *run = running_start(story, "300ms");
  expect_reply(story, "/readyz", "200 OK", "{\"ready\": true}");
  story_sql(story, "alter table organization add constraint refuses check (name <> 'org1') not valid");
  story_put(story, 1, "{\"id\": \"emailacct_new\", \"_type\": \"zoom\"}");
  expect_reply(story, "/readyz", "503 ", "\"reason\": \"the database refuses\", \"error\": \"new row for relation");
  expect_reply(story, "/status.json", "\"up\": true", "\"error\": \"new row for relation");
  story_sql(story, "alter table organization drop constraint refuses");
  expect_reply(story, "/readyz", "200 OK", "\"ready\": true");
  running_stop(story, run);
  story_destroy(story);
}

/* One that another daemon of the fleet has: the database has the word. One that is disabled is nobody's. */
Test(watched, an_organization_of_somebody_else) {
  struct story *story = begin();
  story_expect_exit(story, 0, "sync", NULL);
  story_sql(story,
            "update fleet_slot set holder = gen_random_uuid(), expires_at = now() + interval '10 min' where slot = "
            "hashtextextended('org2', 0) & 255");
  story_set(story, "fleet", "enabled", "yes");
  story_set(story, "organization org3", "enabled", "no");
  const struct run *run = running_start(story, "1h");
  expect_reply(story, "/readyz?organization=org2", "200 OK", "{\"ready\": true}");
  story_sql(
      story,
      "update organization set last_swept_at = now() - interval '1 day', sweep_interval = '1 min' where name = 'org2'");
  expect_reply(story, "/readyz?organization=org2", "503 ", "\"reason\": \"no success for 3 intervals\"");
  story_sql(story, "update organization set last_swept_at = null where name = 'org2'");
  expect_reply(story, "/readyz?organization=org2", "503 ", "{\"organization\": \"org2\", \"seconds\": null, ");
  expect_reply(story, "/readyz?organization=org1", "200 OK", "{\"ready\": true}");
  expect_reply(story, "/readyz?organization=org3", "404 ", "no organization of this NAME");
  expect_reply(story, "/readyz?organization=", "404 ", "no organization of this NAME");
  running_stop(story, run);
  story_sql(story,
            "update organization set last_swept_at = (select until_at from coverage where coverage.organization_id = "
            "organization.organization_id) where name = 'org2'");
  story_destroy(story);
}

/* When it was refreshed, when it expires, and when a person has to authorize. */
Test(watched, a_token) {
  struct story *story = begin();
  tokens_use_oauth(story, 1, 3600);
  tokens_write(story, 1, "at_a", "rt_a", 10, 3600);
  const struct run *run = running_start(story, "300ms");
  long now_s = story_count(story, "select extract(epoch from now())::bigint");
  double left_s =
      asking_metric(story, "closesyncd_token_expires_timestamp_seconds{organization=\"org1\"}") - (double)now_s;
  cr_assert(left_s > 3500 && left_s < 3600, "%g s are left", left_s);
  expect_reply(story, "/status.json", "\"token\": {\"refreshed\": \"20", "\"authorize_needed\": false}");
  expect_reply(story, "/status.json", "\"organization\": \"org2\"", "\"token\": null");
  expect_reply(story, "/organization/org1", "Token renewed", "Token expires");
  expect_metric(story, "closesyncd_authorize_needed{organization=\"org1\"}", 0);
  unlink(tokens_path(story, 1));
  story_signal(story, run, SIGHUP);
  expect_metric_soon(story, "closesyncd_authorize_needed{organization=\"org1\"}", 1);
  expect_metric(story, "closesyncd_key_refused{organization=\"org2\"}", 0);
  expect_reply(story, "/organization/org1", "Token expires", "authorize it again");
  tokens_write(story, 1, "at_b", "rt_b", 10, 3600);
  expect_metric_soon(story, "closesyncd_authorize_needed{organization=\"org1\"}", 0);
  expect_metric_soon(story, "closesyncd_organizations{state=\"well\"}", 2);
  running_stop(story, run);
  story_destroy(story);
}

/* ---- the address ---- */

/* A socket that has a free port of its own, and its address. */
static int take_port(struct story *story, const char **ret_text) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  cr_assert(bind(fd, (struct sockaddr *)&address, length) == 0 && listen(fd, 1) == 0);
  cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
  *ret_text = story_format(story, "127.0.0.1:%d", ntohs(address.sin_port));
  return fd;
}

static int connect_to(const char *address_text) {
  struct sockaddr_in tcp = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr_un path = {.sun_family = AF_UNIX};
  bool is_path = *address_text == '/';
  int fd = socket(is_path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (is_path)
    strncpy(path.sun_path, address_text, sizeof path.sun_path - 1);
  else
    tcp.sin_port = htons((uint16_t)atoi(strchr(address_text, ':') + 1));
  if (connect(fd, is_path ? (struct sockaddr *)&path : (struct sockaddr *)&tcp, is_path ? sizeof path : sizeof tcp) ==
      0)
    return fd;
  close(fd);
  return -1;
}

/* Over a connection that is kept. */
static bool is_alive(int fd) {
  static const char request[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  char answer[1024] = "";
  return send(fd, request, sizeof request - 1, MSG_NOSIGNAL) > 0 && recv(fd, answer, sizeof answer - 1, 0) > 0 &&
         strncmp(answer, "HTTP/1.1 200 ", 13) == 0;
}

Test(watched, an_address_that_somebody_else_has) {
  struct story *story = story_create_generated(1, 2, 7);
  const char *taken;
  int fd = take_port(story, &taken);
  story_set(story, "http", "listen", taken);
  const struct run *run = running_start(story, "1h");
  running_await(
      story, run,
      story_format(
          story, "\"http.listen\": could not listen on \"%s\": Address already in use: tried again each minute", taken),
      1, PATIENCE_MS);
  story_await_sql(story, "2", "select count(*) from account", PATIENCE_MS);
  close(fd);
  story_signal(story, run, SIGHUP);
  running_await(story, run, story_format(story, "listening on \"%s\"", taken), 1, PATIENCE_MS);
  fd = connect_to(taken);
  cr_assert(fd >= 0 && is_alive(fd));
  close(fd);
  running_stop(story, run);
  story_destroy(story);
}

Test(watched, a_reload_opens_the_new_address_before_the_old_one_goes) {
  struct story *story = begin();
  const char *taken, *path = story_format(story, "%s/http", story_directory(story)),
                     *other = story_format(story, "%s/other", story_directory(story));
  const struct run *run = running_start(story, "1h");
  int busy = take_port(story, &taken), kept = connect_to(path);
  cr_assert(is_alive(kept));
  story_set(story, "http", "listen", taken);
  story_signal(story, run, SIGHUP);
  running_await(story, run, "the old configuration stays in force: \"http.listen\"", 1, PATIENCE_MS);
  cr_assert(is_alive(kept), "a refused reload ends no connection");
  expect_metric(story, "closesyncd_config_last_reload_successful", 0);
  story_set(story, "http", "listen", story_format(story, "unix:%s", other));
  story_signal(story, run, SIGHUP);
  running_await(story, run, "the new configuration is in force", 1, PATIENCE_MS);
  int moved = connect_to(other);
  cr_assert(moved >= 0 && is_alive(moved));
  cr_assert_neq(access(path, F_OK), 0, "the old socket is removed");
  close(kept);
  close(busy);
  close(moved);
  running_stop(story, run);
  story_destroy(story);
}
