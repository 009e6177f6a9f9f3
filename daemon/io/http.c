/* Requests on curl's multi interface, driven by the loop. Curl says which sockets and which timer it wants; after
 * each call into it all finished transfers are reaped, since the last one may finish from a timeout. */
#include "io/http.h"
#include "base/memory.h"
#include "io/http_answer.h"
#include "io/http_request.h"
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

struct socket_watch { /* one socket that curl asked to watch */
  LIST_ENTRY(socket_watch) link;
  struct http *http;
  curl_socket_t fd;
  struct watcher *watcher;
  int events;
};

struct transfer {
  LIST_ENTRY(transfer) link;
  struct http *http;
  CURL *easy;
  uint64_t request;
  struct answer answer;
  http_done_fn *done;
  void *context;
  bool over, cancelled; /* over: out of curl's hands, completes from the `soon` timer */
  bool sent, again;     /* again: curl wanted to send it once more */
  int socket_errno;     /* why there was no socket */
  char reason[CURL_ERROR_SIZE];
};

struct http {
  struct loop *loop;
  CURLM *multi;
  struct timer *timer, *soon;      /* curl's only timer; completions that may not come from inside a call */
  struct http_options options;     /* its texts are ours */
  LIST_HEAD(, transfer) transfers; /* accepted and not completed */
  LIST_HEAD(, socket_watch) sockets;
  uint64_t last_request;
  bool dying;
  struct header headers[ANSWER_LINES];
};

static void reap(struct http *http);

/* ---- curl and the loop ---- */

static void on_socket_ready(void *context, int ready, bool broken) {
  struct socket_watch *watch = context;
  struct http *http = watch->http;
  curl_socket_t fd = watch->fd;
  int mask = ((ready & WATCH_READ) != 0 ? CURL_CSELECT_IN : 0) | ((ready & WATCH_WRITE) != 0 ? CURL_CSELECT_OUT : 0) |
             (broken ? CURL_CSELECT_ERR : 0);
  if (broken)
    watcher_set(watch->watcher, watch->events); /* it was paused, and curl tells only about changes */
  int running;
  curl_multi_socket_action(http->multi, fd, mask, &running);
  reap(http);
}

static struct socket_watch *find_socket(const struct http *http, curl_socket_t fd) {
  struct socket_watch *watch = LIST_FIRST(&http->sockets);
  while (watch != NULL && watch->fd != fd)
    watch = LIST_NEXT(watch, link);
  return watch;
}

static void forget_socket(struct http *http, curl_socket_t fd) {
  struct socket_watch *watch = find_socket(http, fd);
  if (watch == NULL)
    return;
  LIST_REMOVE(watch, link);
  watcher_close(watch->watcher);
  free(watch);
}

static struct socket_watch *watch_socket(struct http *http, curl_socket_t fd) {
  struct socket_watch *watch = memory_allocate(sizeof *watch);
  watch->watcher = watcher_create(http->loop, fd, on_socket_ready, watch);
  if (watch->watcher == NULL) { /* no socket epoll can watch: the transfer ends by its timeout */
    free(watch);
    return NULL;
  }
  watch->http = http;
  watch->fd = fd;
  LIST_INSERT_HEAD(&http->sockets, watch, link);
  return watch;
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *assigned) {
  struct http *http = context;
  (void)easy;
  (void)assigned;
  if (what == CURL_POLL_REMOVE) {
    forget_socket(http, fd);
    return 0;
  }
  struct socket_watch *watch = find_socket(http, fd);
  if (watch == NULL && (watch = watch_socket(http, fd)) == NULL)
    return 0;
  watch->events = ((what & CURL_POLL_IN) != 0 ? WATCH_READ : 0) | ((what & CURL_POLL_OUT) != 0 ? WATCH_WRITE : 0);
  watcher_set(watch->watcher, watch->events);
  return 0;
}

static int on_curl_close(void *context, curl_socket_t fd) {
  forget_socket(context, fd);
  return close(fd);
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *context) {
  struct http *http = context;
  (void)multi;
  if (timeout_ms < 0)
    timer_stop(http->timer);
  else
    timer_start(http->timer, timeout_ms);
  return 0;
}

static void on_timer(void *context) {
  struct http *http = context;
  int running;
  curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
  reap(http);
}

/* ---- completing ---- */

