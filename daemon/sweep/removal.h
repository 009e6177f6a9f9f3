#pragma once
/* Proves that missing accounts are gone (contract 5.3): /me/ names the recorded user and organization, one account still listed
 * answers 200, and each missing one answers 404. What answers 200 is taken from that answer. An account whose id was mended cannot be
 * asked for by it: its 404 is no proof, and it goes only where removals are allowed. */
#include "crm/snapshot.h"
#include "remote/api_request.h"

struct removal;

struct removal_options {
  const struct api_request_options *api_request;
  const char *base_url;
  const char *fields; /* asked for, with commas; NULL: all */
  struct snapshot *snapshot;
  const char *name; /* in the configuration, for advice */
  const char *organization_id, *principal_id /* NULL: not recorded */;
  bool allowed; /* --allow-removals: another user than the recorded one will do, and so will a 404 to a mended id */
  int width;    /* probes under way at once */
};

enum removal_outcome {
  REMOVAL_COMPLETE,  /* every missing account is proven gone or was taken */
  REMOVAL_PARTIAL,   /* some answered neither 404 nor 200, or a control failed: `reason` says which */
  REMOVAL_PRINCIPAL, /* the key acts as somebody else: nothing is proven */
  REMOVAL_FAILED,    /* the key is another organization's, or the answer could not be kept */
};

struct removal_result {
  enum removal_outcome outcome;
  struct error reason;      /* for all but COMPLETE */
  struct slice removed;     /* a text[] literal of proven ids; empty: none */
  int64_t unproven;         /* of them, only because removals are allowed */
  const char *principal_id; /* who /me/ says we are; NULL when it was not reached */
};

typedef void removal_done_fn(void *context, const struct removal_result *result);

struct removal *removal_start(const struct removal_options *options, removal_done_fn *done, void *context);
void removal_cancel(struct removal *removal);  /* the completion comes with FAILED and CANCELLED */
void removal_destroy(struct removal *removal); /* after the completion; NULL is allowed */
