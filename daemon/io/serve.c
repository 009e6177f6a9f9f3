/* libmicrohttpd without threads of its own: its epoll descriptor is watched by the loop, and it runs only when the loop says so.
 * It knows idle time but no deadline, so a client that drips would stay for ever: each client has a deadline of ours here, and a
 * late one is cut by shutdown(2), which libmicrohttpd then notices by itself. */
#include "io/serve.h"
#include "base/memory.h"
#include "io/listener.h"
#include "io/serve_answer.h"
#include <microhttpd.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <sys/socket.h>

enum {
  CLIENT_MEMORY_BYTES = 16 * 1024, /* request line and header, and the head of the reply */
  SPARE_PLACES = 16,               /* for who was cut and is not gone yet */
};

struct client {
  LIST_ENTRY(client) link;
  int fd;
  bool cut;
  struct MHD_Connection *connection;
  struct serve_answer
      *answer;      /* in the making (libmicrohttpd lets the connection rest meanwhile), or finished; or NULL */
  int64_t heard_ms; /* when it last did something whole: came, asked, took its reply */
  int64_t deadline_ms;
  size_t reply_bytes; /* under way */
};

struct serve {
  struct loop *loop;
  struct serve_options options;
  struct listener listener;
  struct MHD_Daemon *daemon;
  struct watcher *watcher;
  struct timer *timer;
  struct serve_answers *answers;
  LIST_HEAD(, client) clients; /* newest first */
  int client_count;
  bool hurries; /* somebody left or woke during this run; libmicrohttpd looks for that only at the beginning of one */
  size_t reply_bytes;
};

static bool rests(const struct client *client) { return client->answer != NULL && !client->answer->finished; }

/* libmicrohttpd asks again for what it was resting for. */
static void wake(struct client *client) {
  serve_answer_destroy(client->answer);
  client->answer = NULL;
  MHD_resume_connection(client->connection);
}

static void cut(struct serve *serve, struct client *client) {
  client->cut = true;
  shutdown(client->fd, SHUT_RDWR);
  if (!rests(client))
    return;
  wake(client);
  serve->hurries = true;
}

static void cut_late(struct serve *serve, int64_t now_ms) {
  struct client *client;
  LIST_FOREACH(client, &serve->clients, link) {
    if (!client->cut && client->deadline_ms <= now_ms)
      cut(serve, client);
  }
}

/* More than there are places for: the one that is silent longest goes. */
static void make_room(struct serve *serve) {
  struct client *silent = NULL, *client;
  int count = 0;
  LIST_FOREACH(client, &serve->clients, link) {
    count += client->cut ? 0 : 1;
    if (!client->cut && (silent == NULL || client->heard_ms <= silent->heard_ms))
      silent = client;
  }
  if (count > serve->options.max_clients && silent != NULL)
    cut(serve, silent);
}

/* Milliseconds until somebody has to look again; -1: until something arrives. */
static int64_t next_look_ms(struct serve *serve) {
  MHD_UNSIGNED_LONG_LONG asked_ms;
  const struct client *client;
  int64_t now_ms = loop_now_ms(serve->loop), delay_ms = -1;
  if (serve->hurries)
    return 0;
  if (MHD_get_timeout(serve->daemon, &asked_ms) == MHD_YES)
    delay_ms = asked_ms < 1000 ? (int64_t)asked_ms : 1000;
  LIST_FOREACH(client, &serve->clients, link) {
    int64_t left_ms = client->deadline_ms > now_ms ? client->deadline_ms - now_ms : 0;
    if (!client->cut && (delay_ms < 0 || left_ms < delay_ms))
      delay_ms = left_ms;
  }
  return delay_ms;
}

static void run(struct serve *serve) {
  serve->hurries = false;
  cut_late(serve, loop_now_ms(serve->loop));
  MHD_run(serve->daemon);
  int64_t delay_ms = next_look_ms(serve);
  if (delay_ms < 0)
    timer_stop(serve->timer);
  else
    timer_start(serve->timer, delay_ms);
}

