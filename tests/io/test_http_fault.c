/* Servers that misbehave: each ends in one error of the right kind, whose text never varies and never shows the key. */
#include "client.h"

struct fault {
  const char *name;
  scene_fn *scene;
  int64_t request_timeout_ms;
  enum error_kind kind;
  const char *text;
};

static void expect_fault(const struct fault *fault) {
  struct server server;
  struct client client = {.options = client_options};
  struct reply reply = {.calls = 0};
  server_start(&server, fault->scene);
  client.options.connect_timeout_ms = 300;
  if (fault->request_timeout_ms > 0)
    client.options.request_timeout_ms = fault->request_timeout_ms;
  client_start(&client);
  client_get(&client, &reply, server.base);
  int64_t before = loop_now_ms(client.loop);
  loop_run(client.loop);
  cr_assert_lt(loop_now_ms(client.loop) - before, 4000, "%s", fault->name);
  cr_assert_eq(reply.calls, 1, "%s", fault->name);
  cr_assert_eq(reply.kind, fault->kind, "%s: %d %s", fault->name, reply.kind, reply.error);
  cr_assert_not_null(strstr(reply.error, fault->text), "%s: %s", fault->name, reply.error);
  cr_assert_null(strstr(reply.error, "api_key.x"), "%s: %s", fault->name, reply.error);
  client_finish(&client);
  server_stop(&server);
}

static void cut(struct server *server, int fd) {
  if (server_read(server, fd))
    server_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
}

static void cut_chunk(struct server *server, int fd) {
  if (server_read(server, fd))
    server_say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
}

static void close_at_once(struct server *server, int fd) { server_read(server, fd); }

static void talk_garbage(struct server *server, int fd) {
  if (server_read(server, fd))
    server_say(fd, "220 smtp.example.com ESMTP\r\n");
}

