#pragma once
/* Decides whose organization a NAME's key sees, the first time (contract 5.7 and section 6, "Binding"): the accounts' own, the
 * configured and /me/'s organization must agree as far as they are known, and no other NAME may have it. */
#include "remote/api_request.h"
#include "store/mirror_state.h"
#include "sweep/context.h"

struct binding;

struct binding_options {
  const struct api_request_options *api_request;
  const struct sweep_context *shared;
  const struct config_organization *organization;
  const char *listed_organization;       /* the accounts' own, or NULL */
  struct mirror_state_question question; /* as for the sweep; its organization_id is filled in here */
  bool database;                         /* false: there is no schema to ask (plan) */
};

struct binding_result { /* borrowed until the callback returns */
  const char *organization_id, *principal_id;
  const struct mirror_state
      *mirror_state; /* of that organization; its organization_id NULL: new to the database. NULL without one */
};

/* error->kind CONFIG: the administrator has to decide something. Exactly one of result and error is not NULL. */
typedef void binding_done_fn(void *context, const struct binding_result *result, const struct error *error);

struct binding *binding_start(const struct binding_options *options, binding_done_fn *done, void *context);
void binding_cancel(struct binding *binding);  /* the completion comes with CANCELLED */
void binding_destroy(struct binding *binding); /* after the completion; NULL is allowed */
