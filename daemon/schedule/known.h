#pragma once
/* What the database knows of the organizations beside their mirrors, and what this daemon has to tell it: for /metrics, /status.json and
 * `status`. Nothing of it decides anything. */
#include "schedule/generation.h"
#include "schedule/roster.h"

/* All of the roster that are not foreign, those that became this daemon's a moment ago, or one of its jobs. `told` comes with the context when the jobs' health was brought up to date, at once where there is none; NULL is allowed. What a
 * job's own sweeps have said since the daemon began is newer, and stays. */
void known_read_all(struct roster *roster, const struct generation *generation, void (*told)(void *context),
                    void *context);
void known_read_taken_over(struct roster *roster, const struct generation *generation, void (*told)(void *context),
                           void *context);
void known_read(struct roster *roster, const struct generation *generation, const struct job *job,
                void (*told)(void *context), void *context);
/* Those that are not asked for yet are not asked for any more. */
void known_stop(struct roster *roster);
/* A turn was skipped because another process had the lock. */
void known_note_skip(const struct generation *generation, const struct job *job);
