#pragma once
/* One configuration in force, with what it opened. A reload makes the next one. Whoever uses one holds it: the daemon, the scheduler,
 * each sweep under way, each payment. The last one to release it ends it. */
#include "app.h"

struct generation {
  struct sweep_context shared;
  struct config *config;
  struct connections *connections;
  struct account_reader *reader;
  int holders;
  bool was_open; /* its database answered when another one followed */
};

/* Takes over the configuration, the connections and the reader of `app`. Held once, as is the next. */
struct generation *generation_first(struct app *app);
/* Reads the configuration anew. NULL: it is wrong, every problem was logged and `before` stays in force. */
struct generation *generation_load(struct app *app, const struct arguments *arguments, const struct generation *before);
struct generation *generation_hold(struct generation *generation); /* the same one */
void generation_release(struct generation *generation);            /* NULL is allowed */