static void send_no_gzip(struct server *server, int fd) {
  if (server_read(server, fd))
    server_say(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello");
}

static void be_mute(struct server *server, int fd) {
  char byte;
  server_read(server, fd);
  while (recv(fd, &byte, 1, 0) > 0)
    continue;
}

static void drip_body(struct server *server, int fd) {
  if (server_read(server, fd) && server_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"))
    while (server_say(fd, "x"))
      usleep(5000);
}

static void drip_headers(struct server *server, int fd) {
  if (server_read(server, fd) && server_say(fd, "HTTP/1.1 200 OK\r\nX-Slow: "))
    while (server_say(fd, "x"))
      usleep(5000);
}

static void send_large_length(struct server *server, int fd) {
  static const char block[65536] = {'x'};
  if (server_read(server, fd) && server_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 8000000\r\n\r\n"))
    while (server_send(fd, block, sizeof block))
      continue;
}

static void send_endless_chunks(struct server *server, int fd) {
  if (server_read(server, fd) && server_say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"))
    while (server_say(fd, "10\r\n0123456789abcdef\r\n"))
      continue;
}

/* 16 KiB that become 2.6 MB. 258 zero bytes per 13 bits: the fixed code of "length 258, distance 1" (RFC 1951 3.2.6). */
static void send_gzip_bomb(struct server *server, int fd) {
  static const char head[] = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n4000\r\n";
  unsigned char bytes[16384] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
  size_t bit = 80;
  /* the block's head (final, fixed) and one literal 0 */
  for (const char *at = "11000110000"; *at != '\0'; at++, bit++)
    bytes[bit / 8] |= (unsigned char)((*at - '0') << bit % 8);
  while (bit + 13 < sizeof bytes * 8)
    for (const char *at = "1100010100000"; *at != '\0'; at++, bit++)
      bytes[bit / 8] |= (unsigned char)((*at - '0') << bit % 8);
  if (server_read(server, fd) && server_say(fd, head))
    server_send(fd, (const char *)bytes, sizeof bytes);
}

static void send_many_headers(struct server *server, int fd) {
  if (server_read(server, fd) && server_say(fd, "HTTP/1.1 200 OK\r\n"))
    for (int i = 0; i < 200 && server_say(fd, "X-One: 1\r\n"); i++)
      continue;
}

static void send_large_header(struct server *server, int fd) {
  char line[9000];
  memset(line, 'x', sizeof line);
  memcpy(line, "X-Big: ", 7);
  memcpy(line + sizeof line - 3, "\r\n", 3);
  if (server_read(server, fd) && server_say(fd, "HTTP/1.1 200 OK\r\n"))
    for (int i = 0; i < 10 && server_say(fd, line); i++)
      continue;
}

static void continue_for_ever(struct server *server, int fd) {
  if (server_read(server, fd))
    while (server_say(fd, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"))
      continue;
}

Test(http_fault, broken_answers) {
  static const struct fault faults[] = {
      {"cut", cut, 0, ERROR_NETWORK, "could not get an answer from \"127.0.0.1:"},
      {"cut chunk", cut_chunk, 0, ERROR_NETWORK, "could not get an answer from"},
      {"nothing", close_at_once, 0, ERROR_NETWORK, "could not get an answer from"},
      {"garbage", talk_garbage, 0, ERROR_NETWORK, "could not get an answer from"},
      {"no gzip", send_no_gzip, 0, ERROR_NETWORK, "could not get an answer from"},
  };
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
    expect_fault(&faults[i]);
}

Test(http_fault, slow_answers) {
  static const struct fault faults[] = {
      {"mute", be_mute, 400, ERROR_TIMEOUT, "no complete answer from \"127.0.0.1:"},
      {"drip", drip_body, 400, ERROR_TIMEOUT, "within 0.4 s (api.request_timeout)"},
      {"slow headers", drip_headers, 400, ERROR_TIMEOUT, "within 0.4 s (api.request_timeout)"},
  };
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
    expect_fault(&faults[i]);
}

Test(http_fault, endless_answers) {
  static const struct fault faults[] = {
      {"length", send_large_length, 0, ERROR_LIMIT, "answer is larger than 1048576 bytes (api.max_response)"},
      {"chunks", send_endless_chunks, 0, ERROR_LIMIT, "answer is larger than 1048576 bytes (api.max_response)"},
      {"gzip bomb", send_gzip_bomb, 0, ERROR_LIMIT, "answer is larger than 1048576 bytes (api.max_response)"},
      {"many headers", send_many_headers, 0, ERROR_LIMIT, "more than 128 header lines or 64 KiB of them"},
      {"large headers", send_large_header, 0, ERROR_LIMIT, "more than 128 header lines or 64 KiB of them"},
      {"1xx", continue_for_ever, 0, ERROR_LIMIT, "more than 128 header lines or 64 KiB of them"},
  };
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
    expect_fault(&faults[i]);
}

static void expect_error(const char *url, enum error_kind kind, const char *text) {
  struct client client = {.options = client_options};
  struct reply reply = {.calls = 0};
  client.options.connect_timeout_ms = 300;
  client_start(&client);
  client_get(&client, &reply, url);
  loop_run(client.loop);
  cr_assert_eq(reply.calls, 1);
  cr_assert_eq(reply.kind, kind, "%s", reply.error);
  cr_assert_str_eq(reply.error, text);
  client_finish(&client);
}

Test(http_fault, nobody_there) {
  expect_error("http://127.0.0.1:1/x?user_id=1", ERROR_NETWORK,
               "could not connect to \"127.0.0.1:1\": Connection refused");
  expect_error("http://no-such-host.invalid/", ERROR_NETWORK,
               "could not resolve the name of the host \"no-such-host.invalid\"");
  expect_error("ftp://127.0.0.1/", ERROR_NETWORK, "could not get an answer from \"127.0.0.1\": Unsupported protocol");
  expect_error("http://me:secret@127.0.0.1/", ERROR_NETWORK,
               "could not get an answer from \"127.0.0.1\": Login denied");
}

/* Nobody is told that Close does not answer where Close was not asked. */
Test(http_fault, no_descriptor_is_left) {
  struct client client = {.options = client_options};
  struct reply numbered = {.calls = 0};
  client_start(&client);
  int first = dup(2), last = first;
  for (int fd = first; fd >= 0; fd = dup(2))
    last = fd;
  client_get(&client, &numbered, "http://127.0.0.1:1/");
  loop_run(client.loop);
  for (int fd = first; fd <= last; fd++)
    close(fd);
  cr_assert_str_eq(numbered.error,
                   "could not open a connection to \"127.0.0.1:1\": Too many open files (raise the limit: "
                   "LimitNOFILE= of the service, ulimit -n)");
  client_finish(&client);
}

static void refuse_tunnel(struct server *server, int fd) {
  if (server_read(server, fd))
    server_say(fd,
               "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n");
}

static void find_no_host(struct server *server, int fd) {
  if (server_read(server, fd))
    server_say(fd, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
}

static void hang_up(struct server *server, int fd) {
  char byte;
  (void)server;
  recv(fd, &byte, 1, 0);
}

static void tunnel_and_break(struct server *server, int fd) {
  if (server_read(server, fd) && server_say(fd, "HTTP/1.1 200 OK\r\n\r\n"))
    server_read(server, fd);
}

/* What the proxy did is not the host's failure. `what` NULL: it let us through. */
static void expect_proxy_error(scene_fn *scene, const char *scheme, const char *what) {
  struct server server;
  struct client client = {.options = client_options};
  struct reply reply = {.calls = 0};
  char proxy[80], wanted[256];
  server_start(&server, scene);
  snprintf(proxy, sizeof proxy, "%s://127.0.0.1:%d", scheme, server.port);
  snprintf(wanted, sizeof wanted, "the proxy \"127.0.0.1:%d\" does not connect to \"close.invalid\"%s", server.port,
           what == NULL ? "" : what);
  client.options.proxy = proxy;
  client_start(&client);
  client_get(&client, &reply, "http://close.invalid/x");
  loop_run(client.loop);
  cr_assert_eq(reply.kind, ERROR_NETWORK);
  cr_assert_str_eq(reply.error,
                   what != NULL ? wanted : "could not get an answer from \"close.invalid\": the connection broke");
  client_finish(&client);
  server_stop(&server);
}

Test(http_fault, a_proxy_is_named) {
  expect_proxy_error(refuse_tunnel, "http", " (HTTP 407): it wants a user name, which api.proxy cannot give");
  expect_proxy_error(find_no_host, "http", " (HTTP 503)");
  expect_proxy_error(close_at_once, "http", "");
  expect_proxy_error(hang_up, "socks5h", "");
  expect_proxy_error(tunnel_and_break, "http", NULL);
}

Test(http_fault, no_proxy_there) {
  struct client client = {.options = client_options};
  struct reply dead = {.calls = 0}, unknown = {.calls = 0};
  client.options.proxy = "http://127.0.0.1:1";
  client_start(&client);
  client_get(&client, &dead, "http://close.invalid/x");
  client_finish(&client);
  cr_assert_str_eq(dead.error, "could not connect to the proxy \"127.0.0.1:1\": Connection refused");
  client.options.proxy = "http://no-such-proxy.invalid:3128";
  client_start(&client);
  client_get(&client, &unknown, "http://close.invalid/x");
  client_finish(&client);
  cr_assert_str_eq(unknown.error, "could not resolve the name of the proxy \"no-such-proxy.invalid:3128\"");
}

/* A full backlog: Linux drops the SYN, so the connect hangs. */
Test(http_fault, connect_that_hangs) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0), fds[8];
  cr_assert_eq(bind(listener, (struct sockaddr *)&address, length), 0);
  cr_assert_eq(listen(listener, 0), 0);
  getsockname(listener, (struct sockaddr *)&address, &length);
  for (int i = 0; i < 8; i++) {
    fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    connect(fds[i], (struct sockaddr *)&address, length);
  }
  char url[64], text[128];
  snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
  snprintf(text, sizeof text, "no connection to \"127.0.0.1:%d\" within 0.3 s (api.connect_timeout)",
           ntohs(address.sin_port));
  expect_error(url, ERROR_TIMEOUT, text);
  for (int i = 0; i < 8; i++)
    close(fds[i]);
  close(listener);
}

static void send_gzip(struct server *server, int fd) {
  static const char body[] = /* a thousand x */
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\xa8\x18\x05\xa3\x60\x14\x0c\x77\x00\x00\xe6\xc9\x41\x3b\xe8\x03"
      "\x00";
  if (server_read(server, fd) &&
      server_say(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 29\r\n\r\n"))
    server_send(fd, body, 29);
}

Test(http_fault, gzip_is_decoded_and_counted_on_the_wire) {
  struct server server;
  struct client client = {.options = client_options};
  struct reply reply = {.calls = 0};
  server_start(&server, send_gzip);
  client_start(&client);
  client_get(&client, &reply, server.base);
  loop_run(client.loop);
  cr_assert_eq(reply.status, 200, "%s", reply.error);
  cr_assert_eq(reply.body_length, 1000);
  cr_assert_eq(reply.received_bytes, 29);
  client_finish(&client);
  server_stop(&server);
}

/* What stands before the final head belongs to nobody. */
static void give_hints_first(struct server *server, int fd) {
  if (server_read(server, fd))
    server_say(fd, "HTTP/1.1 103 Early Hints\r\nX-Hint: 1\r\n\r\nHTTP/1.1 429 Slow\r\nTransfer-Encoding: chunked\r\n"
                   "X-Folded: a\r\n b\r\nRetry-After: 7\r\n\r\n2\r\nok\r\n0\r\nX-Trailer: 1\r\n\r\n");
}

Test(http_fault, only_the_final_head_counts) {
  struct server server;
  struct client client = {.options = client_options};
  struct reply reply = {.calls = 0};
  server_start(&server, give_hints_first);
  client_start(&client);
  client_get(&client, &reply, server.base);
  loop_run(client.loop);
  cr_assert_eq(reply.status, 429, "%s", reply.error);
  cr_assert_str_eq(reply.headers, "transfer-encoding=chunked|x-folded=a|retry-after=7|");
  client_finish(&client);
  server_stop(&server);
}

Test(http_fault, missing_ca_file_is_a_problem_of_configuration) {
  struct loop *loop = loop_create();
  struct http_options options = client_options;
  struct error error = {.kind = ERROR_NONE};
  options.ca_file = "/nowhere/ca.pem";
  cr_assert_null(http_create(loop, &options, &error));
  cr_assert_eq(error.kind, ERROR_CONFIG);
  cr_assert_str_eq(error.text, "could not read \"/nowhere/ca.pem\" (api.ca_file)");
  cr_assert(loop_destroy(loop));
}
