#pragma once
/* One live libpq connection, does one work at a time and says once how it ended. No queue, no reconnecting. */
#include "io/db.h"

struct pg_conn;
struct session;

struct session_work { /* copied when started */
  const char *script; /* the simple protocol; NULL: a pipeline, fed by `feed` */
  db_feed_fn *feed;
  db_pipeline_row_fn *rows;
  void *context; /* of feed and rows */
  bool read_only;
};

/* Called from the loop only. After `lost` the session is dead and must be destroyed; it may be destroyed in both. */
struct session_events {
  void (*finished)(void *context, const struct error *error); /* NULL: well; the session is ready for more */
  void (*lost)(void *context, const struct error *error);     /* with or without work under way */
  db_notify_fn *notified;
  void *context;
};

/* Takes the connection over. */
struct session *session_create(struct loop *loop, struct pg_conn *connection, int64_t answer_timeout_ms,
                               const struct session_events *events);
void session_destroy(struct session *session); /* no event comes after this; NULL is allowed */
void session_start(struct session *session, const struct session_work *work); /* only when usable */
void session_break(struct session *session, const char *reason);              /* `lost` comes from the loop */
bool session_usable(const struct session *session);                           /* nothing under way, and not broken */
int session_backend_pid(const struct session *session);
