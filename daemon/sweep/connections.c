#include "sweep/connections.h"
#include "base/memory.h"
#include "sql/embedded.h"
#include <string.h>

/* What this file is for: opening what costs something to open, once. Sessions connect when there is work, not here. */

enum { CONNECT_TIMEOUT_MS = 15 * 1000, ANSWER_SLACK_MS = 10 * 1000 };

static struct db *open_session(struct loop *loop, const struct config *config) {
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
                               .answer_timeout_ms = config->database.statement_timeout_ms + ANSWER_SLACK_MS,
                               .hello = &hello,
                               .hello_count = 1};
  return db_create(loop, &options);
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

struct services *services_open(struct loop *loop, const struct config *config, bool with_close, struct error *error) {
  struct http *http = with_close ? open_http(loop, config, error) : NULL;
  if (with_close && http == NULL)
    return NULL;
  struct services *services = memory_allocate(sizeof *services);
  services->http = http;
  services->lane = http == NULL ? NULL : lane_create(loop, http, config->api.max_requests);
  services->watch = open_session(loop, config);
  services->writer_count = config->database.connections > 1 ? config->database.connections - 1 : 1;
  services->writers = memory_allocate(sizeof(struct db *) * (size_t)services->writer_count);
  for (int i = 0; i < services->writer_count; i++)
    services->writers[i] = config->database.connections > 1 ? open_session(loop, config) : services->watch;
  services->users = 1;
  return services;
}

void services_leave(struct services *services) {
  if (services == NULL || --services->users > 0)
    return;
  lane_destroy(services->lane);
  http_destroy(services->http);
  for (int i = 0; i < services->writer_count; i++)
    if (services->writers[i] != services->watch)
      db_destroy(services->writers[i]);
  db_destroy(services->watch);
  memory_free(services->writers);
  memory_free(services);
}

void services_equip(const struct services *services, struct tools *tools) {
  tools->lane = services->lane;
  tools->watch = services->watch;
  tools->write = services->writers[0];
  tools->writers = services->writers;
  tools->writer_count = services->writer_count;
}

static bool same_text(const char *left, const char *right) {
  return left == NULL || right == NULL ? left == right : strcmp(left, right) == 0;
}

bool services_serve_both(const struct config *left, const struct config *right) {
  return strcmp(left->database.conninfo, right->database.conninfo) == 0 &&
         strcmp(left->database.schema, right->database.schema) == 0 &&
         left->database.connections == right->database.connections &&
         left->database.statement_timeout_ms == right->database.statement_timeout_ms &&
         left->database.lock_timeout_ms == right->database.lock_timeout_ms &&
         same_text(left->api.ca_file, right->api.ca_file) && same_text(left->api.proxy, right->api.proxy) &&
         left->api.connect_timeout_ms == right->api.connect_timeout_ms &&
         left->api.request_timeout_ms == right->api.request_timeout_ms &&
         left->api.max_response_bytes == right->api.max_response_bytes &&
         left->api.max_requests == right->api.max_requests;
}
