#include "monitor/routes.h"
#include "monitor/metrics.h"
#include <string.h>

/* What this file is for: the four addresses and their status. It promises that a body which does not fit is a 500 and not a part. */

static void finish(struct serve_reply *reply, bool fits, int status, const char *content_type) {
  reply->status = status;
  reply->content_type = content_type;
  if (fits)
    return;
  buffer_clear(&reply->body);
  reply->status = 500;
  reply->content_type = "text/plain; charset=utf-8";
}

bool routes_answer(const struct health *health, const char *path, struct serve_reply *reply) {
  struct buffer *body = &reply->body;
  if (strcmp(path, ROUTES_METRICS) == 0) {
    struct process_stats process_stats;
    process_stats_read(&process_stats);
    finish(reply, metrics_write(health, &process_stats, body), 200, METRICS_CONTENT_TYPE);
  } else if (strcmp(path, "/healthz") == 0) {
    finish(reply, buffer_append_text(body, "ok\n"), 200,
           "text/plain; charset=utf-8"); /* the loop turned, or nobody would say so */
  } else if (strcmp(path, "/readyz") == 0) {
    bool ready;
    bool fits = health_write_ready(health, body, &ready);
    finish(reply, fits, ready ? 200 : 503, "application/json");
  } else if (strcmp(path, "/status.json") == 0) {
    finish(reply, health_write_status(health, body), 200, "application/json");
  } else {
    return false;
  }
  return true;
}
