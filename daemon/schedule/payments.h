#pragma once
/* What organizations owe, written down for many of them at a time. */
#include "schedule/job.h"

struct payments;

struct payments_options {
  const struct sweep_context *shared; /* loop, log and random of the process */
  void (*settled)(void *context);     /* a transaction has ended; from the loop */
  void *context;
};

struct payments *payments_create(const struct payments_options *options);
void payments_destroy(struct payments *payments); /* none may be under way; NULL is allowed */

/* What the job owes goes to the generation's database, in the loop's next turn or when there are many. The job is not needed any more. */
void payments_add(struct payments *payments, const struct job *job, struct generation *generation);
void payments_send(struct payments *payments); /* now */
/* So many are coming that each transaction is to be full, and the last one sent by payments_send(). */
void payments_gather(struct payments *payments);
/* What so many organizations owe is not written: told with all that is lost, when no transaction is under way any more. */
void payments_lose(struct payments *payments, int organizations, const char *why);
int payments_under_way(const struct payments *payments);   /* transactions; also one that is not sent yet */
void payments_use_all_sessions(struct payments *payments); /* nobody else needs them any more */
void payments_abandon(struct payments *payments);          /* no more waiting: their sessions are dropped */
