#pragma once
/* One sweep of one organization, from the lock to the last word (contract section 5). The order of time is machine.c's table. */
#include "remote/api_request.h"
#include "store/write_behind.h"
#include "sweep/context.h"
#include "sweep/report.h"

struct sweep;

enum sweep_mode {
  SWEEP_WRITE,   /* lock, and write what differs */
  SWEEP_COMPARE, /* plan: the same judgement, no lock, read-only transactions, and a report of what differs */
  SWEEP_COMPARE_WITH_NOTHING, /* the same where no schema is */
};

struct sweep_progress { /* of many sweeps together, so far */
  int64_t pages, accounts;
};

struct sweep_options {
  const struct sweep_context *shared;
  const struct config_organization *organization;
  enum sweep_mode mode;
  struct sweep_progress *progress;   /* added to; or NULL */
  bool verify;                       /* compare everything */
  bool allow_removals;               /* lift the removal guard */
  bool wait_for_lock;                /* up to database.lock_timeout, then fail; otherwise fail at once with CONFLICT */
  int timeouts;                      /* the last tries, so many, timed out: over 0, begin in the slow queue */
  struct write_behind *write_behind; /* of this organization; borrowed, used by one sweep at a time */
  int64_t flush_after_ms;            /* what is owed may wait so long; 0: pay with every sweep */
};

/* The report is the receiver's to finish. The sweep is gone when this returns. */
typedef void sweep_done_fn(void *context, struct report *report, const struct api_request_traffic *traffic);

/* The completion comes exactly once, from the loop. */
struct sweep *sweep_start(const struct sweep_options *options, sweep_done_fn *done, void *context);
/* Its last try timed out: it goes on in the slow queue. */
bool sweep_is_slow(const struct sweep *sweep);
/* It waits for a rate limit. */
bool sweep_is_waiting(const struct sweep *sweep);
/* Finish or abandon: a transaction under way ends by itself, everything else is cancelled. */
void sweep_stop(struct sweep *sweep);
/* The session that holds the advisory locks was lost: what is not yet being written is abandoned. */
void sweep_lock_lost(struct sweep *sweep);
