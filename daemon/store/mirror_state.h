#pragma once
/* Where an organization's mirror stands in the database, read once before a sweep's first request (sql/query/begin.sql). */
#include "base/hash.h"
#include "base/moment.h"
#include "io/db.h"

enum { REVISION_BYTES = 64 }; /* of "number:id"; a number alone may come back after a fail-over */

struct backend { /* a session of PostgreSQL; a pid alone is used again */
  int64_t pid, started_us;
};

struct mirror_state {
  int64_t clock_us;                    /* the database's, read before the first request */
  char *organization_id;               /* NULL: the name (or id) is bound to nothing yet; what follows is then empty */
  char *name, *principal_id, *user_id; /* the last two may be NULL */
  char *also_named;                    /* other NAMEs that claimed this organization, separated by commas; or NULL */
  char revision[REVISION_BYTES];       /* "": not bound */
  int64_t last_swept_at_us, listed_at_us, outcome_at_us; /* or MOMENT_UNKNOWN */
  int64_t newest_us;                                     /* of all that is recorded; or MOMENT_UNKNOWN */
  struct backend backend;                                /* who answered, and took the lock if that was asked */
  int64_t consecutive_failures;
  bool verification_due, unseen;
  int64_t history_verified_s; /* the last `verify --record`; 0: none */
  bool history_is_proven;
  char rejected_digest[2 * HASH_BYTES + 1];
};

struct mirror_state_question {
  const char *name;
  const char *organization_id;                   /* not NULL: look it up by this instead of the name */
  bool lock;                                     /* take the name's advisory lock first */
  bool read_only;                                /* a plan's: nothing may be written */
  struct slice volatile_fields, excluded_fields; /* text[] literals */
  int digest_version;
  int64_t verify_interval_ms;
};

/* `mirror_state` NULL: error is set, or with no error: somebody else holds the lock. Borrowed until the callback returns. */
typedef void mirror_state_fn(void *context, const struct mirror_state *mirror_state, const struct error *error);

/* The completion comes exactly once, from the loop. */
void mirror_state_read(struct db *db, const struct mirror_state_question *question, mirror_state_fn *done,
                       void *context);

void mirror_state_copy(struct mirror_state *ret_copy, const struct mirror_state *mirror_state);
void mirror_state_finish(struct mirror_state *mirror_state);

bool backend_equals(const struct backend *left, const struct backend *right);
