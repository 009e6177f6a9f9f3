#pragma once
/* One organization's proof: its history (chain, seq, versions, intervals, digests, erasures), the mirror against the newest documents,
 * and the digests a listing is compared with against the documents they stand for. Reads only. */
#include "crm/account.h"
#include "io/db.h"

struct verifier_problem {
  struct slice what;       /* "history", or a table of the mirror; borrowed until the callback returns */
  int64_t seq;             /* -1: of no one row */
  struct slice account_id; /* empty: of no one account */
  struct slice text;
};
typedef void verifier_problem_fn(void *context, const struct verifier_problem *problem);
/* error NULL: everything was looked at. */
typedef void verifier_done_fn(void *context, const struct error *error);

struct verifier_options {
  struct db *db;
  struct account_reader *reader; /* with the configured volatile fields; borrowed until `done` */
  verifier_problem_fn *problem;
  verifier_done_fn *done;
  void *context;
};

/* Both callbacks come from the loop, `done` exactly once and last. `organization_id` is copied. */
void verifier_verify(const struct verifier_options *options, const char *organization_id);
