#pragma once
/* One question to Close with up to three tries: what comes back is an answer, or the reason why there is none (contract section 6,
 * "Complete"). Only 429, 503, timeouts and broken connections are asked again. */
#include "base/random.h"
#include "crm/verdict.h"
#include "remote/histogram.h"
#include "remote/rate_limit.h"
#include "remote/request_queue.h"
#include "remote/token.h"

enum { API_REQUEST_TRIES = 3, API_REQUEST_PATIENCE_MS = 10 * 1000 };

struct api_request;

enum { API_REQUEST_CODES = 16 };

struct api_request_code {
  int status; /* 0: free */
  int requests;
};

extern const int64_t api_request_bounds_ms[HISTOGRAM_BUCKETS];

struct api_request_traffic { /* what one sweep costs, counted by all its requests */
  struct api_request_code codes[API_REQUEST_CODES];
  int others;     /* answers with a status that found no room above */
  int unanswered; /* tries that brought no answer */
  int requests;
  int64_t received_bytes;
  struct histogram durations; /* of each try, from its sending on, answered or not */
  bool waiting;               /* the last thing it did was to wait for a rate limit, or for a token */
  int timeouts; /* the last tries, so many in a row, API_REQUEST_TRIES at most, timed out: over 0, it is slow */
};

struct api_request_options {
  struct loop *loop;
  struct request_queue *request_queue;
  struct random *random;
  const struct secret *key;            /* sent as it is; NULL: `token` is */
  enum http_scheme scheme;             /* of the key */
  struct token *token;                 /* after a 401 another one is sent once, if there is one */
  struct rate_limit *rate_limit;       /* of this key or token */
  struct api_request_traffic *traffic; /* borrowed, as are all above */
};

struct api_request_answer { /* borrowed until the callback returns */
  enum verdict verdict;
  int status; /* 0: none; `error` says why */
  struct slice body;
  struct buffer *memory;     /* of the body, as in http_response; NULL: there is none */
  const struct error *error; /* not NULL for every verdict but TAKE, PARAMETERS and MISSING */
};

typedef void api_request_done_fn(void *context, const struct api_request_answer *answer);

/* Takes over `url`. The completion comes exactly once, from the loop, also when the URL did not fit its buffer: error LIMIT. The api_request
 * is then gone. */
struct api_request *api_request_start(const struct api_request_options *options, struct buffer url,
                                      api_request_done_fn *done, void *context);
/* The completion comes with CANCELLED, from the loop. */
void api_request_cancel(struct api_request *api_request);
