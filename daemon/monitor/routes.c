/* The paths, and the status of each answer. What is long is told in slices, from a copy that is made when its turn comes. */
#include "monitor/routes.h"
#include "base/memory.h"
#include "monitor/exposition.h"
#include "monitor/health_copy.h"
#include "monitor/metrics.h"
#include "monitor/ready.h"
#include "monitor/status.h"
#include <string.h>

struct making {
  const struct routes *routes;
  bool scraped;
  const struct health *health; /* NULL: not copied yet */
  struct process_stats process_stats;
  struct metrics metrics;
  struct status status;
  struct ready ready;
};

static const struct health *copy_of(struct making *making) {
  if (making->health == NULL)
    making->health = health_copy(making->routes->health(making->routes->context, making->scraped));
  return making->health;
}

static enum serve_progress more_metrics(void *work, struct serve_reply *reply) {
  struct making *making = work;
  if (making->health == NULL) {
    process_stats_read(&making->process_stats);
    making->metrics = (struct metrics){
        .health = copy_of(making), .process_stats = &making->process_stats, .totals = making->routes->totals};
  }
  return metrics_more(&making->metrics, &reply->body) ? SERVE_MORE : SERVE_WHOLE;
}

static enum serve_progress more_status(void *work, struct serve_reply *reply) {
  struct making *making = work;
  making->status.health = copy_of(making);
  return status_more(&making->status, &reply->body) ? SERVE_MORE : SERVE_WHOLE;
}

static enum serve_progress more_ready(void *work, struct serve_reply *reply) {
  struct making *making = work;
  making->ready.health = copy_of(making);
  bool more = ready_more(&making->ready, &reply->body);
  reply->status = making->ready.ready ? 200 : 503;
  return more ? SERVE_MORE : SERVE_WHOLE;
}

static void drop(void *work) {
  struct making *making = work;
  memory_free((void *)making->health);
  memory_free(making);
}

static struct making *make(const struct routes *routes, struct serve_reply *reply, serve_more_fn *more,
                           const char *content_type) {
  struct making *making = memory_allocate(sizeof *making);
  making->routes = routes;
  reply->content_type = content_type;
  reply->more = more;
  reply->drop = drop;
  reply->work = making;
  return making;
}

/* A copy is worth its while only for a list. */
static void answer_ready(const struct routes *routes, const char *name, struct serve_reply *reply) {
  const struct health *health = routes->health(routes->context, false);
  const struct health_organization *organization = name == NULL ? NULL : health_find(health, name);
  if (organization != NULL) {
    reply->content_type = "application/json";
    reply->status = ready_write_own(&reply->body, health, organization) ? 200 : 503;
  } else if (name == NULL && ready_write_well(&reply->body, health)) {
    reply->content_type = "application/json";
  } else if (name == NULL) {
    make(routes, reply, more_ready, "application/json");
  } else if (!routes->elsewhere(routes->context, name, reply)) {
    reply->status = 404;
    buffer_append_text(&reply->body, "no organization of this NAME is configured and enabled\n");
  }
}

bool routes_answer(const struct routes *routes, const struct serve_request *request, struct serve_reply *reply) {
  if (strcmp(request->path, "/metrics") == 0)
    make(routes, reply, more_metrics, EXPOSITION_CONTENT_TYPE)->scraped = true;
  else if (strcmp(request->path, "/healthz") == 0)
    buffer_append_text(&reply->body, "ok\n"); /* the loop turned, or nobody would say so */
  else if (strcmp(request->path, "/readyz") == 0)
    answer_ready(routes, serve_argument(request, "organization"), reply);
  else if (strcmp(request->path, "/status.json") == 0)
    make(routes, reply, more_status, "application/json");
  else
    return false;
  return true;
}
