/* Reads pages, and puts what differs into the spool. It promises an end: every page must bring something new. It knows nothing of the
 * database.
 *
 * While a page is read, the next one is on its way (it is "ahead"): the end of a page mostly tells that there is one, and it begins a full
 * page on, as long as every page so far was full. One that is not wanted after all is given up, and then what the page came to is told
 * when its request is over. An answer that comes while a page is read is kept until that is done. */
#include "sweep/listing.h"
#include "base/memory.h"
#include "crm/request.h"
#include <stdlib.h>
#include <string.h>

enum {
  ACCOUNTS_MAX = 10 * 1000 * 1000,
  AHEAD_BYTES_MAX = 1024 * 1024, /* behind a larger page none is asked for: two such at once are too much memory */
};

struct kept { /* an answer, until it is taken */
  bool here;
  enum verdict verdict;
  struct error error;
  struct buffer body; /* of TAKE */
};

struct listing {
  struct listing_options options;
  listing_fn *fn;
  void *context;
  struct snapshot *snapshot;
  struct spool *spool;
  struct rejected rejected;
  struct api_request *api_request;
  struct buffer body;  /* of the page that is being read */
  struct timer *timer; /* goes on reading it */
  bool reading, cancelled;
  bool full; /* so was every page that was read */
  struct kept kept;
  bool postponed; /* the event that is told when the request is over, and its error: */
  enum listing_event event;
  struct error error;
  enum request_paging paging;
  size_t skip;
  int attempts; /* listings begun */
};

static void read_on(void *context);
static void on_answer(void *context, const struct api_request_answer *answer);
static void take(struct listing *listing);

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
  rejected_finish(&listing->rejected);
  buffer_finish(&listing->body);
  buffer_finish(&listing->kept.body);
  timer_close(listing->timer);
  memory_free(listing);
}

static void cancelled(struct error *error) { error_set(error, ERROR_CANCELLED, "the sweep was abandoned"); }

static void ask(struct listing *listing, size_t skip) {
  struct request_list list = {listing->paging, listing->options.page_size, skip, listing->options.user_id,
                              listing->options.fields};
  listing->api_request = api_request_start(listing->options.api_request,
                                           request_list_url(listing->options.base_url, &list), on_answer, listing);
}

/* Before the page is read: it is on its way while that lasts. */
static void ask_ahead(struct listing *listing) {
  struct slice body = buffer_slice(&listing->body);
  if (!listing->full || listing->cancelled || listing->paging != REQUEST_LIMIT_AND_SKIP ||
      body.length > AHEAD_BYTES_MAX || !page_seems_to_have_more(body))
    return;
  ask(listing, listing->skip + (size_t)listing->options.page_size);
}

/* What the page came to. What is ahead begins a full page on, so it is the next one when the page was full. */
static void tell(struct listing *listing, enum listing_event event, const struct error *error) {
  bool wanted = event == LISTING_MORE && listing->full;
  if (listing->api_request != NULL && !wanted) {
    listing->postponed = true;
    listing->event = event;
    listing->error = error == NULL ? (struct error){0} : *error;
    api_request_cancel(listing->api_request);
    return;
  }
  if (!wanted) {
    buffer_finish(&listing->kept.body);
    listing->kept = (struct kept){.here = false};
  }
  listing->fn(listing->context, event, error);
}

static void tell_postponed(struct listing *listing) {
  struct error error = listing->error;
  listing->postponed = false;
  if (listing->cancelled)
    cancelled(&error);
  listing->fn(listing->context, error.kind == ERROR_NONE ? listing->event : LISTING_FAILED,
              error.kind == ERROR_NONE ? NULL : &error);
}

static enum listing_event complete(struct listing *listing) {
  if (!snapshot_is_unstable(listing->snapshot))
    return LISTING_COMPLETE;
  return listing->attempts < 2 ? LISTING_MOVED : LISTING_UNSTABLE;
}

static enum listing_event judge_page(struct listing *listing, const struct page *page) {
  listing->full = (listing->skip == 0 || listing->full) && page->entries == (size_t)listing->options.page_size;
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
  if (!listing->reading) {
    take(listing);
    return;
  }
  if (listing->cancelled)
    cancelled(&error);
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
  tell(listing, event, event == LISTING_FAILED ? &error : NULL);
}

static void read_page(struct listing *listing, struct buffer body) {
  listing->body = body;
  listing->reading = true;
  ask_ahead(listing);
  snapshot_page_begin(listing->snapshot, buffer_slice(&listing->body));
  timer_start(listing->timer, 0);
}

static void forget_pages(struct listing *listing) {
  snapshot_restart(listing->snapshot);
  spool_clear(listing->spool);
  rejected_clear(&listing->rejected);
  listing->skip = 0;
  listing->full = false;
}

/* Asked again once without _limit and _skip. Such a reply begins at the front, so pages read before are forgotten, unless it was
 * such a reply that they began with. */
static void ask_plainly(struct listing *listing) {
  if (listing->paging == REQUEST_LIMIT_AND_SKIP && listing->skip > 0)
    forget_pages(listing);
  listing->paging = REQUEST_PLAIN;
  listing_next(listing);
}

static void take(struct listing *listing) {
  struct kept kept = listing->kept;
  listing->kept = (struct kept){.here = false};
  if (listing->cancelled) {
    buffer_finish(&kept.body);
    cancelled(&kept.error);
  } else if (kept.verdict == VERDICT_TAKE) {
    read_page(listing, kept.body);
    return;
  } else if (kept.verdict == VERDICT_PARAMETERS && listing->paging != REQUEST_PLAIN) {
    ask_plainly(listing);
    return;
  } else if (kept.verdict == VERDICT_PARAMETERS) {
    error_set(&kept.error, ERROR_HTTP, "Close refused the request (HTTP 400)");
  } else if (kept.verdict == VERDICT_MISSING) {
    error_set(&kept.error, ERROR_HTTP, "Close knows no such address (HTTP 404): check api.base_url");
  }
  listing->fn(listing->context, LISTING_FAILED, &kept.error);
}

static void on_answer(void *context, const struct api_request_answer *answer) {
  struct listing *listing = context;
  listing->api_request = NULL;
  if (listing->postponed) {
    tell_postponed(listing);
    return;
  }
  listing->kept = (struct kept){.here = true, .verdict = answer->verdict};
  if (answer->verdict == VERDICT_TAKE)
    listing->kept.body = buffer_take(answer->memory);
  else if (answer->error != NULL)
    listing->kept.error = *answer->error;
  if (!listing->reading)
    take(listing);
}

void listing_restart(struct listing *listing) {
  if (listing->attempts++ > 0)
    forget_pages(listing);
  listing->paging = REQUEST_LIMIT_AND_SKIP;
  listing_next(listing);
}

void listing_next(struct listing *listing) {
  if (listing->kept.here)
    timer_start(listing->timer, 0);
  else if (listing->api_request == NULL) /* else it is on its way */
    ask(listing, listing->skip);
}

bool listing_cancel(struct listing *listing) {
  listing->cancelled = true;
  if (listing->api_request != NULL)
    api_request_cancel(listing->api_request);
  return listing->api_request != NULL || listing->reading || listing->kept.here;
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
