/* From connection to answer: control requests, then rules, then Close's own behaviour.
 * What no correct server sends is written past libmicrohttpd to the connection's socket, which is then closed. */
#include "sim/server.h"

#include "sim/close.h"
#include "sim/control.h"
#include "sim/wire.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* One answer in the making. */
struct exchange {
  struct sim *sim;
  const struct request *request;
  struct answer answer;
  struct rule *rule;   /* NULL: none applies */
  size_t organization; /* from 1; 0: no known key */
  size_t number;       /* of the request */
  bool gzip;
  struct limiter limiter; /* a copy, for the headers */
};

static void add_rate_headers(struct text *headers, const struct exchange *exchange, const struct settings *settings) {
  enum rate_family family = settings->rate_headers;
  bool decimal = settings->decimal_reset;
  const struct limiter *limiter = &exchange->limiter;
  unsigned int limit = limiter->limit ? limiter->limit : 100;
  unsigned int used = limiter->limit ? limiter->used : 1;
  unsigned int left = used < limit ? limit - used : 0;
  double reset = limiter->limit ? (double)limiter_reset_ms(limiter, monotonic_ms()) / 1000.0 : 1.0;
  if (family == RATE_CURRENT)
    text_format(headers, "ratelimit: limit=%u, remaining=%u, reset=%.*f\n", limit, left, decimal ? 3 : 0,
                decimal ? reset : reset + 0.4999);
  else if (family == RATE_2017)
    text_format(headers, "x-rate-limit-limit: %u\nx-rate-limit-remaining: %u\nx-rate-limit-reset: %.6f\n", limit, left,
                reset);
  else if (family == RATE_ENVOY)
    text_format(headers,
                "ratelimit-limit: %u\nratelimit-remaining: %u\nratelimit-reset: %.0f\n"
                "x-ratelimit-limit: %u, %u;w=1, 100;w=1\nx-ratelimit-remaining: %u\nx-ratelimit-reset: %.0f\n",
                limit, left, reset + 0.5, limit, limit, left, reset + 0.5);
}

static void add_usual_headers(struct exchange *exchange, const struct settings *settings) {
  struct text *headers = &exchange->answer.headers;
  const struct text *own = exchange->rule ? &exchange->rule->headers : NULL;
  if (!own || !own->bytes || !strcasestr(own->bytes, "content-type:"))
    text_string(headers, "content-type: application/json\n");
  text_format(headers,
              "server: envoy\nx-envoy-upstream-service-time: 1\n"
              "trace-id: %016llx%016zx\nvary: Accept, Accept-Encoding\n"
              "set-cookie: session=; Expires=Thu, 01-Jan-1970 00:00:00 GMT; Path=/\n",
              (unsigned long long)monotonic_ms(), exchange->number);
  add_rate_headers(headers, exchange, settings);
}

static void refuse(struct exchange *exchange, enum refusal refusal) {
  struct answer *answer = &exchange->answer;
  double reset = (double)limiter_reset_ms(&exchange->limiter, monotonic_ms()) / 1000.0;
  answer->status = 429;
  text_format(&answer->headers, "retry-after: %.0f\n", reset + 0.4999);
  if (refusal == REFUSE_JSON)
    answer_error(answer, 429, "API call count exceeded for this period");
  else if (refusal == REFUSE_NESTED)
    text_format(&answer->body,
                "{\"error\":{\"message\":\"API call count exceeded\",\"rate_reset\":%f,\"rate_limit\":%u,"
                "\"rate_window\":1,\"rate_limit_type\":\"key\"}}",
                reset, exchange->limiter.limit);
  else if (refusal == REFUSE_FLAT)
    text_format(&answer->body,
                "{\"message\":\"API call count exceeded for this period\",\"rate_limit\":%u,"
                "\"rate_limit_type\":\"key\",\"rate_reset\":\"%f\",\"rate_window\":8}",
                exchange->limiter.limit, reset);
}

/* Counts the request and finds its rule. */
static enum admission admit(struct exchange *exchange) {
  struct sim *sim = exchange->sim;
  struct organization *organization = close_authenticate(&sim->scene, exchange->request);
  oauth_watch(&sim->scene, exchange->request);
  const char *path = close_path(exchange->request);
  size_t skip;
  size_t limit;
  enum admission admission = ADMITTED;
  if (close_paging(exchange->request, &skip, &limit))
    skip = 0;
  struct rule_subject subject = {
      .method = exchange->request->method,
      .path = path ? path : exchange->request->path,
      .query = exchange->request->query,
      .key = organization ? organization->key : NULL,
      .skip = skip,
      .limit = limit,
  };
  pthread_mutex_lock(&sim->counters);
  exchange->number = sim->journal.requests + 1;
  if (organization) {
    exchange->organization = (size_t)(organization - sim->scene.organizations) + 1;
    admission = limiter_admit(&organization->limiter, monotonic_ms());
    exchange->limiter = organization->limiter;
  }
  if (admission == ADMITTED)
    exchange->rule = rules_match(sim->scene.rules, &subject);
  pthread_mutex_unlock(&sim->counters);
  return admission;
}

