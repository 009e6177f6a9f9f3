#pragma once
/* Reads all pages of one organization into a snapshot, twice at most when the first listing moved. What differs is spooled. */
#include "base/spool.h"
#include "crm/rejected.h"
#include "crm/snapshot.h"
#include "remote/api_request.h"

struct listing;

struct listing_options {
  const struct api_request_options *api_request;
  const char *base_url, *user_id /* or NULL */;
  const char *fields; /* asked for, with commas; NULL: all */
  int page_size;
  struct account_reader *reader; /* borrowed */
  struct snapshot *snapshot;     /* of the last sweep, still good: taken over; or NULL */
  bool verify;
  uint64_t seed;
};

enum listing_event { LISTING_MORE, LISTING_MOVED, LISTING_COMPLETE, LISTING_UNSTABLE, LISTING_FAILED };

/* Comes from the loop after each page: MORE (call listing_next), MOVED (the first listing was unstable; call listing_restart),
 * COMPLETE, UNSTABLE (the second one was too: what is certain is in the snapshot), FAILED (error is set). */
typedef void listing_fn(void *context, enum listing_event event, const struct error *error);

struct listing *listing_create(const struct listing_options *options, listing_fn *fn, void *context);
void listing_destroy(struct listing *listing); /* NULL is allowed; nothing may be under way */
void listing_restart(struct listing *listing); /* ask for the first page */
void listing_next(struct listing *listing);
bool listing_cancel(struct listing *listing); /* true: a FAILED with CANCELLED will come */

struct snapshot *listing_snapshot(struct listing *listing);
struct snapshot *listing_take_snapshot(struct listing *listing); /* the caller's from now on */
struct spool *listing_spool(struct listing *listing);
struct rejected *listing_rejected(struct listing *listing);
