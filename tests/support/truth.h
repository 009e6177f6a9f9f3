/* Whether a history is true. The simulator keeps the true time line of every account; each row of account_history must name an
 * interval in which its change truly happened, by the database's clock. At the end of every story, whatever became of the daemon
 * and the database in it, story_destroy() asks that, sweeps once more, and expects the mirror to be what Close has and `verify`
 * to prove the chain. A story that cannot be asked one of these says why. */
#pragma once

#include "support/story.h"

enum truth_part {
  TRUTH_TIMES = 1,  /* the intervals */
  TRUTH_MIRROR = 2, /* one more sweep, and the mirror it leaves */
  TRUTH_CHAIN = 4,  /* versions, digests, hashes; `verify` */
  TRUTH_DATED = 8,  /* all changes and removals have a not_before: nothing was lost, no clock was wrong */
  TRUTH_ALL = 15
};

/* These parts are not asked at the story's end. The reason is for who reads the story. */
void story_spare(struct story *story, int parts, const char *reason);

struct truth {
  long rows;       /* of history */
  long false_rows; /* whose interval does not hold their change, is empty, or ends before the row before was observed */
  const char *evidence; /* of some of these, each with the account's time line; the story's */
};

/* The history as it is now. */
struct truth story_judge(struct story *story);
/* Fails with the evidence when a row is false. */
void story_expect_truth(struct story *story);

/* For tests/run to add up: a line of $CLOSESYNCD_TRUTH_LOG. story_expect_truth() does so by itself. */
void truth_publish(long rows, long false_rows, long stop_points);

/* From now on the database's clock is so far ahead of the machine's (less than 0: behind). */
void story_clock_ahead(struct story *story, long long ahead_us);

/* What story_destroy() asks. */
void story_end_truly(struct story *story);
