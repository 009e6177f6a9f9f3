/* While somebody else has the address, nobody is answered; the daemon goes on, and tries again each minute. */
#include "monitor/endpoint.h"
#include "base/log_throttle.h"
#include "base/memory.h"
#include <string.h>

enum { AGAIN_MS = 60 * 1000 };

struct endpoint {
  struct endpoint_options options;
  char *listen; /* NULL: http.listen is empty */
  struct serve *serve;
  struct timer *again; /* started while the address is taken */
  struct log_throttle taken;
  bool answers;
};

static struct serve *try_once(struct endpoint *endpoint, const char *listen, struct error *error) {
  struct serve_options options = {.listen = listen,
                                  .hint = endpoint->options.hint,
                                  .answer = endpoint->options.answer,
                                  .context = endpoint->options.context,
                                  .paused = !endpoint->answers};
  struct serve *serve = serve_create(endpoint->options.loop, &options, error);
  if (serve == NULL)
    error_prefix(error, "\"http.listen\"");
  return serve;
}

static void try_again(void *context) {
  struct endpoint *endpoint = context;
  char note[LOG_THROTTLE_NOTE_BYTES];
  struct error error = {0};
  int64_t now_ms = loop_now_ms(endpoint->options.loop);
  timer_stop(endpoint->again); /* a reload may come before it: two of them would be in each other's way */
  endpoint->serve = try_once(endpoint, endpoint->listen, &error);
  if (endpoint->serve == NULL) {
    if (log_throttle_failed(&endpoint->taken, now_ms, error.text, note))
      log_write(endpoint->options.log, LOG_LEVEL_ERROR, "%s: tried again each minute%s", error.text, note);
    timer_start(endpoint->again, endpoint->options.again_ms);
  } else if (log_throttle_over(&endpoint->taken, now_ms, note)) {
    log_write(endpoint->options.log, LOG_LEVEL_WARNING, "listening on \"%s\" %s", endpoint->listen, note);
  }
}

static void want(struct endpoint *endpoint, const char *listen) {
  memory_free(endpoint->listen);
  endpoint->listen = memory_copy_optional(listen);
  endpoint->taken = (struct log_throttle){0};
  timer_stop(endpoint->again);
}

struct endpoint *endpoint_create(const struct endpoint_options *options) {
  struct endpoint *endpoint = memory_allocate(sizeof *endpoint);
  endpoint->options = *options;
  if (endpoint->options.again_ms == 0)
    endpoint->options.again_ms = AGAIN_MS;
  endpoint->again = timer_open(options->loop, try_again, endpoint);
  return endpoint;
}

void endpoint_destroy(struct endpoint *endpoint) {
  if (endpoint == NULL)
    return;
  timer_close(endpoint->again);
  serve_destroy(endpoint->serve);
  memory_free(endpoint->listen);
  memory_free(endpoint);
}

void endpoint_answer(struct endpoint *endpoint) {
  if (!endpoint->answers && endpoint->serve != NULL)
    serve_resume(endpoint->serve);
  endpoint->answers = true;
}

bool endpoint_open(struct endpoint *endpoint, const char *listen, struct error *error) {
  want(endpoint, listen);
  if (listen == NULL)
    return true;
  endpoint->serve = try_once(endpoint, listen, error);
  if (endpoint->serve != NULL)
    return true;
  if (error->kind != ERROR_NETWORK)
    return false;
  try_again(endpoint);
  return true;
}

static bool same_port(const char *left, const char *right) {
  const char *left_port = strrchr(left, ':'), *right_port = strrchr(right, ':');
  return left_port != NULL && right_port != NULL && strcmp(left_port, right_port) == 0;
}

bool endpoint_move(struct endpoint *endpoint, const char *listen, struct error *error) {
  struct serve *serve = NULL;
  bool both = listen != NULL && endpoint->listen != NULL;
  if (both ? strcmp(listen, endpoint->listen) == 0 : listen == endpoint->listen) {
    if (both && endpoint->serve == NULL)
      try_again(endpoint); /* somebody has perhaps seen to it */
    return true;
  }
  if (listen != NULL)
    serve = try_once(endpoint, listen, error);
  if (listen != NULL && serve == NULL && both && endpoint->serve != NULL && same_port(listen, endpoint->listen)) {
    serve_destroy(endpoint->serve); /* it may be what stands in the way: 127.0.0.1 and 0.0.0.0 have one port */
    serve = try_once(endpoint, listen, error);
    endpoint->serve = NULL;
    if (serve == NULL)
      try_again(endpoint);
  }
  if (listen != NULL && serve == NULL)
    return false;
  serve_destroy(endpoint->serve);
  endpoint->serve = serve;
  want(endpoint, listen);
  return true;
}
