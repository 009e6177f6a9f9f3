#pragma once
/* When organizations are asked for their members (contract section 8): with each verifying sweep, and, at most every 10 minutes for
 * each organization, after a sweep that brought a user whom the table does not know. */
#include "schedule/roster.h"

struct members;

struct members_options {
  const struct sweep_context *shared; /* loop, log and random of the process */
  struct roster *roster;
  void (*settled)(void *context); /* a question has ended */
  void *context;
};

struct members *members_create(const struct members_options *options);
void members_destroy(struct members *members); /* when settled; NULL is allowed */

/* A sweep of `job` has ended with this report. The generation is the one in force. */
void members_ask(struct members *members, struct job *job, struct generation *generation, const struct report *report);
void members_stop(struct members *members); /* what is asked is abandoned */
bool members_are_settled(const struct members *members);
