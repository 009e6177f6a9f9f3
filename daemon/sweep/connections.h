#pragma once
/* The way to Close and the sessions with PostgreSQL that one configuration asks for; shared by the configurations that ask for the same. */
#include "sweep/context.h"

struct connections {
  struct request_queue *request_queue; /* NULL when Close is not to be asked */
  struct db *watch;                    /* locks and reads */
  struct db **writers; /* the other sessions, and behind them `watch`; with database.connections = 1 that alone */
  int writer_count;
  int users;
  void *owner; /* whoever listens to `watch` */
};

/* With one user. NULL with an error when the settings cannot work (a CA file that is none). */
struct connections *connections_open(struct loop *loop, const struct config *config, bool with_close,
                                     struct error *error);
/* One user less; the last one closes everything, in the loop. NULL is allowed. */
void connections_leave(struct connections *connections);
/* One session more, with a settled one's habits; nobody else uses it. `answer_timeout_ms`: the longest silence while it is asked something. */
struct db *connections_open_session(struct loop *loop, const struct config *config, int64_t answer_timeout_ms);
/* Put what is open into the context of a configuration. */
void connections_equip(const struct connections *connections, struct sweep_context *shared);
/* The same for many organizations at once, when nobody else is waiting: `watch` writes too. */
void connections_equip_fully(const struct connections *connections, struct sweep_context *shared);
/* What goes on in any of its sessions completes with UNREACHABLE; they connect anew when there is work. */
void connections_drop_sessions(const struct sweep_context *shared, const char *reason);
/* Whether a session of the one serves the other. */
bool connections_same_sessions(const struct config *left, const struct config *right);
/* Whether both configurations ask for the same services. */
bool connections_serve_both(const struct config *left, const struct config *right);
