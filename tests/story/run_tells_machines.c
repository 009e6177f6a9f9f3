/* What a running daemon tells those that watch it: systemd over its socket, Prometheus and load balancers over HTTP. */
#include "support/asking.h"
#include "support/cluster.h"
#include "support/inner.h"
#include "support/running.h"
#include "support/truth.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000 };

static struct sockaddr_un address_of(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  cr_assert_lt(strlen(path), sizeof address.sun_path);
  strcpy(address.sun_path, path);
  return address;
}

/* Asks until the reply has both texts. */
static void await(struct story *story, const char *path, const char *status, const char *part) {
  struct timespec pause = {.tv_nsec = 50 * 1000000L};
  for (int waited_ms = 0; waited_ms < PATIENCE_MS; waited_ms += 50) {
    char *answer = asking(story, path);
    bool found = strstr(answer, status) != NULL && strstr(answer, part) != NULL;
    bool secret = strstr(answer, "api_story") != NULL;
    free(answer);
    cr_assert_not(secret, "%s shows a key", path);
    if (found)
      return;
    nanosleep(&pause, NULL);
  }
  char *answer = asking(story, path);
  story_fail(story, "%s never said \"%s\" and \"%s\", but: %s", path, status, part, answer);
}

static struct story *begin(void) {
  struct story *story = story_create_generated(2, 5, 7);
  asking_listen(story);
  story_set(story, "sync", "interval", "300ms");
  return story;
}

Test(run_tells_machines, over_http) {
  struct story *story = begin();
  const struct run *run = story_start(story, "run", NULL);
  await(story, "/metrics", "200 OK", "closesyncd_sweeps_total{organization=\"org2\",outcome=\"changed\"} 1\n");
  await(story, "/metrics", "closesyncd_changes_total{organization=\"org1\",change=\"added\"} 5\n",
        "closesyncd_database_up 1\n");
  await(story, "/metrics", "closesyncd_accounts{organization=\"org1\",type=\"", "process_resident_memory_bytes ");
  await(story, "/healthz", "200 OK", "\r\n\r\nok\n");
  await(story, "/readyz", "200 OK", "{\"ready\": true}");
  await(story, "/status.json", "\"organization\": \"org1\", \"organization_id\": \"orga_story1\"", "\"accounts\": 5");
  await(story, "/nowhere", "404 ", "/status.json");
  await(story, "/", "200 OK", "All 2 organizations are");
  story_replies(story, "[{\"match\": {\"path\": \"/connected_account/\", \"key\": \"api_story_2\"}, \"status\": 500, "
                       "\"body\": \"{}\"}]");
  await(story, "/readyz", "200 OK", "{\"ready\": true, \"reasons\": [{\"organization\": \"org2\", ");
  await(story, "/readyz?organization=org2", "503 ", "{\"ready\": false, \"reasons\": [{\"organization\": \"org2\", ");
  await(story, "/readyz?organization=org1", "200 OK", "{\"ready\": true}");
  await(story, "/readyz?organization=org3", "404 ", "no organization of this NAME");
  await(story, "/status.json", "\"outcome\": \"failed\"", "\"late\": true");
  await(story, "/metrics", "closesyncd_http_requests_total{organization=\"org2\",code=\"500\"}",
        "closesyncd_database_up 1\n");
  story_replies(story, "[{\"match\": {\"path\": \"/connected_account/\"}, \"status\": 500, \"body\": \"{}\"}]");
  await(story, "/readyz", "503 ", "{\"organization\": \"org1\", ");
  story_signal(story, run, SIGTERM);
  story_wait(story, run, 10000);
  cr_assert_eq(run->exit_status, 0, "%s", run->err);
  cr_assert_neq(access(story_format(story, "%s/http", story_directory(story)), F_OK), 0, "the socket is removed");
  story_destroy(story);
}

