/* What can become of a PostgreSQL of the story's own (own_cluster_story()): it has an asynchronous standby whose tail is frozen, it
 * is killed and forgets what it had promised, its clock is wrong. Directories are what own_cluster() returns. */
#pragma once

#include "support/story.h"

/* A streaming standby in this directory for which nobody waits; returns when it has all that was written. */
void cluster_add_standby(struct story *story, const char *directory);
void cluster_await_standby(struct story *story, const char *directory);
/* From now on it receives nothing. */
void cluster_freeze_standby(struct story *story, const char *directory);

/* From now on commits (of roles with synchronous_commit off) live in the server's memory alone. */
void cluster_forget_commits(struct story *story);
/* SIGKILL to all of it. */
void cluster_kill(struct story *story);
/* Kills it and promotes this standby, which is the story's cluster from now on; the old one's directory is removed. */
void cluster_fail_over(struct story *story, const char *directory);
/* A killed one comes back. */
void cluster_restart(struct story *story);

/* False when there is no libfaketime. The cluster is started again with a clock of its own, which is the machine's until the next call. */
bool cluster_take_clock(struct story *story) __attribute__((warn_unused_result));
/* The story's later runs have that clock too. Not for a sanitized binary, whose runtime must be loaded first. */
void cluster_share_clock(struct story *story);
/* From now on it is so far ahead of the machine's (less than 0: behind). */
void cluster_set_clock(struct story *story, long ahead_s);
