#pragma once
/* One configuration in force, with what it opened. A reload makes the next one; the old one lives until its last sweep has ended. */
#include "app.h"
#include "schedule/scheduler.h"

struct generation {
  struct era era; /* first, so that an era leads back here */
  struct config *config;
  struct connections *connections;
  struct account_reader *reader;
};

/* Takes over the configuration, the services and the reader of `app`. */
struct generation *generation_first(struct app *app);
/* Reads the configuration anew. NULL: it is wrong, every problem was logged and `before` stays in force. */
struct generation *generation_load(struct app *app, const struct arguments *arguments, const struct generation *before);
void generation_leave(struct generation *generation); /* NULL is allowed */
struct generation *generation_of(struct era *era);
