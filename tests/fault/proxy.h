/* Stands between closesyncd and its PostgreSQL and does one wrong thing at one exact place.
 *
 * It reads both directions message by message. A point is where the server is asked for an answer: an Execute or a Query (a
 * statement) or a Sync (an end of a transaction). Nothing passes behind a point before the server has answered it: for that
 * the proxy sends Flush messages of its own. So "at point k" means that the server has done k - 1 things and no more. */
#pragma once

#include <stdbool.h>

enum fault {
  FAULT_NONE,
  FAULT_TERMINATE,     /* the backend is terminated before it sees point k */
  FAULT_CUT,           /* the connection is cut before the server sees point k */
  FAULT_CUT_ANSWERED,  /* ... when the server has answered point k and the client does not know */
  FAULT_CUT_UP,        /* ... when k bytes have gone to the server, all connections together */
  FAULT_CUT_DOWN,      /* ... when k bytes have come from it */
  FAULT_KILL,          /* the client gets SIGKILL before the server sees point k */
  FAULT_KILL_ANSWERED, /* ... when the server has answered point k */
  FAULT_HOLD,          /* nothing passes on this connection before proxy_release(); the server has not seen point k */
  FAULT_HOLD_SENT,     /* ... when the server has been asked point k and the client has not heard the answer */
};

struct passed {
  long points, statements, syncs, up_bytes, down_bytes;
  bool struck; /* the fault has happened; whatever comes then passes untouched */
};

struct proxy;

/* Listens in `directory`, as libpq's host=directory, and talks to the server whose socket is in `server`. A process of its own that
 * ends with the caller. */
struct proxy *proxy_create(const char *directory, const char *server);
void proxy_destroy(struct proxy *proxy);

/* From now on; counts begin anew. Between runs only. */
void proxy_arm(struct proxy *proxy, enum fault fault, long at);
/* What is held goes on, and nothing is held any more. */
void proxy_release(struct proxy *proxy);
struct passed proxy_passed(const struct proxy *proxy);
/* Whether the point with this number was a Sync. */
bool proxy_was_sync(const struct proxy *proxy, long point);
