/* The HTTP server: what it answers and to whom. Real sockets. */
#include "io/stage_client.h"

static bool begins(const char *text, const char *start) { return strncmp(text, start, strlen(start)) == 0; }

static void ask_plainly(struct stage *stage) {
  stage_ask(stage, 0, "GET /hello?x=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  stage_ask(stage, 1, "HEAD /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  stage_ask(stage, 2, "GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  stage_ask(stage, 3, "GET /busy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
}

Test(serve, answers) {
  struct stage stage = {0};
  stage_play(&stage, ask_plainly);
  cr_assert(begins(stage.answers[0], "HTTP/1.1 200 OK\r\n"), "%s", stage.answers[0]);
  static const char *const wanted[] = {"\r\nContent-Type: text/plain; charset=utf-8\r\n",
                                       "\r\nCache-Control: no-store\r\n",
                                       "\r\nX-Content-Type-Options: nosniff\r\n",
                                       "\r\nContent-Security-Policy: default-src 'none'\r\n",
                                       "\r\nReferrer-Policy: no-referrer\r\n",
                                       "\r\nContent-Length: 6\r\n"};
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
    cr_assert_not_null(strstr(stage.answers[0], wanted[i]), "%s in %s", wanted[i], stage.answers[0]);
  cr_assert_not_null(strstr(stage.answers[0], "\r\n\r\nhello\n"));
  cr_assert(begins(stage.answers[1], "HTTP/1.1 200 OK\r\n"));
  cr_assert_not_null(strstr(stage.answers[1], "\r\nContent-Length: 6\r\n"), "HEAD tells the length");
  cr_assert_null(strstr(stage.answers[1], "hello\n"), "and has no body");
  cr_assert(begins(stage.answers[2], "HTTP/1.1 404 "));
  cr_assert_not_null(strstr(stage.answers[2], "\r\n\r\nthere is /hello\n"));
  cr_assert(begins(stage.answers[3], "HTTP/1.1 503 "));
  cr_assert_not_null(strstr(stage.answers[3], "\r\nContent-Type: application/json\r\n"));
  cr_assert_not_null(strstr(stage.answers[3], "\r\nRetry-After: 10\r\n"));
}

static void ask_wrongly(struct stage *stage) {
  static const char *const requests[] = {
      "POST /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
      "DELETE /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
      "GET /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n",
      "POST /hello HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
      "GET /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody",
      "GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n",
      "GET /hello HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n",
      "GET /hello HTTP/1.0\r\n\r\n"};
  for (int i = 0; i < (int)(sizeof requests / sizeof *requests); i++)
    stage_ask(stage, i, requests[i]);
}

Test(serve, get_and_head_without_a_body_only) {
  static const char *const starts[] = {"HTTP/1.1 405 ", "HTTP/1.1 405 ", "HTTP/1.1 405 ",
                                       "HTTP/1.1 413 ", "HTTP/1.1 413 ", "HTTP/1.1 413 ",
                                       "HTTP/1.1 400 ", "HTTP/1.1 400 ", "HTTP/1.1 200 "};
  struct stage stage = {0};
  stage_play(&stage, ask_wrongly);
  for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
    cr_assert(begins(stage.answers[i], starts[i]), "request %zu: %s", i, stage.answers[i]);
    cr_assert_lt(stage.took_ms[i], 2000, "request %zu", i);
  }
  cr_assert_not_null(strstr(stage.answers[0], "\r\nAllow: GET, HEAD\r\n"));
  cr_assert_eq(stage.asked, 1, "only the last one reached us");
}

static const char *const good_hosts[] = {"127.0.0.1:%d", "127.0.0.1", "localhost:%d", "LocalHost", "localhost"};
static const char *const bad_hosts[] = {"evil.example",
                                        "evil.example:%d",
                                        "127.0.0.2:%d",
                                        "127.0.0.1:1",
                                        "localhost:1",
                                        "localhost.:%d",
                                        "localhost.evil.example",
                                        "[::1]:%d",
                                        "127.0.0.1:%dx",
                                        "0.0.0.0:%d",
                                        "127.1:%d",
                                        "localhost:",
                                        "",
                                        "a@localhost:%d",
                                        "[127.0.0.1]:%d"};

static void ask_host(struct stage *stage, int number, const char *format) {
  char host[64], request[256];
  size_t at = strcspn(format, "%");
  if (format[at] == '%')
    snprintf(host, sizeof host, "%.*s%d%s", (int)at, format, stage->port, format + at + 2);
  else
    snprintf(host, sizeof host, "%s", format);
  snprintf(request, sizeof request, "GET /hello HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host);
  stage_ask(stage, number, request);
}

static void ask_hosts(struct stage *stage) {
  for (int i = 0; i < (int)(sizeof good_hosts / sizeof *good_hosts); i++)
    ask_host(stage, i, good_hosts[i]);
  for (int i = 0; i < (int)(sizeof bad_hosts / sizeof *bad_hosts); i++)
    ask_host(stage, 8 + i, bad_hosts[i]);
}

Test(serve, host_is_the_listen_address_or_localhost) {
  struct stage stage = {0};
  stage_play(&stage, ask_hosts);
  for (size_t i = 0; i < sizeof good_hosts / sizeof *good_hosts; i++)
    cr_assert(begins(stage.answers[i], "HTTP/1.1 200 "), "%s: %s", good_hosts[i], stage.answers[i]);
  for (size_t i = 0; i < sizeof bad_hosts / sizeof *bad_hosts; i++)
    cr_assert(begins(stage.answers[8 + i], "HTTP/1.1 421 "), "%s: %s", bad_hosts[i], stage.answers[8 + i]);
}

static void ask_absolutely(struct stage *stage) {
  static const char *const targets[] = {"http://localhost:%d/hello", "HTTP://127.0.0.1:%d/hello?x=1",
                                        "http://localhost:%d", "http://evil.example:%d/hello"};
  for (int i = 0; i < (int)(sizeof targets / sizeof *targets); i++) {
    char request[256];
    size_t at = strcspn(targets[i], "%");
    snprintf(request, sizeof request, "GET %.*s%d%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", (int)at,
             targets[i], stage->port, targets[i] + at + 2, i == 3 ? "localhost" : "evil.example");
    stage_ask(stage, i, request);
  }
}

/* As clients of a proxy send it; its host counts, and the header's does not. */
Test(serve, a_whole_url_may_be_asked_for) {
  static const char *const statuses[] = {"200", "200", "200", "421"};
  struct stage stage = {0};
  stage_play(&stage, ask_absolutely);
  for (int i = 0; i < 4; i++)
    cr_assert_eq(strncmp(stage.answers[i] + strlen("HTTP/1.1 "), statuses[i], 3), 0, "%d: %s", i, stage.answers[i]);
}

static void ask_ipv6(struct stage *stage) {
  struct sockaddr_in6 address = {
      .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT, .sin6_port = htons((uint16_t)stage->port)};
  for (int i = 0; i < 2; i++) {
    char request[128];
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
      snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: [::%d]:%d\r\nConnection: close\r\n\r\n", i + 1,
               stage->port);
      stage_say(fd, request);
      stage_hear(stage, fd, i);
    }
    close(fd);
  }
}

