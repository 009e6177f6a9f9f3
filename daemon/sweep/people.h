#pragma once
/* Keeps table `member` (contract section 8): after a sweep, in a transaction of its own, the organization is asked for its people. Whatever
 * comes of it, no sweep fails. With sync.members = no the rows go instead, and nothing is asked. */
#include "base/error.h"
#include "sweep/context.h"

struct people;

struct people_options {
  const struct sweep_context *shared; /* borrowed until the completion */
  const struct config_organization *organization;
  const char *organization_id; /* copied */
  bool unknown_alone;          /* ask Close only when an account names a user that the table does not know */
};

/* error NULL: well. `asked`: Close was. */
typedef void people_done_fn(void *context, bool asked, const struct error *error);

/* The completion comes exactly once, from the loop; it is then gone. */
struct people *people_start(const struct people_options *options, people_done_fn *done, void *context);
/* The completion comes with CANCELLED, from the loop; a statement under way ends by itself first. */
void people_cancel(struct people *people);