/* Close is away when the daemon begins again: what it knows is what the database knows. */
Test(run_tells_machines, what_the_database_knew_before) {
  struct story *story = story_create(1);
  story_spare(story, TRUTH_MIRROR, "an entry is set aside");
  asking_listen(story);
  story_put(story, 1,
            "{\"id\": \"a1\", \"_type\": \"google\", \"send_status\": \"error\", \"receive_status\": \"ok\"}");
  story_put(story, 1,
            "{\"id\": \"a2\", \"_type\": \"zoom\", \"send_status\": \"ok\", \"receive_status\": \"error\", "
            "\"email_receive_status\": \"error\"}");
  story_put(story, 1, "{\"id\": \"a3\", \"_type\": \"zoom\", \"calendar_receive_status\": \"error\"}");
  story_put(story, 1, "{\"id\": 7}"); /* is set aside */
  story_expect_exit(story, 0, "sync", NULL);
  story_replies(story, "[{\"match\": {\"path\": \"/connected_account/\"}, \"status\": 401, \"body\": \"{}\"}]");
  story_expect_exit(story, 1, "sync", NULL);
  story_replies(story, "[{\"match\": {\"path\": \"/connected_account/\"}, \"hold\": \"arrived\"}]");
  story_expect_exit(story, 0, "verify", "--record", NULL);
  story_set(story, "sync", "interval", "1h");
  const struct run *run = story_start(story, "run", NULL);
  char *first = asking_first(story, "/metrics");
  cr_assert_not_null(strstr(first, "closesyncd_accounts{organization=\"org1\",type=\"zoom\"} 2\n"), "%s", first);
  cr_assert_not_null(strstr(first, "closesyncd_accounts{organization=\"org1\",type=\"google\"} 1\n"), "%s", first);
  free(first);
  for (int i = 0; i < 3; i++) {
    static const char *const directions[] = {"send", "receive", "calendar"};
    cr_assert_eq(
        asking_metric(story, story_format(story, "closesyncd_accounts_in_error{organization=\"org1\",direction=\"%s\"}",
                                          directions[i])),
        1, "%s", directions[i]);
  }
  cr_assert_eq(asking_metric(story, "closesyncd_consecutive_failures{organization=\"org1\"}"), 1);
  cr_assert_eq(asking_metric(story, "closesyncd_last_success_timestamp_seconds{organization=\"org1\"}"),
               story_count(story, "select extract(epoch from last_swept_at)::bigint from organization"));
  cr_assert_eq(asking_metric(story, "closesyncd_mirror_verify_timestamp_seconds{organization=\"org1\"}"),
               story_count(story, "select extract(epoch from last_verified_at)::bigint from organization"));
  cr_assert_eq(asking_metric(story, "closesyncd_history_verified{organization=\"org1\"}"), 1);
  cr_assert_eq(asking_metric(story, "closesyncd_rejected_accounts{organization=\"org1\"}"), 1);
  cr_assert_eq(asking_metric(story, "closesyncd_history_verify_timestamp_seconds{organization=\"org1\"}"),
               story_count(story, "select extract(epoch from verified_at)::bigint from verification"));
  await(story, "/status.json", "\"organization_id\": \"orga_story1\", \"outcome\": \"failed\", \"last_success\": \"20",
        "\"consecutive_failures\": 1");
  await(story, "/status.json", "\"accounts_in_error\": {\"send\": 1, \"receive\": 1, \"calendar\": 1}", "HTTP 401");
  story_replies(story, "[]");
  story_ask_sim(story, "POST", "release", NULL);
  await(story, "/metrics", "closesyncd_consecutive_failures{organization=\"org1\"} 0\n", "closesyncd_database_up 1\n");
  story_signal(story, run, SIGTERM);
  story_wait(story, run, 10000);
  cr_assert_eq(run->exit_status, 0, "%s", run->err);
  story_destroy(story);
}

/* Waits for a datagram that begins with `start`; the last status counts as well, whenever it came: it is told only when
 * it changes. */
static void hear(int fd, const char *start, char status[512]) {
  struct timespec begun, now;
  clock_gettime(CLOCK_MONOTONIC, &begun);
  if (*status != '\0' && strncmp(status, start, strlen(start)) == 0)
    return;
  do {
    char text[512] = "";
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    ssize_t length = poll(&waiting, 1, PATIENCE_MS) == 1 ? recv(fd, text, sizeof text - 1, 0) : 0;
    text[length > 0 ? length : 0] = '\0';
    if (strncmp(text, "STATUS=", 7) == 0)
      strcpy(status, text);
    if (strncmp(text, start, strlen(start)) == 0)
      return;
    clock_gettime(CLOCK_MONOTONIC, &now);
  } while (now.tv_sec - begun.tv_sec < PATIENCE_MS / 1000);
  cr_assert_fail("never heard %s", start);
}

Test(run_tells_machines, over_the_notify_socket) {
  struct story *story = begin();
  char status[512] = "";
  const char *path = story_format(story, "%s/notify", story_directory(story));
  struct sockaddr_un address = address_of(path);
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
  story_environment(story, story_format(story, "NOTIFY_SOCKET=%s", path));
  story_environment(story, "WATCHDOG_USEC=400000");
  const struct run *run = story_start(story, "run", NULL);
  hear(fd, "READY=1", status);
  hear(fd, "WATCHDOG=1", status);
  hear(fd, "STATUS=", status);
  story_signal(story, run, SIGHUP);
  hear(fd, "RELOADING=1\nMONOTONIC_USEC=", status);
  hear(fd, "READY=1", status);
  story_signal(story, run, SIGTERM);
  hear(fd, "STOPPING=1", status);
  story_wait(story, run, 10000);
  cr_assert_eq(run->exit_status, 0, "%s", run->err);
  close(fd);
  story_destroy(story);
}

/* When it changes, not five seconds later. */
static void hear_soon(int fd, const char *text, char status[512]) {
  struct timespec began, now;
  clock_gettime(CLOCK_MONOTONIC, &began);
  hear(fd, text, status);
  clock_gettime(CLOCK_MONOTONIC, &now);
  long ms = (now.tv_sec - began.tv_sec) * 1000 + (now.tv_nsec - began.tv_nsec) / 1000000;
  cr_assert_lt(ms, 3000, "%s: after %ld ms", text, ms);
}

Test(run_tells_machines, what_changes_when_it_changes) {
  struct story *story = own_cluster_story(1, 3);
  char status[512] = "";
  const char *path = story_format(story, "%s/notify", story_directory(story));
  struct sockaddr_un address = address_of(path);
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
  story_environment(story, story_format(story, "NOTIFY_SOCKET=%s", path));
  story_set(story, "sync", "interval", "1h");
  const struct run *run = story_start(story, "run", NULL);
  hear(fd, "READY=1", status);
  hear_soon(fd, "STATUS=1 organizations, 3 accounts; 0 without success for 3 intervals; the database is there", status);
  cluster_kill(story);
  hear_soon(fd, "STATUS=1 organizations, 3 accounts; 0 without success for 3 intervals; the database is away", status);
  cluster_restart(story);
  hear(fd, "STATUS=1 organizations, 3 accounts; 0 without success for 3 intervals; the database is there", status);
  story_signal(story, run, SIGTERM);
  story_wait(story, run, 10000);
  cr_assert_eq(run->exit_status, 0, "%s", run->err);
  close(fd);
  story_destroy(story);
}
