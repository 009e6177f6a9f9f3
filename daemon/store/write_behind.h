#pragma once
/* What a process remembers of one organization between sweeps, and what it still owes the database: unchanged sweeps and repeated
 * outcomes are only counted, and written down together at most once per sync.flush_interval (contract 5.2). */
#include "crm/snapshot.h"
#include "io/db.h"
#include "store/coverage.h"
#include "store/mirror_state.h"
#include "store/outcome.h"

struct write_behind {
  char revision[REVISION_BYTES];        /* what all of this is about; "": nothing was read yet */
  struct backend backend;               /* the session that told so last */
  int64_t written_us;                   /* last_swept_at as the database told, or acknowledged; MOMENT_UNKNOWN */
  struct snapshot *snapshot;            /* the stored digests, or NULL: read them again */
  int64_t listed_at_us, complete_at_us; /* newest known, written or not; MOMENT_UNKNOWN */
  int64_t outcome_at_us;                /* started_at of the newest sweep that is known; MOMENT_UNKNOWN */
  struct coverage coverage;             /* owed */
  int64_t gap_us;                       /* the longest that what is owed was collected under; 0: nothing is owed */
  int64_t sent_until_us;                /* of coverage that was sent and not yet answered; MOMENT_UNKNOWN */
  int attempts;                         /* owed: sweeps that ended like the one before */
  bool outcome_known;                   /* the three below are what the database has, or will have once we paid */
  enum outcome outcome;
  char error[ERROR_TEXT_BYTES];
  unsigned char unseen[HASH_BYTES]; /* digest of what was not shown, for guarded and incomplete ones */
  int64_t paid_at_ms;               /* monotonic, of the last time nothing was owed */
};

void write_behind_init(struct write_behind *write_behind);
void write_behind_forget_digests(struct write_behind *write_behind); /* also when it is no longer used */

/* The row was read with the lock. Forgets what was remembered of another revision, through a session that was lost, or of a row that was
 * newer than this one: a fail-over or a restore lost the newest commits, and what was seen since is not what the row tells of. True: what is
 * owed has to be paid now, as long as the old revision is named; write_behind_adopt() follows. */
bool write_behind_settle(struct write_behind *write_behind, const struct mirror_state *row)
    __attribute__((warn_unused_result));
/* From now on, all is about this row. */
void write_behind_adopt(struct write_behind *write_behind, const struct mirror_state *row);

/* A sweep that ended like the one before and wrote nothing. `covers`: it was complete or guarded. */
struct write_behind_entry {
  enum outcome outcome;
  const char *error; /* "" for none */
  bool covers;
  int64_t started_at_us, ended_at_us, gap_us;
};
/* False: coverage has to be paid first, for a gap lies between. */
bool write_behind_add(struct write_behind *write_behind, const struct write_behind_entry *entry)
    __attribute__((warn_unused_result));
/* Whether outcome and error are those of the sweep before. */
bool write_behind_repeats(const struct write_behind *write_behind, enum outcome outcome, const char *error);
bool write_behind_owes(const struct write_behind *write_behind);
/* The distance that begins a new span: what is owed was collected under its own, whatever a reload says since. */
int64_t write_behind_gap_us(const struct write_behind *write_behind, int64_t gap_us);

void write_behind_sent(struct write_behind *write_behind,
                       const struct coverage *coverage); /* it may arrive, whatever is answered */
void write_behind_paid(struct write_behind *write_behind, int64_t now_ms);
/* A sweep that wrote: `outcome` and the revision are what the database has now; the entry is what it promised to be. */
void write_behind_wrote(struct write_behind *write_behind, const struct write_behind_entry *entry, enum outcome outcome,
                        const char *revision, int64_t now_ms);
