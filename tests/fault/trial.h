/* One story, told again and again with another fault each time. The database is put back to the state before, the real binary
 * sweeps through a proxy, something goes wrong; then the database must hold the state before or the state after, and nothing else;
 * and the next undisturbed sweep must lead to exactly the state after, mirror, history and chain.
 *
 * How much is tried: samples, so that all of tests/fault takes a few minutes; everything when CLOSESYNCD_FAULT_ALL is set
 * (tests/fault/run --all). */
#pragma once

#include "fault/proxy.h"

#include "support/story.h"

enum plot { FIRST_FILL, CHANGES, REMOVAL, PLOTS };

struct trial;

struct trial *trial_create(enum plot plot);
/* Prints what was tried and how it ended; fails when fewer than nine in ten faults came to pass. */
void trial_destroy(struct trial *trial);

const char *trial_name(enum plot plot); /* "first fill" */

/* What an undisturbed sweep of this plot passes. */
const struct passed *trial_passed(const struct trial *trial);
/* Allocations of an undisturbed sweep; 0 where they cannot be counted (sanitizers). */
long trial_allocations(const struct trial *trial);

/* One round. exits: the exit statuses that are right besides 0, ending with 0; 0 is right only with the state after. */
void trial_fault(struct trial *trial, enum fault fault, long at, const int *exits);
void trial_exhaust(struct trial *trial, long at, const int *exits);

/* The i-th of `count` samples of 1 … whole, each from its own stretch; the same ones every time. With everything asked for, 1 + i. */
long trial_sample(long whole, long count, long i);
/* How many samples there are of them: `count` (half under sanitizers), or `whole` when that is less or everything is asked for. */
long trial_samples(long whole, long count);