Test(serve, ipv6) {
  struct stage stage = {.options.listen = "[::1]:0"};
  struct error error;
  struct loop *loop = loop_create();
  struct serve *probe = serve_create(loop, &stage.options, &error);
  bool possible = probe != NULL;
  serve_destroy(probe);
  cr_assert(loop_destroy(loop));
  if (!possible)
    cr_skip_test("no IPv6 here: %s", error.text);
  stage_play(&stage, ask_ipv6);
  cr_assert(begins(stage.answers[0], "HTTP/1.1 200 "), "%s", stage.answers[0]);
  cr_assert(begins(stage.answers[1], "HTTP/1.1 421 "), "%s", stage.answers[1]);
}

static void ask_twice(struct stage *stage) {
  int fd = stage_connect(stage);
  stage_say(fd, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n");
  stage_say(fd, "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  stage_hear(stage, fd, 0);
  close(fd);
}

Test(serve, connection_is_kept) {
  struct stage stage = {0};
  stage_play(&stage, ask_twice);
  cr_assert_eq(stage.asked, 3);
  cr_assert_not_null(strstr(stage.answers[0], "HTTP/1.1 404 "));
}

Test(serve, port_in_use_is_told) {
  struct stage first = {.options = {.listen = "127.0.0.1:0", .answer = stage_answer}}, second;
  struct error error = {0};
  char listen[32];
  struct loop *loop = loop_create();
  first.serve = serve_create(loop, &first.options, &error);
  cr_assert_not_null(first.serve);
  snprintf(listen, sizeof listen, "127.0.0.1:%d", serve_port(first.serve));
  second = first;
  second.options.listen = listen;
  cr_assert_null(serve_create(loop, &second.options, &error));
  cr_assert_eq(error.kind, ERROR_NETWORK);
  cr_assert_not_null(strstr(error.text, "Address already in use"), "%s", error.text);
  serve_destroy(first.serve);
  serve_destroy(NULL);
  cr_assert(loop_destroy(loop));
}

Test(serve, nonsense_address_is_a_configuration_error) {
  static const char *const texts[] = {
      "",      "8740",   "localhost:1",   "127.0.0.1", "127.0.0.1:",     "127.0.0.1:70000",
      "[::1]", "::1:80", "unix:relative", "unix:",     "[127.0.0.1]:80", "127.0.0.1:80x"};
  struct loop *loop = loop_create();
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    struct serve_options options = {.listen = texts[i], .answer = stage_answer};
    struct error error = {0};
    cr_assert_null(serve_create(loop, &options, &error), "%s", texts[i]);
    cr_assert_eq(error.kind, ERROR_CONFIG, "%s: %s", texts[i], error.text);
  }
  cr_assert(loop_destroy(loop));
}