static void set_error(const struct transfer *transfer, CURLcode code, struct error *error) {
  const struct http_options *options = &transfer->http->options;
  if (transfer->cancelled)
    error_set(error, ERROR_CANCELLED, "request was cancelled");
  else if (transfer->answer.state == ANSWER_HEAD_TOO_LARGE)
    error_set(error, ERROR_LIMIT, "answer has more than %d header lines or %d KiB of them", ANSWER_LINES,
              ANSWER_HEAD_BYTES / 1024);
  else if (transfer->answer.state == ANSWER_BODY_TOO_LARGE)
    error_set(error, ERROR_LIMIT, "answer is larger than %zu bytes (api.max_response)", options->max_response_bytes);
  else
    request_error(transfer->easy, options,
                  &(struct request_failure){.code = (int)code,
                                            .reason = transfer->reason,
                                            .socket_errno = transfer->socket_errno,
                                            .sent = transfer->sent,
                                            .again = transfer->again},
                  error);
}

static struct http_response read_response(struct transfer *transfer) {
  struct http *http = transfer->http;
  struct http_response response = {
      .body = buffer_slice(&transfer->answer.body), .memory = &transfer->answer.body, .headers = http->headers};
  long status = 0;
  curl_off_t received = 0;
  curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_DOWNLOAD_T, &received);
  response.status = (int)status;
  response.header_count = answer_headers(&transfer->answer, http->headers);
  response.received_bytes = received;
  return response;
}

/* The one place that ends a transfer. The callback may start and cancel others, or destroy the whole (which waits). */
static void complete(struct transfer *transfer, CURLcode code) {
  struct http *http = transfer->http;
  LIST_REMOVE(transfer, link);
  if (!transfer->over)
    curl_multi_remove_handle(http->multi, transfer->easy);
  struct http_response response = read_response(transfer);
  /* Too many requests (RFC 6585): when to come back is in the headers, whatever becomes of the body. */
  if (code != CURLE_OK && response.status == 429)
    response.body = (struct slice){0};
  if ((code == CURLE_OK || response.status == 429) && !transfer->cancelled) {
    transfer->done(transfer->context, &response, NULL);
  } else {
    struct error error;
    set_error(transfer, code, &error);
    transfer->done(transfer->context, NULL, &error);
  }
  curl_easy_cleanup(transfer->easy);
  answer_finish(&transfer->answer);
  free(transfer);
}

static void reap(struct http *http) {
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
    if (message->msg != CURLMSG_DONE)
      continue;
    char *transfer = NULL;
    CURLcode code = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    complete((struct transfer *)(void *)transfer, code);
  }
}

static void http_free(struct http *http) {
  if (http->multi != NULL)
    curl_multi_cleanup(http->multi); /* closes connections: socket callbacks come from here */
  while (!LIST_EMPTY(&http->sockets))
    forget_socket(http, LIST_FIRST(&http->sockets)->fd);
  timer_close(http->timer);
  timer_close(http->soon);
  free((void *)http->options.user_agent);
  free((void *)http->options.ca_file);
  free((void *)http->options.proxy);
  free(http);
  curl_global_cleanup();
}

static struct transfer *find_over(struct http *http) {
  struct transfer *transfer = LIST_FIRST(&http->transfers);
  while (transfer != NULL && !transfer->over)
    transfer = LIST_NEXT(transfer, link);
  return transfer;
}

static void on_soon(void *context) {
  struct http *http = context;
  struct transfer *transfer;
  while ((transfer = find_over(http)) != NULL)
    complete(transfer, CURLE_FAILED_INIT);
  if (http->dying)
    http_free(http);
}

/* ---- one request ---- */

static size_t on_header(char *bytes, size_t size, size_t count, void *context) {
  struct transfer *transfer = context;
  return answer_line(&transfer->answer, bytes, size * count) ? size * count : 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context) {
  struct transfer *transfer = context;
  return answer_body(&transfer->answer, bytes, size * count) ? size * count : 0;
}

/* A request is sent once. Curl would send it again, up to five times and unseen, when the server refuses its stream (HTTP/2) or a kept
 * connection breaks: the caller counts its tries, and bounds them. So there is no second connection, and no second request on one. */
