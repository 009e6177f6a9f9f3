#pragma once
/* What a sweep's transaction would write, asked without writing (plan): the spooled documents against the newest history, batch by
 * batch, in one read-only transaction. */
#include "io/db.h"
#include "store/apply.h"
#include "store/changes.h"

struct difference_work {                         /* everything borrowed until the completion */
  const char *organization_id;                   /* NULL: there is no schema, everything is an addition */
  const char *revision;                          /* NULL: not bound */
  struct slice volatile_fields, excluded_fields; /* text[] literals */
  const struct snapshot *snapshot;
  struct spool *spool;
  struct slice removed; /* a text[] literal of proven ids; empty: none */
};

/* error->kind CONFLICT: somebody wrote meanwhile. Exactly one is not NULL; the changes are the receiver's. */
typedef void difference_done_fn(void *context, struct changes *changes, const struct error *error);

/* The completion comes exactly once, from the loop. */
void difference_start(struct db *db, const struct difference_work *work, difference_done_fn *done, void *context);
