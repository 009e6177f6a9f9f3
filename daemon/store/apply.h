#pragma once
/* A sweep's transaction: the steps of sql/sync in name order, the spooled documents in batches, one pipeline, all or nothing. */
#include "base/spool.h"
#include "crm/snapshot.h"
#include "io/db.h"
#include "store/coverage.h"
#include "store/mirror_state.h"
#include "store/outcome.h"

enum { APPLY_DIGEST_VERSION = 1 }; /* of crm/canonical: a new one makes every organization verify once */

struct apply_work { /* everything borrowed until the completion */
  const char *organization_id, *name, *principal_id /* NULL: as it is */, *user_id /* or NULL */;
  const char *known_as; /* the name the row was found under: renamed since, it is a conflict; NULL: not bound yet */
  const char *revision; /* NULL: not bound yet */
  struct backend lock;  /* the session that holds the organization's lock */
  int64_t started_at_us, listed_at_us, complete_at_us; /* the last two MOMENT_UNKNOWN: as the row knows */
  struct slice volatile_fields, excluded_fields;       /* text[] literals */
  bool notify;                                         /* whoever listens is told of history rows */
  bool verify, complete;                               /* complete: the listing was */
  bool verified;                                       /* this sweep counts as one that compared everything */
  const struct snapshot *snapshot;
  struct spool *spool;
  struct slice removed, unseen;  /* text[] literals; empty: none */
  struct slice rejected;         /* a JSON array */
  bool has_rejected, has_unseen; /* now, or the database knows some of before */
  enum outcome floor;            /* what it comes to when nothing is written: unchanged, incomplete or guarded */
  const char *error;             /* or NULL */
  int64_t accounts, rejected_count;
  int requests, attempts;
  int64_t received_bytes, gap_ms;
  struct coverage coverage; /* sweeps 0: nothing to add */
};

struct apply_result {
  enum outcome outcome;
  int64_t added, changed, removed, repaired, rescoped;
  char revision[REVISION_BYTES];
};

#define APPLY_LOCK_LOST "CS007" /* the code of an error */

/* error->kind CONFLICT: the mirror is not any more what the sweep began with, somebody listed since, or the lock is gone (its code says
 * so): nothing was written. The result is NULL when there is an error. */
typedef void apply_done_fn(void *context, const struct apply_result *result, const struct error *error);

/* The completion comes exactly once, from the loop. */
void apply_start(struct db *db, const struct apply_work *work, apply_done_fn *done, void *context);

/* Has the session plan what apply_start() sends, unless it has done so before: fresh, it takes longer for that than for a hundred accounts. */
void apply_warm_up(struct db *db);

/* One batch out of the spool: [[account_id, raw digest, digest, document], …], at most 1,000 records or 4 MB. False: none was
 * left (error untouched) or the spool could not be read (error set). */
bool apply_next_batch(const struct apply_work *work, struct buffer *batch, struct error *error);