static curl_socket_t on_open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
  struct transfer *transfer = context;
  (void)purpose;
  transfer->again |= transfer->sent;
  if (transfer->again)
    return CURL_SOCKET_BAD;
  int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0 && errno != EAFNOSUPPORT) /* a machine without IPv6 */
    transfer->socket_errno = errno;
  return fd;
}

static int on_send(void *context, char *remote_ip, char *local_ip, int remote_port, int local_port) {
  struct transfer *transfer = context;
  (void)remote_ip, (void)local_ip, (void)remote_port, (void)local_port;
  transfer->again |= transfer->sent;
  transfer->sent = true;
  return transfer->again ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static bool set_callbacks(struct transfer *transfer) {
  CURL *easy = transfer->easy;
  return curl_easy_setopt(easy, CURLOPT_PRIVATE, (void *)transfer) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->reason) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_HEADERDATA, (void *)transfer) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_WRITEDATA, (void *)transfer) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, (void *)transfer) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_send) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_PREREQDATA, (void *)transfer) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_curl_close) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, (void *)transfer->http) == CURLE_OK;
}

uint64_t http_send(struct http *http, const struct http_request *request, http_done_fn *done, void *context) {
  struct transfer *transfer = memory_allocate(sizeof *transfer);
  transfer->http = http;
  transfer->request = ++http->last_request;
  transfer->done = done;
  transfer->context = context;
  answer_init(&transfer->answer, http->options.max_response_bytes);
  transfer->answer.body.is_secret = request->form != NULL;
  LIST_INSERT_HEAD(&http->transfers, transfer, link);
  transfer->easy = curl_easy_init();
  transfer->cancelled = http->dying;
  transfer->over = http->dying || transfer->easy == NULL || !set_callbacks(transfer) ||
                   !request_configure(transfer->easy, &http->options, request) ||
                   curl_multi_add_handle(http->multi, transfer->easy) != CURLM_OK;
  if (transfer->over)
    timer_start(http->soon, 0);
  return transfer->request;
}

static void cancel(struct transfer *transfer) {
  if (transfer->over)
    return;
  curl_multi_remove_handle(transfer->http->multi, transfer->easy);
  transfer->over = transfer->cancelled = true;
  timer_start(transfer->http->soon, 0);
}

void http_cancel(struct http *http, uint64_t request) {
  struct transfer *transfer;
  LIST_FOREACH(transfer, &http->transfers, link) {
    if (transfer->request == request)
      cancel(transfer);
  }
}

/* ---- the whole ---- */

static bool set_multi(struct http *http) {
  CURLM *multi = http->multi;
  long connections = http->options.max_connections;
  return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket) == CURLM_OK &&
         curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, (void *)http) == CURLM_OK &&
         curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_curl_timer) == CURLM_OK &&
         curl_multi_setopt(multi, CURLMOPT_TIMERDATA, (void *)http) == CURLM_OK &&
         curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, connections) == CURLM_OK &&
         curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections) == CURLM_OK &&
         curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, connections) == CURLM_OK;
}

struct http *http_create(struct loop *loop, const struct http_options *options, struct error *error) {
  if (options->ca_file != NULL && access(options->ca_file, R_OK) != 0) {
    error_set(error, ERROR_CONFIG, "could not read \"%s\" (api.ca_file)", options->ca_file);
    return NULL;
  }
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    error_set(error, ERROR_MEMORY, "could not start libcurl");
    return NULL;
  }
  struct http *http = memory_allocate(sizeof *http);
  http->loop = loop;
  http->timer = timer_open(loop, on_timer, http);
  http->soon = timer_open(loop, on_soon, http);
  http->options = *options;
  http->options.user_agent = memory_copy_optional(options->user_agent);
  http->options.ca_file = memory_copy_optional(options->ca_file);
  http->options.proxy = memory_copy_optional(options->proxy);
  http->multi = curl_multi_init();
  if (http->multi != NULL && set_multi(http))
    return http;
  error_set(error, ERROR_MEMORY, "could not start libcurl");
  http_free(http);
  return NULL;
}

void http_destroy(struct http *http) {
  if (http == NULL || http->dying)
    return;
  struct transfer *transfer;
  http->dying = true;
  LIST_FOREACH(transfer, &http->transfers, link) { cancel(transfer); }
  timer_start(http->soon, 0);
}

const char *http_library_version(void) { return curl_version_info(CURLVERSION_NOW)->version; }