static void on_timer(void *context) { run(context); }

static void on_watcher(void *context, int ready, bool broken) {
  struct serve *serve = context;
  (void)ready;
  if (broken)
    watcher_set(serve->watcher, WATCH_READ);
  run(serve);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code) {
  struct serve *serve = context;
  struct client *client = *socket_context;
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    client = memory_allocate(sizeof *client);
    client->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    client->connection = connection;
    client->heard_ms = loop_now_ms(serve->loop);
    client->deadline_ms = client->heard_ms + serve->options.request_ms;
    LIST_INSERT_HEAD(&serve->clients, client, link);
    serve->client_count++;
    *socket_context = client;
    make_room(serve);
  } else if (client != NULL) {
    LIST_REMOVE(client, link);
    serve->client_count--;
    serve->hurries = true;
    serve_answer_destroy(client->answer);
    memory_free(client);
    *socket_context = NULL;
  }
}

static struct client *client_of(struct MHD_Connection *connection) {
  return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request_context,
                         enum MHD_RequestTerminationCode code) {
  struct serve *serve = context;
  struct client *client = client_of(connection);
  (void)request_context;
  (void)code;
  serve->reply_bytes -= client->reply_bytes;
  client->reply_bytes = 0;
  client->heard_ms = loop_now_ms(serve->loop);
  client->deadline_ms = client->heard_ms + serve->options.request_ms;
}

/* Takes over the answer, which is finished. */
static enum MHD_Result send_reply(struct serve *serve, struct MHD_Connection *connection, struct serve_answer *answer) {
  struct client *client = client_of(connection);
  const struct serve_reply *reply = &answer->reply;
  struct buffer body = buffer_take(answer->gzip != NULL ? &answer->packed : &answer->reply.body);
  struct MHD_Response *response =
      MHD_create_response_from_buffer_with_free_callback(body.length, body.bytes, memory_free);
  if (response == NULL)
    memory_exhausted();
  client->reply_bytes = body.length;
  client->heard_ms = loop_now_ms(serve->loop);
  client->deadline_ms = client->heard_ms + serve->options.reply_ms;
  serve->reply_bytes += client->reply_bytes;
  const char *const headers[][2] = {{MHD_HTTP_HEADER_CONTENT_TYPE, reply->content_type},
                                    {MHD_HTTP_HEADER_CONTENT_ENCODING, answer->gzip != NULL ? "gzip" : NULL},
                                    {MHD_HTTP_HEADER_VARY, "Accept-Encoding"},
                                    {MHD_HTTP_HEADER_CACHE_CONTROL, "no-store"},
                                    {"X-Content-Type-Options", "nosniff"},
                                    {"Content-Security-Policy", reply->policy},
                                    {"Refresh", reply->refresh},
                                    {"Referrer-Policy", "no-referrer"},
                                    {MHD_HTTP_HEADER_ALLOW, reply->status == 405 ? "GET, HEAD" : NULL},
                                    {MHD_HTTP_HEADER_CONNECTION, reply->status == 413 ? "close" : NULL},
                                    {MHD_HTTP_HEADER_RETRY_AFTER, reply->status == 503 ? "10" : NULL}};
  for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
    if (headers[i][1] != NULL && MHD_add_response_header(response, headers[i][0], headers[i][1]) != MHD_YES)
      memory_exhausted();
  enum MHD_Result queued = MHD_queue_response(connection, (unsigned)reply->status, response);
  MHD_destroy_response(response);
  if (client->answer == answer)
    client->answer = NULL;
  serve_answer_destroy(answer);
  return queued;
}

static enum MHD_Result send_text(struct serve *serve, struct MHD_Connection *connection, int status, const char *text) {
  struct serve_answer *answer = serve_answer_create(serve->answers, serve->options.max_body_bytes, false);
  answer->reply.status = status;
  if (!buffer_append_text(&answer->reply.body, text))
    buffer_clear(&answer->reply.body);
  return send_reply(serve, connection, answer);
}

