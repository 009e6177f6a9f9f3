#pragma once
/* From a conninfo to a connection, without ever blocking: names are looked up aside, hosts are tried one after another,
 * each with its share of the time, so that one that never answers does not hide the next. */
#include "io/db.h"

struct connecting;
struct pg_conn;

/* Exactly one of connection (which the callee owns from then on) and error is not NULL. The attempt is gone by then.
 * error->kind: UNREACHABLE; CONFIG for a conninfo that cannot be read and for a server older than 15. */
typedef void connected_fn(void *context, struct pg_conn *connection, const struct error *error);

/* Reads conninfo, application_name and connect_timeout_ms; the callback comes from the loop. */
struct connecting *connecting_start(struct loop *loop, const struct db_options *options, connected_fn *fn,
                                    void *context);
void connecting_cancel(struct connecting *connecting); /* the callback does not come; NULL is allowed */
