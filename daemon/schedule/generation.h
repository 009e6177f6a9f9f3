#pragma once
/* One configuration in force, with what it opened. A reload makes the next one. Whoever uses one holds it: the daemon, the scheduler,
 * each sweep under way, each payment. The last one to release it ends it. */
#include "app.h"
#include "config/digest.h"

struct generation {
  struct sweep_context shared; /* its reader is this one's own */
  struct config *config;
  struct connections *connections;
  int holders;
  unsigned char digest[HASH_BYTES]; /* of the configuration, where fleet.enabled */
  bool was_open;                    /* its database answered when another one followed */
};

/* Takes over the configuration, the connections and the reader of `app`. Held once, as is the next. */
struct generation *generation_first(struct app *app);
/* Reads the configuration anew, on a thread of its own: there may be a hundred thousand keys. NULL: it is wrong, every problem was logged
 * and `before` stays in force; it must live until then. Comes once, from the loop, unless it is abandoned. */
struct generation_loading;
typedef void generation_loaded_fn(void *context, struct generation *generation);
struct generation_loading *generation_load(struct app *app, const struct arguments *arguments,
                                           const struct generation *before, generation_loaded_fn *loaded,
                                           void *context);
void generation_load_abandon(struct generation_loading *loading);  /* NULL is allowed */
struct generation *generation_hold(struct generation *generation); /* the same one */
void generation_release(struct generation *generation);            /* NULL is allowed */
