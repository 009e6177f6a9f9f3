/* The question to a daemon on this machine: answered, or given up. */
#include "io/local_client.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* A server in a child: `answer` to whoever connects; NULL: silence. */
static pid_t serve_in_child(const char *path, const char *answer) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  cr_assert(bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 4) == 0);
  pid_t child = fork();
  if (child != 0) {
    close(fd);
    return child;
  }
  for (;;) {
    char question[4096];
    int client = accept(fd, NULL, NULL);
    ssize_t got = recv(client, question, sizeof question, 0);
    if (answer == NULL)
      pause(); /* until it is killed */
    else if (got > 0 && memcmp(question, "GET /status.json HTTP/1.0\r\n", 27) == 0)
      send(client, answer, strlen(answer), 0);
    close(client);
  }
}

static void expect_body(const char *answer, const char *expected) {
  char directory[] = "/tmp/local-XXXXXX", path[64], listen[80];
  struct buffer body;
  cr_assert_not_null(mkdtemp(directory));
  snprintf(path, sizeof path, "%s/http", directory);
  snprintf(listen, sizeof listen, "unix:%s", path);
  pid_t child = serve_in_child(path, answer);
  buffer_init(&body, 64);
  bool good = local_client_get(listen, "/status.json", &body);
  cr_expect_eq(good, expected != NULL, "%s", answer ? answer : "silence");
  if (good && expected != NULL)
    cr_expect_str_eq(body.bytes == NULL ? "" : body.bytes, expected);
  buffer_finish(&body);
  kill(child, SIGKILL);
  unlink(path);
  rmdir(directory);
}

Test(local_client, takes_what_is_good) {
  expect_body("HTTP/1.0 200 OK\r\nX: y\r\n\r\n{}", "{}");
  expect_body("HTTP/1.1 200 OK\r\n\r\n", "");
  expect_body("HTTP/1.0 404 Not Found\r\n\r\n{}", NULL);
  expect_body("HTTP/1.0 200 OK\r\n", NULL);
  expect_body("", NULL);
  expect_body("HTTP/1.0 200 OK\r\n\r\n0123456789012345678901234567890123456789012345678901234567890123456789", NULL);
}

Test(local_client, does_not_wait_for_ever) {
  struct timespec before, after;
  struct buffer body;
  clock_gettime(CLOCK_MONOTONIC, &before);
  expect_body(NULL, NULL);
  clock_gettime(CLOCK_MONOTONIC, &after);
  cr_expect_lt(after.tv_sec - before.tv_sec, 6);
  buffer_init(&body, 64);
  cr_expect_not(local_client_get("127.0.0.1:1", "/", &body));
  cr_expect_not(local_client_get("unix:/nowhere/http", "/", &body));
  cr_expect_not(local_client_get("nonsense", "/", &body));
  buffer_finish(&body);
}
