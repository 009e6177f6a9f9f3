#pragma once
/* One question to Close with up to three tries: what comes back is an answer, or the reason why there is none (contract section 6,
 * "Complete"). Only 429, 503, timeouts and broken connections are asked again. */
#include "base/random.h"
#include "crm/verdict.h"
#include "remote/rate_limit.h"
#include "remote/request_queue.h"

enum { EXCHANGE_TRIES = 3, EXCHANGE_PATIENCE_MS = 10 * 1000 };

struct exchange;

enum { EXCHANGE_CODES = 8 };

struct exchange_code {
  int status; /* 0: free */
  int requests;
};

struct exchange_traffic { /* what one sweep costs, counted by all its exchanges */
  struct exchange_code codes[EXCHANGE_CODES];
  int unanswered; /* tries that brought no answer, or one with a status that found no room above */
  int requests;
  int64_t received_bytes;
  bool waiting; /* the last thing it did was to wait for a rate limit */
  int timeouts; /* the last tries, so many in a row, EXCHANGE_TRIES at most, timed out: over 0, it is slow */
};

struct exchange_options {
  struct loop *loop;
  struct lane *lane;
  struct random *random;
  const struct secret *key;
  struct budget *budget;            /* of this key */
  struct exchange_traffic *traffic; /* borrowed, as are all above */
};

struct exchange_answer { /* borrowed until the callback returns */
  enum verdict verdict;
  int status; /* 0: none; `error` says why */
  struct slice body;
  struct rate_limit rate;
  const struct error *error; /* not NULL for every verdict but TAKE, PARAMETERS and MISSING */
};

typedef void exchange_done_fn(void *context, const struct exchange_answer *answer);

/* The completion comes exactly once, from the loop; the exchange is then gone. */
struct exchange *exchange_start(const struct exchange_options *options, const char *url, exchange_done_fn *done,
                                void *context);
/* The completion comes with CANCELLED, from the loop. */
void exchange_cancel(struct exchange *exchange);
