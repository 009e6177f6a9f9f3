#pragma once
/* Proves that missing accounts are gone (contract 5.3): /me/ names the recorded user and organization, one account still listed
 * answers 200, and each missing one answers 404. What answers 200 is taken from that answer. */
#include "crm/snapshot.h"
#include "remote/api_request.h"

struct proof;

struct proof_options {
  const struct exchange_options *exchange;
  const char *base_url;
  struct snapshot *snapshot;
  const char *name; /* in the configuration, for advice */
  const char *organization_id, *principal_id /* NULL: not recorded */;
  bool any_principal; /* --allow-removals: another user than the recorded one will do */
  int width;          /* probes under way at once */
};

enum proof_outcome {
  PROOF_COMPLETE,  /* every missing account is proven gone or was taken */
  PROOF_PARTIAL,   /* some answered neither 404 nor 200, or a control failed: `reason` says which */
  PROOF_PRINCIPAL, /* the key acts as somebody else: nothing is proven */
  PROOF_FAILED,    /* the key is another organization's, or the answer could not be kept */
};

struct proof_result {
  enum proof_outcome outcome;
  struct error reason;      /* for all but COMPLETE */
  struct slice removed;     /* a text[] literal of proven ids; empty: none */
  const char *principal_id; /* who /me/ says we are; NULL when it was not reached */
};

typedef void proof_done_fn(void *context, const struct proof_result *result);

struct proof *proof_start(const struct proof_options *options, proof_done_fn *done, void *context);
void proof_cancel(struct proof *proof);  /* the completion comes with FAILED and CANCELLED */
void proof_destroy(struct proof *proof); /* after the completion; NULL is allowed */
