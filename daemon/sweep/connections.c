/* Opens what costs something to open, once. Sessions connect when there is work, not here. */
#include "sweep/connections.h"
#include "base/memory.h"
#include "base/text.h"
#include "sql/embedded.h"
#include <string.h>

enum { CONNECT_TIMEOUT_MS = 15 * 1000, ANSWER_SLACK_MS = 10 * 1000, ASK_EVERY_MS = 10 * 1000 };

struct db *connections_open_session(struct loop *loop, const struct config *config, int64_t answer_timeout_ms) {
  char statement_timeout[32], lock_timeout[32];
  snprintf(statement_timeout, sizeof statement_timeout, "%lldms", (long long)config->database.statement_timeout_ms);
  snprintf(lock_timeout, sizeof lock_timeout, "%lldms", (long long)config->database.lock_timeout_ms);
  struct db_statement hello = {
      .sql = sql_query_session,
      .count = 3,
      .values = {slice_of(config->database.schema), slice_of(statement_timeout), slice_of(lock_timeout)}};
  struct db_options options = {.conninfo = config->database.conninfo,
                               .application_name = "closesyncd",
                               .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                               .answer_timeout_ms = answer_timeout_ms,
                               .ask_every_ms = ASK_EVERY_MS,
                               .hello = &hello};
  return db_create(loop, &options);
}

static struct db *open_session(struct loop *loop, const struct config *config) {
  return connections_open_session(loop, config, config->database.statement_timeout_ms + ANSWER_SLACK_MS);
}

static struct http *open_http(struct loop *loop, const struct config *config, struct error *error) {
  struct http_options options = {.user_agent = "closesyncd/" CLOSESYNCD_VERSION,
                                 .ca_file = config->api.ca_file,
                                 .proxy = config->api.proxy,
                                 .connect_timeout_ms = config->api.connect_timeout_ms,
                                 .request_timeout_ms = config->api.request_timeout_ms,
                                 .max_response_bytes = config->api.max_response_bytes,
                                 .max_connections = config->api.max_requests};
  return http_create(loop, &options, error);
}

struct connections *connections_open(struct loop *loop, const struct config *config, bool with_close,
                                     struct error *error) {
  struct http *http = with_close ? open_http(loop, config, error) : NULL;
  if (with_close && http == NULL)
    return NULL;
  struct connections *connections = memory_allocate(sizeof *connections);
  connections->request_queue = http == NULL ? NULL : request_queue_create(loop, http, config->api.max_requests);
  connections->watch = open_session(loop, config);
  connections->writer_count = config->database.connections > 1 ? config->database.connections - 1 : 1;
  connections->writers = memory_allocate(sizeof(struct db *) * ((size_t)connections->writer_count + 1));
  for (int i = 0; i < connections->writer_count; i++)
    connections->writers[i] = config->database.connections > 1 ? open_session(loop, config) : connections->watch;
  connections->writers[connections->writer_count] = connections->watch;
  connections->users = 1;
  return connections;
}

void connections_leave(struct connections *connections) {
  if (connections == NULL || --connections->users > 0)
    return;
  request_queue_leave(connections->request_queue);
  for (int i = 0; i < connections->writer_count; i++)
    if (connections->writers[i] != connections->watch)
      db_destroy(connections->writers[i]);
  db_destroy(connections->watch);
  memory_free(connections->writers);
  memory_free(connections);
}

void connections_equip(const struct connections *connections, struct sweep_context *shared) {
  shared->request_queue = connections->request_queue;
  shared->watch = connections->watch;
  shared->write = connections->writers[0];
  shared->writers = connections->writers;
  shared->writer_count = connections->writer_count;
}

void connections_equip_fully(const struct connections *connections, struct sweep_context *shared) {
  connections_equip(connections, shared);
  shared->writer_count += connections->writers[0] == connections->watch ? 0 : 1;
}

void connections_drop_sessions(const struct sweep_context *shared, const char *reason) {
  db_drop(shared->watch, reason);
  for (int i = 0; i < shared->writer_count; i++)
    db_drop(shared->writers[i], reason);
}

bool connections_same_sessions(const struct config *left, const struct config *right) {
  return strcmp(left->database.conninfo, right->database.conninfo) == 0 &&
         strcmp(left->database.schema, right->database.schema) == 0 &&
         left->database.statement_timeout_ms == right->database.statement_timeout_ms &&
         left->database.lock_timeout_ms == right->database.lock_timeout_ms;
}

bool connections_serve_both(const struct config *left, const struct config *right) {
  return connections_same_sessions(left, right) && left->database.connections == right->database.connections &&
         text_equals(left->api.ca_file, right->api.ca_file) && text_equals(left->api.proxy, right->api.proxy) &&
         left->api.connect_timeout_ms == right->api.connect_timeout_ms &&
         left->api.request_timeout_ms == right->api.request_timeout_ms &&
         left->api.max_response_bytes == right->api.max_response_bytes &&
         left->api.max_requests == right->api.max_requests;
}
