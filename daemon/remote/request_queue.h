#pragma once
/* How many requests are in flight, all organizations together (api.max_requests). Organizations whose last try timed out wait in a
 * queue of their own that never takes more than a quarter, so that the dead do not starve the living (contract 5.8). */
#include "io/http.h"

struct request_queue;

/* Its turn has come: true and it is sent, false and it completes with RATE_LIMIT. May be asked from inside any call; starts nothing. */
typedef bool request_queue_may_send_fn(void *context);

struct queued_request {
  struct http_request http;            /* its URL is copied, its secrets are borrowed until the completion */
  int timeouts;                        /* in a row, of this organization; over 0: the slow queue, the fewest first */
  request_queue_may_send_fn *may_send; /* asked once, with the context of the completion; NULL: it is always sent */
};

/* With one user. Takes over `http`. */
struct request_queue *request_queue_create(struct loop *loop, struct http *http, int max_requests);
/* The completion comes exactly once, from the loop, never from inside this call. Returns a ticket > 0. */
uint64_t request_queue_send(struct request_queue *request_queue, const struct queued_request *request,
                            http_done_fn *done, void *context);
/* What the slow have together, and one organization at most: a quarter of all, at least one. */
int request_queue_share(const struct request_queue *request_queue);
void request_queue_cancel(struct request_queue *request_queue,
                          uint64_t ticket); /* completes with CANCELLED; unknown tickets are ignored */
/* One user more, one less: the last one leaves after every ticket has completed, and all is closed. NULL is allowed. */
void request_queue_hold(struct request_queue *request_queue);
void request_queue_leave(struct request_queue *request_queue);
