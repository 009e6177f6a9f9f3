/* Any bytes as what a client says to http.listen, over a real socket, and as a Host header. Whatever comes, the server answers in HTTP or
 * hangs up, hands over only what it promises to hand over, and leaves nothing behind. */
#include "check.h"
#include "io/listener.h"
#include "io/serve.h"
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT = 8740, REPLY_BYTES = 256 * 1024 };

struct exchange {
  struct loop *loop;
  struct serve *serve;
  struct watcher *watcher;
  int fd, asked;
  char reply[REPLY_BYTES];
  size_t length;
};

static struct {
  char folder[32], listen[64]; /* of the socket */
  int tcp;                     /* of a connection that came in on 127.0.0.1 */
} place;

static void leave(void) { rmdir(place.folder); }

static void arrive(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  strcpy(place.folder, "/tmp/closesyncd-fuzz-XXXXXX");
  CHECK(mkdtemp(place.folder) != NULL && atexit(leave) == 0);
  snprintf(place.listen, sizeof place.listen, "unix:%s/s", place.folder);
  int listening = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(bind(listening, (struct sockaddr *)&address, length) == 0 && listen(listening, 1) == 0);
  CHECK(getsockname(listening, (struct sockaddr *)&address, &length) == 0);
  CHECK(connect(client, (struct sockaddr *)&address, length) == 0);
  place.tcp = accept(listening, NULL, NULL);
  CHECK(place.tcp >= 0);
}

/* localhost or 127.0.0.1, and no other port: whatever else passes would let a stranger's page in. */
static void check_host(struct slice host) {
  static const char *const good[] = {"localhost", "127.0.0.1"};
  struct listener listener = {.fd = -1, .port = PORT};
  char text[64] = "";
  if (!listener_is_host(&listener, place.tcp, host))
    return;
  CHECK(host.length < sizeof text && memchr(host.bytes, '\0', host.length) == NULL);
  memcpy(text, host.bytes, host.length);
  char *colon = strchr(text, ':');
  if (colon != NULL) {
    CHECK(strspn(colon + 1, "0123456789") == strlen(colon + 1) && atoi(colon + 1) == PORT);
    *colon = '\0';
  }
  CHECK(strcasecmp(text, good[0]) == 0 || strcmp(text, good[1]) == 0);
}

static bool answer(void *context, const struct serve_request *request, struct serve_reply *reply) {
  struct exchange *exchange = context;
  const char *argument = serve_argument(request, "a");
  exchange->asked++;
  CHECK(strlen(request->path) < 16 * 1024 && (argument == NULL || strlen(argument) < 16 * 1024));
  return strlen(request->path) % 2 == 0 && buffer_append_text(&reply->body, "hello\n");
}

static void on_reply(void *context, int ready, bool broken) {
  struct exchange *exchange = context;
  (void)ready;
  (void)broken;
  ssize_t got = read(exchange->fd, exchange->reply + exchange->length, REPLY_BYTES - 1 - exchange->length);
  if (got > 0) {
    exchange->length += (size_t)got;
    watcher_set(exchange->watcher, WATCH_READ);
    return;
  }
  watcher_close(exchange->watcher);
  serve_destroy(exchange->serve);
}

static void say(struct exchange *exchange, const uint8_t *data, size_t size) {
  struct serve_options options = {.listen = place.listen,
                                  .answer = answer,
                                  .context = exchange,
                                  .max_body_bytes = 4096,
                                  .request_ms = 1}; /* who says half of it is cut at once */
  struct error error = {0};
  exchange->loop = loop_create();
  exchange->serve = serve_create(exchange->loop, &options, &error);
  CHECK(exchange->serve != NULL);
  exchange->fd = listener_connect(place.listen, 1000);
  CHECK(exchange->fd >= 0 && send(exchange->fd, data, size, MSG_NOSIGNAL) == (ssize_t)size);
  CHECK(shutdown(exchange->fd, SHUT_WR) == 0);
  exchange->watcher = watcher_create(exchange->loop, exchange->fd, on_reply, exchange);
  watcher_set(exchange->watcher, WATCH_READ);
  loop_run(exchange->loop);
  CHECK(loop_destroy(exchange->loop));
  close(exchange->fd);
}

static void check_reply(const struct exchange *exchange, const uint8_t *data, size_t size) {
  static const char known[] = "100 200 400 404 405 411 413 414 421 431 500 501 503 505";
  char status[4] = "";
  if (exchange->length > 0) {
    CHECK(exchange->length > 12 && strncmp(exchange->reply, "HTTP/1.", 7) == 0 && exchange->reply[8] == ' ');
    memcpy(status, exchange->reply + 9, 3);
    CHECK(strlen(status) == 3 && strstr(known, status) != NULL);
    CHECK(strstr(exchange->reply, "\r\n\r\n") != NULL || exchange->length == REPLY_BYTES - 1);
  }
  CHECK(strcmp(status, "200") != 0 || exchange->asked > 0);
  if (exchange->asked > 0) {
    CHECK(memmem(data, size, "GET", 3) != NULL || memmem(data, size, "HEAD", 4) != NULL); /* NUL bytes may follow */
    CHECK(memmem(data, size, "HTTP/1", 6) != NULL);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct exchange exchange;
  if (place.folder[0] == '\0')
    arrive();
  check_host((struct slice){(const char *)data, size});
  exchange = (struct exchange){.asked = 0};
  say(&exchange, data, size);
  check_reply(&exchange, data, size);
  return 0;
}