/* What a rule says of accounts becomes a part of the time line. */
static void note_told(struct exchange *exchange, int status, const struct text *body) {
  static const char accounts[] = "/connected_account/";
  struct sim *sim = exchange->sim;
  const struct organization *organization = close_authenticate(&sim->scene, exchange->request);
  const char *path = close_path(exchange->request);
  if (!organization || !path || strncmp(path, accounts, sizeof accounts - 1) != 0 || exchange->rule->wire.raw)
    return;
  const char *rest = path + sizeof accounts - 1;
  char *id = *rest ? strndup(rest, strlen(rest) - 1) : NULL;
  pthread_mutex_lock(&sim->counters);
  timeline_told(&sim->timeline, organization->key, id, status, body);
  pthread_mutex_unlock(&sim->counters);
  free(id);
}

static void answer_from_rule(struct exchange *exchange) {
  exchange->answer.status = exchange->rule->status;
  text_add(&exchange->answer.body, exchange->rule->body.bytes, exchange->rule->body.length);
  note_told(exchange, exchange->rule->status, &exchange->rule->body);
}

/* Close's own answer with some bytes changed on the way. */
static void garble(struct exchange *exchange) {
  struct answer *answer = &exchange->answer;
  pthread_mutex_lock(&exchange->sim->counters);
  rule_garble(exchange->rule, &answer->body);
  pthread_mutex_unlock(&exchange->sim->counters);
  note_told(exchange, answer->status, &answer->body);
}

/* Until the next release. */
static void wait_held(struct sim *sim) {
  pthread_mutex_lock(&sim->counters);
  size_t releases = sim->releases;
  sim->held++;
  while (sim->releases == releases)
    pthread_cond_wait(&sim->released, &sim->counters);
  pthread_mutex_unlock(&sim->counters);
}

static void answer_request(struct exchange *exchange) {
  struct sim *sim = exchange->sim;
  pthread_rwlock_rdlock(&sim->lock);
  enum admission admission = admit(exchange);
  struct rule *rule = exchange->rule;
  if (rule && (rule->delay_ms || rule->hold == HELD_ARRIVED)) {
    pthread_rwlock_unlock(&sim->lock);
    if (rule->hold == HELD_ARRIVED)
      wait_held(sim);
    poll(NULL, 0, (int)rule->delay_ms);
    pthread_rwlock_rdlock(&sim->lock);
  }
  const struct settings *settings = &sim->scene.settings;
  struct bend bend = {.skip = rule ? rule->serve_skip : -1, .has_more = rule ? rule->has_more : NULL};
  if (!rule || !rule->bare)
    add_usual_headers(exchange, settings);
  if (admission == REFUSED)
    refuse(exchange, settings->refusal);
  else if (admission == BANNED)
    answer_error(&exchange->answer, 403, "Forbidden");
  else if (rule && rule->answers)
    answer_from_rule(exchange);
  else
    close_answer(&sim->scene, close_authenticate(&sim->scene, exchange->request), exchange->request, &bend,
                 &exchange->answer);
  if (rule && rule->garble)
    garble(exchange);
  if (rule)
    text_add(&exchange->answer.headers, rule->headers.bytes, rule->headers.length);
  exchange->gzip = settings->gzip && !(rule && rule->answers) && exchange->request->accepts_gzip;
  pthread_rwlock_unlock(&sim->lock);
  if (rule && rule->hold == HELD_ANSWERED)
    wait_held(sim);
}

static void pack(struct exchange *exchange) {
  struct answer *answer = &exchange->answer;
  if (!exchange->gzip || answer->body.length < 200)
    return;
  struct text packed = {0};
  text_gzip(&packed, answer->body.bytes, answer->body.length, 0);
  text_finish(&answer->body);
  answer->body = packed;
  text_string(&answer->headers, "content-encoding: gzip\n");
}

