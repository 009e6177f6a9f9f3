/* The asynchronous contract of io/http and what it sends to whom; test_http_fault.c has the servers that misbehave. */
#include "client.h"

static void say_hello(struct server *server, int fd) {
  while (server_read(server, fd))
    server_say(fd,
               "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Two: a\r\nSet-Cookie: session=1\r\nx-two:  b \r\n\r\nhello");
}

Test(http, answer_arrives_once_and_whole) {
  struct server server;
  struct client client = {.options = client_options};
  struct reply reply = {.calls = 0};
  server_start(&server, say_hello);
  client_start(&client);
  cr_assert_gt(client_get(&client, &reply, server.base), 0);
  loop_run(client.loop);
  cr_assert_eq(reply.calls, 1);
  cr_assert_eq(reply.status, 200, "%s", reply.error);
  cr_assert_str_eq(reply.body, "hello");
  cr_assert_eq(reply.received_bytes, 5);
  cr_assert_str_eq(reply.headers, "content-length=5|x-two=a|set-cookie=session=1|x-two=b|");
  cr_assert_not_null(strstr(server.last_request, "Authorization: Basic YXBpX2tleS54Og==\r\n"),
                     "base64(\"api_key.x:\")");
  cr_assert_not_null(strstr(server.last_request, "User-Agent: closesyncd/test\r\n"));
  cr_assert_not_null(strstr(server.last_request, "Accept-Encoding: gzip\r\n"));
  client_finish(&client);
  server_stop(&server);
}

Test(http, connection_is_kept_and_cookies_are_not) {
  struct server server;
  struct client client = {.options = client_options};
  struct reply replies[3] = {{.calls = 0}};
  server_start(&server, say_hello);
  client_start(&client);
  for (int i = 0; i < 3; i++) {
    client_get(&client, &replies[i], server.base);
    loop_run(client.loop);
    cr_assert_eq(replies[i].status, 200);
    cr_assert_null(strstr(server.last_request, "Cookie"));
  }
  cr_assert_eq(server.accepted, 1);
  client_finish(&client);
  server_stop(&server);
}

static void say_hello_and_leave(struct server *server, int fd) {
  if (server_read(server, fd))
    server_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
}

Test(http, kept_connection_that_died_is_replaced) {
  struct server server;
  struct client client = {.options = client_options};
  server_start(&server, say_hello_and_leave);
  client_start(&client);
  for (int i = 0; i < 3; i++) {
    struct reply reply = {.calls = 0};
    client_get(&client, &reply, server.base);
    loop_run(client.loop);
    cr_assert_eq(reply.status, 200, "%s", reply.error);
    while (server.ended <= i) /* what is sent before that may be lost, and is not sent twice */
      usleep(100);
  }
  client_finish(&client);
  server_stop(&server);
}

static void redirect(struct server *server, int fd) {
  char text[200];
  snprintf(text, sizeof text, "HTTP/1.1 302 Found\r\nLocation: %s/elsewhere\r\nContent-Length: 0\r\n\r\n",
           server->base);
  while (server_read(server, fd))
    server_say(fd, text);
}

Test(http, redirect_is_an_answer_like_any_other) {
  struct server server;
  struct client client = {.options = client_options};
  struct reply reply = {.calls = 0};
  server_start(&server, redirect);
  client_start(&client);
  client_get(&client, &reply, server.base);
  loop_run(client.loop);
  cr_assert_eq(reply.status, 302);
  cr_assert_eq(server.requests, 1);
  client_finish(&client);
  server_stop(&server);
}

Test(http, path_is_sent_as_it_is) {
  struct server server;
  struct client client = {.options = client_options};
  struct reply reply = {.calls = 0};
  char url[200];
  server_start(&server, say_hello);
  client_start(&client);
  snprintf(url, sizeof url, "%s/a/../b/%%2E%%2E/?_skip=0", server.base);
  client_get(&client, &reply, url);
  loop_run(client.loop);
  cr_assert_not_null(strstr(server.last_request, "GET /a/../b/%2E%2E/?_skip=0 HTTP/1.1\r\n"), "%s",
                     server.last_request);
  client_finish(&client);
  server_stop(&server);
}

Test(http, proxies_of_the_environment_are_ignored) {
  struct server server;
  struct client client = {.options = client_options};
  struct reply reply = {.calls = 0};
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
  server_start(&server, say_hello);
  client_start(&client);
  client_get(&client, &reply, server.base);
  loop_run(client.loop);
  cr_assert_eq(reply.status, 200, "%s", reply.error);
  client_finish(&client);
  server_stop(&server);
}

