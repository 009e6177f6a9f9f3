#include "sweep/listing.h"
#include "base/memory.h"
#include "crm/request.h"
#include <stdlib.h>
#include <string.h>

/* What this file is for: the way from bytes to the spool. It promises one request in flight, and an end: every page must bring
 * something new. It knows nothing of the database. */

enum { ACCOUNTS_MAX = 10 * 1000 * 1000 };

struct listing {
  struct listing_options options;
  listing_fn *fn;
  void *context;
  struct snapshot *snapshot;
  struct spool *spool;
  struct rejected rejected;
  struct buffer url;
  struct api_request *api_request;
  struct buffer body;  /* of the page that is being read */
  struct timer *timer; /* goes on reading it */
  bool reading, cancelled;
  enum request_paging paging;
  size_t skip;
  int attempts; /* listings begun */
};

static void read_on(void *context);

/* A record of the spool; apply_next_batch() reads it. */
static bool on_differs(void *context, uint32_t number, const unsigned char raw_digest[HASH_BYTES],
                       const struct account *account, struct error *error) {
  struct listing *listing = context;
  uint32_t id_length = (uint32_t)account->id.length;
  struct slice pieces[] = {{(const char *)&number, sizeof number},
                           {(const char *)&id_length, sizeof id_length},
                           {(const char *)raw_digest, HASH_BYTES},
                           {(const char *)account->digest, HASH_BYTES},
                           account->id,
                           account->document};
  return spool_put(listing->spool, number, pieces, sizeof pieces / sizeof pieces[0], error);
}

static bool on_rejected(void *context, const char *fingerprint, enum account_fault fault, const struct account *account,
                        struct error *error) {
  struct listing *listing = context;
  return rejected_add(&listing->rejected, fingerprint, fault, account, error);
}

struct listing *listing_create(const struct listing_options *options, listing_fn *fn, void *context) {
  struct listing *listing = memory_allocate(sizeof *listing);
  listing->options = *options;
  listing->fn = fn;
  listing->context = context;
  struct snapshot_options shot = {.reader = options->reader,
                                  .sink = {listing, on_differs, on_rejected},
                                  .user_id = options->user_id,
                                  .verify = options->verify,
                                  .accounts_max = ACCOUNTS_MAX,
                                  .seed = options->seed};
  listing->snapshot = options->snapshot == NULL ? snapshot_create(&shot) : options->snapshot;
  if (options->snapshot != NULL)
    snapshot_reuse(options->snapshot, &shot);
  listing->spool = spool_create();
  buffer_init(&listing->url, REQUEST_URL_BYTES_MAX);
  rejected_init(&listing->rejected);
  buffer_init(&listing->body, 0);
  listing->timer = timer_open(options->api_request->loop, read_on, listing);
  return listing;
}

void listing_destroy(struct listing *listing) {
  if (listing == NULL)
    return;
  spool_destroy(listing->spool);
  snapshot_destroy(listing->snapshot);
  buffer_finish(&listing->url);
  rejected_finish(&listing->rejected);
  buffer_finish(&listing->body);
  timer_close(listing->timer);
  memory_free(listing);
}

static enum listing_event complete(struct listing *listing) {
  if (!snapshot_is_unstable(listing->snapshot))
    return LISTING_COMPLETE;
  return listing->attempts < 2 ? LISTING_MOVED : LISTING_UNSTABLE;
}

static enum listing_event judge_page(struct listing *listing, const struct page *page) {
  listing->skip += page->entries;
  bool begins_again = snapshot_is_unstable(listing->snapshot) && listing->attempts < 2;
  if (!page->has_more || begins_again || snapshot_is_stuck(listing->snapshot))
    return complete(listing);
  if (listing->paging == REQUEST_PLAIN)
    listing->paging = REQUEST_SKIP_ONLY;
  return LISTING_MORE;
}

/* As much of the page as this turn has time for. */
static void read_on(void *context) {
  struct listing *listing = context;
  struct page page;
  struct error error = {0};
  enum page_result result = PAGE_BAD;
  if (listing->cancelled)
    error_set(&error, ERROR_CANCELLED, "the sweep was abandoned");
  else
    do
      result = snapshot_page_step(listing->snapshot, &page, &error);
    while (result == PAGE_MORE && loop_has_time(listing->options.api_request->loop));
  if (result == PAGE_MORE) {
    timer_continue(listing->timer);
    return;
  }
  listing->reading = false;
  buffer_finish(&listing->body);
  enum listing_event event = result == PAGE_END ? judge_page(listing, &page) : LISTING_FAILED;
  listing->fn(listing->context, event, event == LISTING_FAILED ? &error : NULL);
}

static void read_page(struct listing *listing, struct buffer *memory) {
  listing->body = buffer_take(memory);
  listing->reading = true;
  snapshot_page_begin(listing->snapshot, buffer_slice(&listing->body));
  timer_start(listing->timer, 0);
}

static void forget_pages(struct listing *listing) {
  snapshot_restart(listing->snapshot);
  spool_clear(listing->spool);
  rejected_clear(&listing->rejected);
  listing->skip = 0;
}

/* Asked again once without _limit and _skip. Such a reply begins at the front, so pages read before are forgotten, unless it was
 * such a reply that they began with. */
static void ask_plainly(struct listing *listing) {
  if (listing->paging == REQUEST_LIMIT_AND_SKIP && listing->skip > 0)
    forget_pages(listing);
  listing->paging = REQUEST_PLAIN;
  listing_next(listing);
}

static void on_answer(void *context, const struct api_request_answer *answer) {
  struct listing *listing = context;
  struct error error = {0};
  listing->api_request = NULL;
  if (answer->verdict == VERDICT_TAKE) {
    read_page(listing, answer->memory);
    return;
  }
  if (answer->verdict == VERDICT_PARAMETERS && listing->paging != REQUEST_PLAIN) {
    ask_plainly(listing);
    return;
  } else if (answer->verdict == VERDICT_PARAMETERS) {
    error_set(&error, ERROR_HTTP, "Close refused the request (HTTP 400)");
  } else if (answer->verdict == VERDICT_MISSING) {
    error_set(&error, ERROR_HTTP, "Close knows no such address (HTTP 404): check api.base_url");
  } else {
    error = *answer->error;
  }
  listing->fn(listing->context, LISTING_FAILED, &error);
}

void listing_restart(struct listing *listing) {
  if (listing->attempts++ > 0)
    forget_pages(listing);
  listing->paging = REQUEST_LIMIT_AND_SKIP;
  listing_next(listing);
}

void listing_next(struct listing *listing) {
  struct request_list list = {listing->paging, listing->options.page_size, listing->skip, listing->options.user_id,
                              listing->options.fields};
  request_list_url(&listing->url, listing->options.base_url, &list);
  listing->api_request = api_request_start(listing->options.api_request, &listing->url, on_answer, listing);
}

bool listing_cancel(struct listing *listing) {
  listing->cancelled = true;
  if (listing->api_request != NULL)
    api_request_cancel(listing->api_request);
  return listing->api_request != NULL || listing->reading;
}

struct snapshot *listing_snapshot(struct listing *listing) {
  return listing->snapshot;
}

struct snapshot *listing_take_snapshot(struct listing *listing) {
  struct snapshot *snapshot = listing->snapshot;
  listing->snapshot = NULL;
  return snapshot;
}

struct spool *listing_spool(struct listing *listing) {
  return listing->spool;
}

struct rejected *listing_rejected(struct listing *listing) {
  return &listing->rejected;
}
