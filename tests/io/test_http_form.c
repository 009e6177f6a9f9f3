/* Tokens and forms: how they are sent, and that a form is sent once at most. */
#include "client.h"

static void say_hello(struct server *server, int fd) {
  while (server_read(server, fd))
    server_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
}

Test(http_form, a_token_is_sent_as_bearer) {
  struct server server;
  struct client client = {.options = client_options};
  struct reply reply = {.calls = 0};
  struct secret *token = secret_create("token.x-1", 9);
  server_start(&server, say_hello);
  client_start(&client);
  client_send(&client, &reply, &(struct http_request){.url = server.base, .credential = token, .scheme = HTTP_BEARER});
  secret_destroy(token);
  loop_run(client.loop);
  cr_assert_eq(reply.status, 200, "%s", reply.error);
  cr_assert_not_null(strstr(server.last_request, "\r\nAuthorization: Bearer token.x-1\r\n"));
  cr_assert_null(strstr(server.last_request, "Basic"));
  client_finish(&client);
  server_stop(&server);
}

static void send_form(struct client *client, struct reply *reply, const char *url, struct secret *form) {
  client_send(client, reply, &(struct http_request){.url = url, .form = form});
  loop_run(client->loop);
}

Test(http_form, a_form_is_posted_whole_without_a_credential) {
  struct server server;
  struct client client = {.options = client_options};
  struct reply reply = {.calls = 0};
  struct secret *form = secret_create("a=1&b=%20", 9);
  server_start(&server, say_hello);
  client_start(&client);
  send_form(&client, &reply, server.base, form);
  cr_assert_eq(reply.status, 200, "%s", reply.error);
  cr_assert_str_eq(reply.body, "hello");
  cr_assert_eq(strncmp(server.last_request, "POST / HTTP/1.1\r\n", 17), 0, "%s", server.last_request);
  cr_assert_not_null(strstr(server.last_request, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
  cr_assert_not_null(strstr(server.last_request, "\r\nContent-Length: 9\r\n"));
  cr_assert_null(strstr(server.last_request, "Authorization"));
  cr_assert_null(strstr(server.last_request, "Expect"));
  client_finish(&client);
  server_stop(&server);
  secret_destroy(form);
}

/* Answers what is got, and nothing that is posted. */
static void refuse_forms(struct server *server, int fd) {
  while (server_read(server, fd) && strncmp(server->last_request, "POST", 4) != 0)
    server_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
}

/* A request that a kept connection lost is sent again by libcurl: a refresh token would be spent twice. */
Test(http_form, a_form_is_sent_once_however_the_connection_ends) {
  struct server server;
  struct client client = {.options = client_options};
  struct reply first = {.calls = 0}, posted = {.calls = 0};
  struct secret *form = secret_create("a=1", 3);
  server_start(&server, refuse_forms);
  client_start(&client);
  client_get(&client, &first, server.base);
  loop_run(client.loop);
  send_form(&client, &posted, server.base, form);
  cr_assert_eq(posted.kind, ERROR_NETWORK, "%s", posted.error);
  cr_assert_eq(server.requests, 2);
  cr_assert_eq(server.accepted, 2);
  client_finish(&client);
  server_stop(&server);
  secret_destroy(form);
}

static void redirect(struct server *server, int fd) {
  char text[256];
  snprintf(text, sizeof text, "HTTP/1.1 307 Go\r\nLocation: %s/there\r\nContent-Length: 0\r\n\r\n", server->base);
  while (server_read(server, fd))
    server_say(fd, text);
}

Test(http_form, no_redirect_takes_a_form_elsewhere) {
  struct server server;
  struct client client = {.options = client_options};
  struct reply reply = {.calls = 0};
  struct secret *form = secret_create("a=1", 3);
  server_start(&server, redirect);
  client_start(&client);
  send_form(&client, &reply, server.base, form);
  cr_assert_eq(reply.status, 307, "%s", reply.error);
  cr_assert_eq(server.requests, 1);
  client_finish(&client);
  server_stop(&server);
  secret_destroy(form);
}
