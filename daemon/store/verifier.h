#pragma once
/* One organization's proof: its history (chain, seq, versions, intervals, digests, erasures), the mirror against the newest documents,
 * and the digests a listing is compared with against the documents they stand for. Reads only. */
#include "sweep/context.h"

struct verifier_problem {
  struct slice what;       /* "history", or a table of the mirror; borrowed until the callback returns */
  int64_t seq;             /* -1: of no one row */
  struct slice account_id; /* empty: of no one account */
  struct slice text;
};
typedef void verifier_problem_fn(void *context, const struct verifier_problem *problem);
/* error NULL: everything was looked at. */
typedef void verifier_done_fn(void *context, const struct error *error);

/* Both callbacks come from the loop, `done` exactly once and last. `organization_id` is copied; uses tools->watch and the volatile
 * fields of tools->config. */
void verifier_verify(const struct sweep_context *shared, const char *organization_id, verifier_problem_fn *problem,
                     verifier_done_fn *done, void *context);