static enum MHD_Result count_host(void *context, enum MHD_ValueKind kind, const char *key, const char *value) {
  int *count = context;
  (void)kind;
  (void)value;
  *count += strcasecmp(key, MHD_HTTP_HEADER_HOST) == 0;
  return MHD_YES;
}

/* 0 when the request may be answered, else its status. */
static int judge(const struct serve *serve, struct MHD_Connection *connection, const char *url, const char *method,
                 const char *version) {
  int hosts = 0;
  MHD_get_connection_values(connection, MHD_HEADER_KIND, count_host, &hosts);
  struct slice host = slice_of(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST));
  serve_path(url, &host);
  const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
  bool chunked = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL;
  if (hosts > 1 || (hosts == 0 && strcmp(version, MHD_HTTP_VERSION_1_0) != 0))
    return 400;
  if (host.bytes != NULL && !listener_is_host(&serve->listener, client_of(connection)->fd, host))
    return 421;
  if (chunked || (length != NULL && strspn(length, "0") != strlen(length)))
    return 413;
  if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
    return 405;
  return 0;
}

static enum MHD_Result refuse(struct serve *serve, struct MHD_Connection *connection, int status) {
  static const struct {
    int status;
    const char *text;
  } texts[] = {{400, "one Host header, please\n"},
               {405, "GET and HEAD only\n"},
               {413, "no body, please\n"},
               {421, "the Host header must be the listen address or localhost\n"},
               {503, "too much at once; ask again later\n"}};
  const char *text = "";
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (texts[i].status == status)
      text = texts[i].text;
  return send_text(serve, connection, status, text);
}

static enum MHD_Result send_finished(struct serve *serve, struct MHD_Connection *connection) {
  struct client *client = client_of(connection);
  if (serve->reply_bytes <= serve->options.max_body_bytes)
    return send_reply(serve, connection, client->answer);
  serve_answer_destroy(client->answer);
  client->answer = NULL;
  return refuse(serve, connection, 503);
}

static enum MHD_Result begin_answer(struct serve *serve, struct MHD_Connection *connection, const char *url) {
  const char *encodings = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_ENCODING);
  struct slice host;
  const struct serve_request request = {serve_path(url, &host), connection};
  struct client *client = client_of(connection);
  if (serve->reply_bytes > serve->options.max_body_bytes)
    return refuse(serve, connection, 503);
  struct serve_answer *answer =
      serve_answer_create(serve->answers, serve->options.max_body_bytes, serve_accepts_gzip(encodings));
  if (!serve->options.answer(serve->options.context, &request, &answer->reply)) {
    serve_answer_destroy(answer);
    return send_text(serve, connection, 404, serve->options.hint);
  }
  answer->client = client;
  client->answer = answer;
  client->heard_ms = loop_now_ms(serve->loop);
  client->deadline_ms = client->heard_ms + serve->options.reply_ms;
  if (serve_answer_start(answer))
    return send_finished(serve, connection);
  MHD_suspend_connection(connection);
  return MHD_YES;
}

static void on_finished(void *context, void *finished) {
  struct serve *serve = context;
  const struct client *client = finished;
  MHD_resume_connection(client->connection);
  timer_start(serve->timer, 0);
}

/* libmicrohttpd calls once with the header, and again when the (empty) body is complete; only then the reply may keep the connection. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_bytes,
                                  void **request_context) {
  struct serve *serve = context;
  (void)upload;
  if (client_of(connection)->cut)
    return MHD_NO;
  if (*request_context == NULL) {
    int status = judge(serve, connection, url, method, version);
    *request_context = serve;
    return status == 0 ? MHD_YES : refuse(serve, connection, status);
  }
  if (*upload_bytes > 0)
    return MHD_NO;
  if (client_of(connection)->answer != NULL) /* it rested until this was finished */
    return send_finished(serve, connection);
  return begin_answer(serve, connection, url);
}