static void note(struct exchange *exchange, uint64_t began_ms, int status) {
  struct entry entry = {
      .at_ms = began_ms,
      .took_ms = (uint32_t)(monotonic_ms() - began_ms),
      .status = status,
      .organization = exchange->organization,
  };
  memcpy(entry.method, exchange->request->method, sizeof entry.method);
  pthread_mutex_lock(&exchange->sim->counters);
  journal_add(&exchange->sim->journal, &entry, exchange->request->target);
  pthread_mutex_unlock(&exchange->sim->counters);
}

static enum MHD_Result send_regular(struct MHD_Connection *connection, struct answer *answer) {
  size_t length = answer->body.length;
  struct MHD_Response *response =
      MHD_create_response_from_buffer(length, text_take(&answer->body), MHD_RESPMEM_MUST_FREE);
  if (!response)
    abort();
  char *line = answer->headers.bytes;
  while (line && *line) {
    size_t line_length = strcspn(line, "\n");
    char *next = line + line_length + 1;
    char *colon = strstr(line, ": ");
    line[line_length] = '\0';
    if (colon && colon < line + line_length) {
      *colon = '\0';
      MHD_add_response_header(response, line, colon + 2);
    }
    line = next;
  }
  enum MHD_Result queued = MHD_queue_response(connection, (unsigned int)answer->status, response);
  MHD_destroy_response(response);
  return queued;
}

static enum MHD_Result reply(struct MHD_Connection *connection, struct exchange *exchange) {
  struct answer *answer = &exchange->answer;
  uint64_t began_ms = monotonic_ms();
  if (strncmp(exchange->request->path, "/_sim/", 6) == 0) {
    control_answer(exchange->sim, exchange->request, answer);
    return send_regular(connection, answer);
  }
  answer_request(exchange);
  pack(exchange);
  const struct rule *rule = exchange->rule;
  bool by_hand = rule && wire_needed(&rule->wire);
  note(exchange, began_ms, by_hand && (rule->wire.raw || rule->wire.reset) ? 0 : answer->status);
  if (!by_hand)
    return send_regular(connection, answer);
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  wire_send(info->connect_fd, &rule->wire, answer, MHD_get_reason_phrase_for((unsigned int)answer->status));
  return MHD_NO;
}

static void fill_request(struct MHD_Connection *connection, struct request *request, const char *method) {
  const char *authorization = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization");
  const char *encodings = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Accept-Encoding");
  strncpy(request->method, method, sizeof request->method - 1);
  request->authorization = authorization ? copy_string(authorization) : NULL;
  request->accepts_gzip = encodings && strstr(encodings, "gzip");
}

static enum MHD_Result handle(void *closure, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_length, void **context) {
  (void)url;
  (void)version;
  struct request *request = *context;
  if (!request)
    return MHD_NO;
  if (!request->method[0]) {
    fill_request(connection, request, method);
    return MHD_YES;
  }
  if (*upload_length) {
    text_add(&request->body, upload, *upload_length);
    *upload_length = 0;
    return MHD_YES;
  }
  struct exchange exchange = {.sim = closure, .request = request};
  enum MHD_Result result = reply(connection, &exchange);
  answer_finish(&exchange.answer);
  return result;
}

static void *begin(void *closure, const char *uri, struct MHD_Connection *connection) {
  (void)closure;
  (void)connection;
  return request_create(uri);
}

static void end(void *closure, struct MHD_Connection *connection, void **context,
                enum MHD_RequestTerminationCode code) {
  (void)closure;
  (void)connection;
  (void)code;
  request_destroy(*context);
  *context = NULL;
}

static size_t keep_escapes(void *closure, struct MHD_Connection *connection, char *text) {
  (void)closure;
  (void)connection;
  return strlen(text);
}

struct MHD_Daemon *server_start(struct sim *sim, uint16_t port, const char *certificate, const char *key) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  struct MHD_OptionItem tls[] = {
      {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)certificate},
      {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)key},
      {MHD_OPTION_END, 0, NULL},
  };
  unsigned int flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL;
  if (certificate)
    flags |= MHD_USE_TLS;
  else
    tls[0].option = MHD_OPTION_END;
  return MHD_start_daemon(flags, port, NULL, NULL, handle, sim, MHD_OPTION_SOCK_ADDR, &address,
                          MHD_OPTION_URI_LOG_CALLBACK, begin, NULL, MHD_OPTION_NOTIFY_COMPLETED, end, NULL,
                          MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_CONNECTION_LIMIT, 4096u,
                          MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)131072, MHD_OPTION_THREAD_STACK_SIZE,
                          (size_t)262144, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

uint16_t server_port(struct MHD_Daemon *daemon) {
  const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
  return info ? info->port : 0;
}
