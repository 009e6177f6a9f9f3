/* The HTTP server's bounds: time, clients, header, bytes of replies. Real sockets. */
#include "io/stage_client.h"
#include <sys/resource.h>

static bool begins(const char *text, const char *start) { return strncmp(text, start, strlen(start)) == 0; }

static const char hello[] = "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/* Says a byte of a header that never ends every 20 ms until it is cut; at most 5 s. */
static void drip(struct stage *stage, int fd, int number) {
  int64_t begun_ms = stage_now_ms();
  stage_say(fd, "GET /hello HTTP/1.1\r\nX-Slow: ");
  while (stage_now_ms() - begun_ms < 5000 && send(fd, "a", 1, MSG_NOSIGNAL) == 1)
    usleep(20000);
  stage->took_ms[number] = stage_now_ms() - begun_ms;
}

static void be_slow(struct stage *stage) {
  int fd = stage_connect(stage);
  stage_hear(stage, fd, 0); /* says nothing */
  close(fd);
  fd = stage_connect(stage);
  drip(stage, fd, 1);
  close(fd);
  fd = stage_connect(stage);
  stage_say(fd, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  stage_hear(stage, fd, 2); /* kept, then idle */
  close(fd);
}

Test(serve_limit, idle_and_dripping_clients_are_cut) {
  struct stage stage = {.options.request_ms = 300};
  stage_play(&stage, be_slow);
  for (int i = 0; i < 3; i++)
    cr_assert(stage.took_ms[i] >= 250 && stage.took_ms[i] < 3000, "client %d: %lld ms", i, (long long)stage.took_ms[i]);
  cr_assert_str_eq(stage.answers[0], "");
  cr_assert(begins(stage.answers[2], "HTTP/1.1 200 "));
}

/* Takes a little of 8 MiB and then nothing. */
static void read_slowly(struct stage *stage) {
  int fd = stage_connect(stage), small = 4096;
  char block[512];
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  stage_say(fd, "GET /big HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  stage->counts[0] = recv(fd, block, sizeof block, 0) > 0;
  stage_ask(stage, 0, hello);
  stage->counts[1] = stage->clients;
  usleep(600000);
  stage_ask(stage, 1, hello);
  stage->counts[2] = stage->clients;
  close(fd);
}

Test(serve_limit, slow_reader_is_cut) {
  struct stage stage = {.options.reply_ms = 300};
  stage_play(&stage, read_slowly);
  cr_assert_eq(stage.counts[0], 1);
  cr_assert_eq(stage.counts[1], 2, "the slow one and the one that asks");
  cr_assert_eq(stage.counts[2], 1, "only the one that asks");
}

enum { CROWD = 12 };

/* One is kept that has asked, then come more than there are places for. */
static void crowd(struct stage *stage) {
  int fds[CROWD], kept = stage_connect(stage);
  stage_say(kept, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  for (int i = 0; i < CROWD; i++)
    fds[i] = stage_connect(stage);
  usleep(100000);
  for (int i = 0; i < CROWD; i++) { /* whom did the server cut? */
    char byte;
    bool cut = recv(fds[i], &byte, 1, MSG_DONTWAIT) == 0;
    stage->counts[0] += cut;
    stage->counts[1] += cut && i >= CROWD - 4;
  }
  stage_ask(stage, 0, hello);
  stage->counts[2] = stage->clients;
  for (int i = 0; i < CROWD; i++)
    close(fds[i]);
  close(kept);
  usleep(100000);
  stage_ask(stage, 1, hello);
}

Test(serve_limit, who_is_silent_longest_makes_room) {
  struct stage stage = {.options = {.max_clients = 4}};
  stage_play(&stage, crowd);
  cr_assert_eq(stage.counts[0], CROWD - 4, "%d were cut", stage.counts[0]);
  cr_assert_eq(stage.counts[1], 0, "the last ones were not");
  cr_assert(begins(stage.answers[0], "HTTP/1.1 200 "), "there is room for who asks: %s", stage.answers[0]);
  cr_assert_lt(stage.took_ms[0], 1000);
  cr_assert_leq(stage.counts[2], 5, "%d clients", stage.counts[2]);
  cr_assert(begins(stage.answers[1], "HTTP/1.1 200 "));
}

enum { WAITING = 40 };

/* What waits for a database that answers nobody takes no place from who asks for something else. */
static void crowd_that_waits(struct stage *stage) {
  int fds[WAITING];
  for (int i = 0; i < WAITING; i++) {
    fds[i] = stage_connect(stage);
    stage_say(fds[i], "GET /slices HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  usleep(100000); /* who is cut is gone by then */
  stage_ask(stage, 0, hello);
  stage->counts[0] = stage->clients;
  for (int i = 0; i < WAITING; i++)
    close(fds[i]);
}

Test(serve_limit, who_waits_for_a_reply_makes_room) {
  struct stage stage = {.options = {.max_clients = 4}, .slices.wait_ms = 60000};
  stage_play(&stage, crowd_that_waits);
  cr_assert(begins(stage.answers[0], "HTTP/1.1 200 "), "there is room for who asks: %s", stage.answers[0]);
  cr_assert_lt(stage.took_ms[0], 1000);
  cr_assert_leq(stage.counts[0], 5, "%d clients", stage.counts[0]);
  cr_assert_eq(stage.slices.dropped, stage.asked - 1, "what nobody waits for any more is gone");
}

static void wait_for_ever(struct stage *stage) {
  stage_ask(stage, 0, "GET /slices HTTP/1.1\r\nHost: localhost\r\n\r\n");
  stage_ask(stage, 1, hello);
  stage->counts[0] = stage->clients;
}

Test(serve_limit, a_reply_that_does_not_come_is_cut) {
  struct stage stage = {.options.reply_ms = 300, .slices.wait_ms = 60000};
  stage_play(&stage, wait_for_ever);
  cr_assert_str_eq(stage.answers[0], "");
  cr_assert(stage.took_ms[0] >= 250 && stage.took_ms[0] < 3000, "%lld ms", (long long)stage.took_ms[0]);
  cr_assert(begins(stage.answers[1], "HTTP/1.1 200 "));
  cr_assert_eq(stage.counts[0], 1, "only the one that asks");
}

enum { IDLE = 1000 };

static void ask_among_idle_ones(struct stage *stage) {
  static int fds[IDLE];
  for (int i = 0; i < IDLE; i++)
    fds[i] = stage_connect(stage);
  stage_ask(stage, 0, hello);
  for (int i = 0; i < IDLE; i++)
    if (fds[i] >= 0)
      close(fds[i]);
}

Test(serve_limit, a_thousand_idle_clients_hold_up_nobody) {
  struct stage stage = {0};
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
  setrlimit(RLIMIT_NOFILE, &limit);
  cr_assert_gt(limit.rlim_cur, IDLE + 200);
  stage_play(&stage, ask_among_idle_ones);
  cr_assert(begins(stage.answers[0], "HTTP/1.1 200 "), "%s", stage.answers[0]);
  cr_assert_lt(stage.took_ms[0], 1000);
}

static void say_much(struct stage *stage) {
  static char header[100000];
  int fd = stage_connect(stage);
  memset(header, 'a', sizeof header - 1);
  stage_say(fd, "GET /hello HTTP/1.1\r\nHost: localhost\r\nX-Long: ");
  stage_say(fd, header);
  stage_hear(stage, fd, 0);
  close(fd);
  fd = stage_connect(stage);
  stage_say(fd, "GET /");
  stage_say(fd, header);
  stage_hear(stage, fd, 1);
  close(fd);
  stage_ask(stage, 2, "\x16\x03\x01\x02\x01 this is no HTTP\r\n\r\n");
  stage_ask(stage, 3, hello);
}

Test(serve_limit, header_is_bounded) {
  struct stage stage = {0};
  stage_play(&stage, say_much);
  cr_assert(stage.answers[0][0] == '\0' || begins(stage.answers[0], "HTTP/1.1 431 "), "%s", stage.answers[0]);
  cr_assert(stage.answers[1][0] == '\0' || begins(stage.answers[1], "HTTP/1.1 414 "), "%s", stage.answers[1]);
  cr_assert_null(strstr(stage.answers[2], "hello"));
  cr_assert(begins(stage.answers[3], "HTTP/1.1 200 "));
  cr_assert_eq(stage.asked, 1);
}

static void take_big_ones(struct stage *stage) {
  static const char big[] = "GET /big HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  int fds[3];
  for (int i = 0; i < 3; i++) { /* asked for, and not read */
    fds[i] = stage_connect(stage);
    stage_say(fds[i], big);
    usleep(50000);
  }
  stage_ask(stage, 0, hello);
  for (int i = 0; i < 3; i++) {
    size_t before = stage->received;
    stage_hear(stage, fds[i], 1 + i);
    stage->counts[i] = (int)(stage->received - before);
    close(fds[i]);
  }
  stage_ask(stage, 4, hello);
}

Test(serve_limit, replies_under_way_are_bounded) {
  struct stage stage = {.options.max_body_bytes = 10 * 1024 * 1024};
  stage_play(&stage, take_big_ones);
  cr_assert_gt(stage.counts[0], 8 * 1024 * 1024);
  cr_assert_gt(stage.counts[1], 8 * 1024 * 1024);
  cr_assert(begins(stage.answers[3], "HTTP/1.1 503 "), "the third has to wait: %.100s", stage.answers[3]);
  cr_assert(begins(stage.answers[0], "HTTP/1.1 503 "));
  cr_assert(begins(stage.answers[4], "HTTP/1.1 200 "), "the memory is free again");
}

static void leave_open(struct stage *stage) {
  for (int i = 0; i < 8; i++) {
    int fd = stage_connect(stage);
    stage_say(fd, i % 2 ? "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n" : "GET /he");
  }
  usleep(100000); /* the descriptors go with the test's process; the server is closed with all of them connected */
}

Test(serve_limit, destroy_with_clients_leaves_an_empty_loop) {
  struct stage stage = {0};
  stage_play(&stage, leave_open);
  cr_assert_eq(stage.asked, 4);
}