static void set_defaults(struct serve_options *options) {
  if (options->max_body_bytes == 0)
    options->max_body_bytes = (size_t)64 * 1024 * 1024;
  if (options->request_ms == 0)
    options->request_ms = 10 * 1000;
  if (options->reply_ms == 0)
    options->reply_ms = 30 * 1000;
  if (options->max_clients == 0)
    options->max_clients = 64;
  if (options->hint == NULL)
    options->hint = "not found\n";
}

static bool start_daemon(struct serve *serve, struct error *error) {
  const struct serve_options *options = &serve->options;
  serve->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, serve,
                                   MHD_OPTION_LISTEN_SOCKET, serve->listener.fd, MHD_OPTION_CONNECTION_LIMIT,
                                   (unsigned)(options->max_clients + SPARE_PLACES), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                   (size_t)CLIENT_MEMORY_BYTES, MHD_OPTION_NOTIFY_CONNECTION, on_connection, serve,
                                   MHD_OPTION_NOTIFY_COMPLETED, on_completed, serve, MHD_OPTION_END);
  if (serve->daemon == NULL)
    return error_set(error, ERROR_NETWORK, "could not listen on \"%s\": libmicrohttpd would not start",
                     options->listen);
  serve->listener.fd = -1; /* libmicrohttpd closes it */
  int epoll_fd = MHD_get_daemon_info(serve->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
  serve->watcher = watcher_create(serve->loop, epoll_fd, on_watcher, serve);
  if (serve->watcher == NULL)
    return error_set(error, ERROR_BUG, "could not listen on \"%s\": its descriptor cannot be watched", options->listen);
  serve->timer = timer_open(serve->loop, on_timer, serve);
  watcher_hurry(serve->watcher); /* who asks whether the loop turns is told, however much there is to do */
  timer_hurry(serve->timer);
  if (!options->paused)
    serve_resume(serve);
  return true;
}

void serve_resume(struct serve *serve) {
  watcher_set(serve->watcher, WATCH_READ);
  timer_start(serve->timer, 0); /* the first run puts the listening socket into the epoll set */
}

struct serve *serve_create(struct loop *loop, const struct serve_options *options, struct error *error) {
  struct serve *serve = memory_allocate(sizeof *serve);
  serve->loop = loop;
  serve->options = *options;
  set_defaults(&serve->options);
  serve->answers = serve_answers_create(loop, on_finished, serve);
  if (!listener_open(&serve->listener, options->listen, error) || !start_daemon(serve, error)) {
    serve_destroy(serve);
    return NULL;
  }
  serve->options.listen = NULL; /* the caller's, only until here */
  return serve;
}

void serve_destroy(struct serve *serve) {
  if (serve == NULL)
    return;
  struct client *client;
  watcher_close(serve->watcher);
  timer_close(serve->timer);
  LIST_FOREACH(client, &serve->clients, link) {
    if (rests(client)) /* libmicrohttpd does not stop while one does */
      wake(client);
  }
  if (serve->daemon != NULL)
    MHD_stop_daemon(serve->daemon);
  serve_answers_destroy(serve->answers);
  listener_close(&serve->listener);
  memory_free(serve);
}

int serve_port(const struct serve *serve) { return serve->listener.port; }

int serve_clients(const struct serve *serve) { return serve->client_count; }

const char *serve_argument(const struct serve_request *request, const char *name) {
  const char *value = NULL;
  size_t length = 0;
  if (request->connection == NULL || MHD_lookup_connection_value_n(request->connection, MHD_GET_ARGUMENT_KIND, name,
                                                                   strlen(name), &value, &length) != MHD_YES)
    return NULL;
  return value == NULL || strlen(value) != length ? "" : value;
}

const char *serve_library_version(void) { return MHD_get_version(); }
