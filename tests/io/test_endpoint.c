/* An address that somebody else has: tried again, and by a reload before its time. */
#include "monitor/endpoint.h"
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { AGAIN_MS = 100 };

struct tenant {
  struct loop *loop;
  struct endpoint *endpoint;
  struct timer *timer;
  char listen[32];
  int fd; /* of somebody else */
  bool reloads, moved, answered;
};

static bool say_nothing(void *context, const struct serve_request *request, struct serve_reply *reply) {
  (void)context;
  (void)request;
  (void)reply;
  return false;
}

static void take_address(struct tenant *tenant) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  tenant->fd = socket(AF_INET, SOCK_STREAM, 0);
  cr_assert_eq(bind(tenant->fd, (struct sockaddr *)&address, sizeof address), 0);
  cr_assert_eq(listen(tenant->fd, 1), 0);
  cr_assert_eq(getsockname(tenant->fd, (struct sockaddr *)&address, &length), 0);
  snprintf(tenant->listen, sizeof tenant->listen, "127.0.0.1:%d", ntohs(address.sin_port));
}

static bool is_listened_on(const char *listen) {
  int port = 0, fd = socket(AF_INET, SOCK_STREAM, 0);
  sscanf(listen, "127.0.0.1:%d", &port);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
  bool is = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
  close(fd);
  return is;
}

static void on_end(void *context) {
  struct tenant *tenant = context;
  tenant->answered = is_listened_on(tenant->listen);
  endpoint_destroy(tenant->endpoint);
  timer_close(tenant->timer);
}

/* The address is free, and perhaps somebody says so before the endpoint tries by itself. */
static void on_free(void *context) {
  struct tenant *tenant = context;
  struct error error = {0};
  close(tenant->fd);
  if (tenant->reloads)
    tenant->moved = endpoint_move(tenant->endpoint, tenant->listen, &error);
  timer_close(tenant->timer);
  tenant->timer = timer_open(tenant->loop, on_end, tenant);
  timer_start(tenant->timer, 3 * AGAIN_MS);
}

static void live(struct tenant *tenant) {
  struct error error = {0};
  take_address(tenant);
  tenant->loop = loop_create();
  tenant->endpoint = endpoint_create(
      &(struct endpoint_options){.loop = tenant->loop, .answer = say_nothing, .hint = "", .again_ms = AGAIN_MS});
  cr_assert(endpoint_open(tenant->endpoint, tenant->listen, &error), "%s", error.text);
  endpoint_answer(tenant->endpoint);
  tenant->timer = timer_open(tenant->loop, on_free, tenant);
  timer_start(tenant->timer, AGAIN_MS / 10);
  loop_run(tenant->loop);
  cr_assert(loop_destroy(tenant->loop), "a handle was left open");
}

Test(endpoint, is_tried_again, .timeout = 20) {
  struct tenant tenant = {0};
  live(&tenant);
  cr_assert(tenant.answered);
}

Test(endpoint, a_reload_takes_it_before_that, .timeout = 20) {
  struct tenant tenant = {.reloads = true};
  live(&tenant);
  cr_assert(tenant.moved);
  cr_assert(tenant.answered);
}
