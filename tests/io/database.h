#pragma once
/* What the tests of io/db share: a loop and a session on the private cluster. outcome.h has the work. */
#include "io/db.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct database {
  struct loop *loop;
  struct db *db;
  char conninfo[600];
  struct db_options options;
  bool inside; /* a call into db is under way: no callback may come now */
  int connects, losses, pending;
  struct timer *timer; /* the test's own */
  char loss[512], notification[128];
};

static inline void database_on_state(void *context, bool connected, const struct error *error) {
  struct database *database = context;
  cr_assert_not(database->inside);
  cr_assert_eq(connected, error == NULL);
  database->connects += connected;
  database->losses += !connected;
  if (error != NULL)
    strcpy(database->loss, error->text);
}

static inline void database_on_notify(void *context, const char *channel, const char *payload) {
  struct database *database = context;
  snprintf(database->notification, sizeof database->notification, "%s=%s", channel, payload);
}

/* conninfo NULL: the private cluster. A loop, timeouts and hello set before are kept. */
static inline void database_open(struct database *database, const char *conninfo) {
  const char *host = getenv("CLOSESYNCD_TEST_PGHOST");
  cr_assert_not_null(host, "CLOSESYNCD_TEST_PGHOST names no cluster");
  if (conninfo == NULL)
    snprintf(database->conninfo, sizeof database->conninfo, "host=%s user=postgres dbname=postgres", host);
  else
    snprintf(database->conninfo, sizeof database->conninfo, "%s", conninfo);
  struct db_options *options = &database->options;
  options->conninfo = database->conninfo;
  options->application_name = "closesyncd-test";
  options->connect_timeout_ms = options->connect_timeout_ms > 0 ? options->connect_timeout_ms : 5000;
  options->answer_timeout_ms = options->answer_timeout_ms > 0 ? options->answer_timeout_ms : 20000;
  if (database->loop == NULL)
    database->loop = loop_create();
  database->db = db_create(database->loop, options);
  db_on_state(database->db, database_on_state, database);
  db_on_notify(database->db, database_on_notify, database);
}

static inline void database_close(struct database *database) {
  database->inside = true;
  db_destroy(database->db);
  database->inside = false;
  database->db = NULL;
}

/* Waits for what is pending, and proves that nothing stays behind. */
static inline void database_finish(struct database *database) {
  if (database->pending > 0)
    loop_run(database->loop);
  if (database->db != NULL)
    database_close(database);
  loop_run(database->loop);
  cr_assert(loop_destroy(database->loop), "a handle was left open");
}
