#pragma once
/* What the tests of io/http share: a loop, a client, and an account of how each request ended. */
#include "io/http.h"
#include "server.h"

static const struct http_options client_options = {"closesyncd/test", NULL, NULL, 5000, 10000, 1024 * 1024, 8};

struct client {
  struct loop *loop;
  struct http *http;
  struct http_options options;
  bool inside; /* a call into http is under way: no callback may come now */
};

struct reply { /* zero it before the request */
  struct client *client;
  int calls, status;
  enum error_kind kind;
  const char *next_url; /* the callback asks for this, into `next` */
  struct reply *next;
  bool destroys;    /* the callback destroys the client */
  uint64_t cancels; /* the callback cancels this one */
  size_t body_length;
  int64_t received_bytes;
  char body[256], headers[1024], error[512];
};

static inline void client_destroy(struct client *client) {
  client->inside = true;
  http_destroy(client->http);
  client->http = NULL;
  client->inside = false;
}

static inline void client_done(void *context, const struct http_response *response, const struct error *error);

static inline uint64_t client_send(struct client *client, struct reply *reply, const struct http_request *request) {
  reply->client = client;
  client->inside = true;
  uint64_t number = http_send(client->http, request, client_done, reply);
  client->inside = false;
  return number;
}

static inline uint64_t client_get(struct client *client, struct reply *reply, const char *url) {
  struct secret *key = secret_create("api_key.x", 9);
  uint64_t number = client_send(client, reply, &(struct http_request){.url = url, .credential = key});
  secret_destroy(key); /* curl has its copy: were it not so, ASan would tell */
  return number;
}

static inline void client_note(struct reply *reply, const struct http_response *response) {
  reply->status = response->status;
  reply->body_length = response->body.length;
  reply->received_bytes = response->received_bytes;
  size_t used = 0;
  snprintf(reply->body, sizeof reply->body, "%.*s", (int)response->body.length, response->body.bytes);
  for (int i = 0; i < response->header_count && used < sizeof reply->headers; i++) {
    struct slice name = response->headers[i].name, value = response->headers[i].value;
    used += (size_t)snprintf(reply->headers + used, sizeof reply->headers - used, "%.*s=%.*s|", (int)name.length,
                             name.bytes, (int)value.length, value.bytes);
  }
}

static inline void client_done(void *context, const struct http_response *response, const struct error *error) {
  struct reply *reply = context;
  cr_assert_not(reply->client->inside, "a completion came from inside a call");
  cr_assert_neq(response == NULL, error == NULL);
  reply->calls++;
  if (response != NULL)
    client_note(reply, response);
  else
    snprintf(reply->error, sizeof reply->error, "%s", error->text);
  reply->kind = error != NULL ? error->kind : ERROR_NONE;
  if (reply->next_url != NULL)
    client_get(reply->client, reply->next, reply->next_url);
  if (reply->cancels != 0)
    http_cancel(reply->client->http, reply->cancels);
  if (reply->destroys)
    client_destroy(reply->client);
}

static inline void client_start(struct client *client) {
  struct error error = {.kind = ERROR_NONE};
  client->loop = loop_create();
  client->http = http_create(client->loop, &client->options, &error);
  cr_assert_not_null(client->http, "%s", error.text);
}

/* Runs what is under way to its end, then proves that nothing is left. */
static inline void client_finish(struct client *client) {
  loop_run(client->loop);
  if (client->http != NULL)
    client_destroy(client);
  loop_run(client->loop);
  cr_assert(loop_destroy(client->loop), "a handle was left open");
}
