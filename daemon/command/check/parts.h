#pragma once
/* The two halves of a check. Each looks by itself and says once that it is done; nothing is written. */
#include "app.h"
#include "command/check/report.h"

enum { PLACE_CONFIGURATION, PLACE_DATABASE, PLACE_SCHEMA, PLACE_PRIVILEGES, PLACE_ORGANIZATIONS };

typedef void check_done_fn(void *context);

struct check_bound { /* what a NAME was bound to before */
  char *name, *organization_id, *user_id /* or NULL */;
};

struct check_database {
  struct check_bound *bound; /* NULL until read */
  int bound_count;
  struct app *app; /* the rest is its own */
  struct check_report *check_report;
  check_done_fn *done;
  void *context;
  int turn, pids[4];
  bool pooled;
  char server[48], place[160];
  struct buffer missing;
};

/* Reachable, what stands between, schema, privileges, and what is bound. `database` lives until check_database_finish(). */
void check_database_start(struct check_database *database, struct app *app, struct check_report *check_report,
                          check_done_fn *done, void *context);
void check_database_finish(struct check_database *database);

struct check_credentials;

/* `GET /me/` for every enabled organization whose key could be read. */
struct check_credentials *check_credentials_start(struct app *app, struct check_report *check_report,
                                                  check_done_fn *done, void *context);
/* After both are done: what the answers mean together with each other and with what is bound. */
void check_credentials_judge(struct check_credentials *credentials, const struct check_database *database);
int check_credentials_asked(const struct check_credentials *credentials, int *ret_answered);
void check_credentials_destroy(struct check_credentials *credentials); /* NULL is allowed */