static void be_proxy(struct server *server, int fd) {
  char connect[4096];
  if (!server_read(server, fd))
    return;
  strcpy(connect, server->last_request);
  server_say(fd, "HTTP/1.1 200 tunnel\r\nX-Proxy: yes\r\n\r\n");
  if (!server_read(server, fd))
    return;
  cr_assert_null(strstr(connect, "\r\nAuthorization:"));
  server_say(fd, strstr(connect, "CONNECT close.example:80 ") ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                                                              : "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
}

Test(http, proxy_is_a_tunnel) {
  struct server server;
  struct client client = {.options = client_options};
  struct reply reply = {.calls = 0};
  setenv("no_proxy", "close.example", 1);
  server_start(&server, be_proxy);
  client.options.proxy = server.base;
  client_start(&client);
  client_get(&client, &reply, "http://close.example/");
  loop_run(client.loop);
  cr_assert_eq(reply.status, 200, "%s", reply.error);
  cr_assert_null(strstr(reply.headers, "x-proxy"));
  client_finish(&client);
  server_stop(&server);
}

static void be_slow(struct server *server, int fd) {
  while (server_read(server, fd)) {
    usleep(20000);
    server_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  }
}

Test(http, sixty_at_once_share_eight_connections) {
  struct server server;
  struct client client = {.options = client_options};
  struct reply replies[60] = {{.calls = 0}};
  server_start(&server, be_slow);
  client_start(&client);
  for (int i = 0; i < 60; i++)
    client_get(&client, &replies[i], server.base);
  loop_run(client.loop);
  for (int i = 0; i < 60; i++) {
    cr_assert_eq(replies[i].calls, 1);
    cr_assert_eq(replies[i].status, 200, "%d: %s", i, replies[i].error);
  }
  cr_assert_eq(server.accepted, 8, "%d connections", server.accepted);
  client_finish(&client);
  server_stop(&server);
}

static void be_mute(struct server *server, int fd) {
  server_read(server, fd);
  char byte;
  while (recv(fd, &byte, 1, 0) > 0)
    continue;
}

static void be_mute_once(struct server *server, int fd) {
  static atomic_int connections;
  if (atomic_fetch_add(&connections, 1) == 0)
    be_mute(server, fd);
  else
    say_hello(server, fd);
}

/* A client that waits for the first answer to learn whether a connection can be shared would be held up here. */
Test(http, silent_answer_delays_no_other) {
  struct server server;
  struct client client = {.options = client_options};
  struct reply replies[2] = {{.calls = 0}};
  client.options.request_timeout_ms = 2000;
  server_start(&server, be_mute_once);
  client_start(&client);
  replies[1].cancels = client_get(&client, &replies[0], server.base);
  replies[0].cancels = client_get(&client, &replies[1], server.base);
  client_finish(&client);
  cr_assert_eq(replies[0].status + replies[1].status, 200, "%s; %s", replies[0].error, replies[1].error);
  server_stop(&server);
}

static void expect_cancelled(const struct reply *reply) {
  cr_assert_eq(reply->calls, 1);
  cr_assert_eq(reply->kind, ERROR_CANCELLED);
}

static void cancel(struct client *client, uint64_t request) {
  client->inside = true;
  http_cancel(client->http, request);
  client->inside = false;
}

Test(http, cancelled_request_completes_once) {
  struct server server;
  struct client client = {.options = client_options};
  struct reply reply = {.calls = 0};
  server_start(&server, be_mute);
  client_start(&client);
  uint64_t request = client_get(&client, &reply, server.base);
  cancel(&client, request + 1); /* unknown: nothing happens */
  cancel(&client, request);
  cancel(&client, request);
  loop_run(client.loop);
  expect_cancelled(&reply);
  cancel(&client, request);
  client_finish(&client);
  server_stop(&server);
}

Test(http, callback_may_ask_and_cancel) {
  struct server server, mute;
  struct client client = {.options = client_options};
  struct reply first = {.calls = 0}, second = {.calls = 0}, third = {.calls = 0};
  server_start(&server, say_hello);
  server_start(&mute, be_mute);
  client_start(&client);
  first.cancels = client_get(&client, &second, mute.base);
  first.next = &third;
  first.next_url = server.base;
  client_get(&client, &first, server.base);
  loop_run(client.loop);
  cr_assert_eq(first.status, 200);
  expect_cancelled(&second);
  cr_assert_eq(third.status, 200);
  client_finish(&client);
  server_stop(&server);
  server_stop(&mute);
}

Test(http, destroy_with_requests_in_flight_leaves_an_empty_loop) {
  struct server server;
  struct client client = {.options = client_options};
  struct reply replies[20] = {{.calls = 0}};
  server_start(&server, be_mute);
  client_start(&client);
  for (int i = 0; i < 20; i++)
    client_get(&client, &replies[i], i % 2 == 0 ? server.base : "http://no-such-host.invalid/");
  client_destroy(&client);
  client_finish(&client);
  for (int i = 0; i < 20; i++)
    expect_cancelled(&replies[i]);
  http_destroy(NULL);
  server_stop(&server);
}

Test(http, callback_may_destroy) {
  struct server server, mute;
  struct client client = {.options = client_options};
  struct reply first = {.destroys = true}, second = {.calls = 0};
  server_start(&server, say_hello);
  server_start(&mute, be_mute);
  client_start(&client);
  client_get(&client, &second, mute.base);
  client_get(&client, &first, server.base);
  client_finish(&client);
  cr_assert_eq(first.status, 200);
  expect_cancelled(&second);
  server_stop(&server);
  server_stop(&mute);
}
