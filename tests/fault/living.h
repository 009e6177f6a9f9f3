/* A `run` that lives through faults of its database, and remembers. What it writes afterwards must be true all the same: rows are
 * judged against the simulator's time line, and counted. */
#pragma once

#include "support/cluster.h"
#include "support/running.h"
#include "support/truth.h"

struct living {
  struct story *story;
  const struct run *run;
  int rounds;
};

/* Organization 1 gets six accounts, a1 … a6; `run` mirrors them and knows them by heart. conninfo NULL: the story's. */
void living_begin(struct living *living, struct story *story, const char *conninfo);
/* SIGTERM; prints how many rows were false after how many of these faults; destroys the story, which asks the rest. */
void living_end(struct living *living, const char *faults);

/* send_status of a1 is this word from now on, a2 has come or gone, and there is one account more. */
void living_change(struct living *living, const char *word);
/* The mirror says so. */
void living_await(struct living *living, const char *word);
/* Until `run` has listed anew three times: it has seen what Close is now, and found nothing to do. */
void living_settle(struct living *living);
/* Fails when a row is false, or when the mirror is not what Close has. */
void expect_living_true(struct living *living, const char *after);

/* Ends the session that holds an organization's lock, if any does. */
void living_end_locks(struct living *living);

/* The same number of the mirror may be brought back by somebody else: organization.revision. */
long living_revision(struct living *living);
