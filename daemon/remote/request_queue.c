/* What waits in front of libcurl. There are two queues. The usual one is served first come, first served. The slow one takes requests of
 * organizations whose last try timed out, those with the fewest timeouts in a row first: one timeout may be an accident, and such an
 * organization does not wait behind dead ones. A request that waited is asked again whether it may be sent (its rate limit may have
 * changed). Nothing is tried again here. */
#include "remote/request_queue.h"
#include "base/memory.h"
#include <sys/queue.h>

struct ticket {
  TAILQ_ENTRY(ticket) link; /* among those that wait, are in flight, or were not sent */
  struct request_queue *request_queue;
  uint64_t number, request; /* request: 0 while queued */
  struct http_request http;
  char *url; /* the copy in `http` */
  bool slow;
  int timeouts;
  request_queue_may_send_fn *may_send;
  http_done_fn *done;
  void *context;
  enum error_kind unsent; /* why it completes without having been sent */
};

TAILQ_HEAD(tickets, ticket);

struct request_queue {
  struct http *http;
  struct timer *timer;                       /* pumps, and completes from the loop what was not sent */
  struct tickets waiting[2], flying, unsent; /* waiting[slow] */
  int users, max, in_flight, slow_in_flight;
  uint64_t last_number;
};

static void insert_ranked(struct tickets *waiting, struct ticket *ticket) {
  struct ticket *previous = TAILQ_LAST(waiting, tickets);
  while (previous != NULL && previous->timeouts > ticket->timeouts)
    previous = TAILQ_PREV(previous, tickets, link);
  if (previous == NULL)
    TAILQ_INSERT_HEAD(waiting, ticket, link);
  else
    TAILQ_INSERT_AFTER(waiting, previous, ticket, link);
}

static void ticket_finish(struct ticket *ticket, const struct http_response *response, const struct error *error) {
  http_done_fn *done = ticket->done;
  void *context = ticket->context;
  memory_free(ticket->url);
  memory_free(ticket);
  done(context, response, error);
}

/* What an answer says may be a reason to send no more: it is told first, and the next is sent from the loop. */
static void on_response(void *context, const struct http_response *response, const struct error *error) {
  struct ticket *ticket = context;
  struct request_queue *request_queue = ticket->request_queue;
  request_queue->in_flight--;
  request_queue->slow_in_flight -= ticket->slow ? 1 : 0;
  TAILQ_REMOVE(&request_queue->flying, ticket, link);
  if (!TAILQ_EMPTY(&request_queue->waiting[false]) || !TAILQ_EMPTY(&request_queue->waiting[true]))
    timer_start(request_queue->timer, 0);
  ticket_finish(ticket, response, error); /* the last may destroy the queue */
}

int request_queue_share(const struct request_queue *request_queue) {
  return request_queue->max / 4 > 0 ? request_queue->max / 4 : 1;
}

static bool may_start(const struct request_queue *request_queue, bool slow) {
  return !TAILQ_EMPTY(&request_queue->waiting[slow]) && request_queue->in_flight < request_queue->max &&
         (!slow || request_queue->slow_in_flight < request_queue_share(request_queue));
}

static void leave_unsent(struct ticket *ticket, enum error_kind kind) {
  struct request_queue *request_queue = ticket->request_queue;
  TAILQ_REMOVE(&request_queue->waiting[ticket->slow], ticket, link);
  TAILQ_INSERT_TAIL(&request_queue->unsent, ticket, link);
  ticket->unsent = kind;
  timer_start(request_queue->timer, 0);
}

static void start(struct request_queue *request_queue, bool slow) {
  struct ticket *ticket = TAILQ_FIRST(&request_queue->waiting[slow]);
  if (ticket->may_send != NULL && !ticket->may_send(ticket->context)) {
    leave_unsent(ticket, ERROR_RATE_LIMIT);
    return;
  }
  TAILQ_REMOVE(&request_queue->waiting[slow], ticket, link);
  TAILQ_INSERT_TAIL(&request_queue->flying, ticket, link);
  request_queue->in_flight++;
  request_queue->slow_in_flight += slow ? 1 : 0;
  ticket->request = http_send(request_queue->http, &ticket->http, on_response, ticket);
}

static void pump(struct request_queue *request_queue) {
  while (may_start(request_queue, false))
    start(request_queue, false);
  while (may_start(request_queue, true))
    start(request_queue, true);
}

static void on_timer(void *context) {
  struct request_queue *request_queue = context;
  pump(request_queue);
  for (bool more = !TAILQ_EMPTY(&request_queue->unsent); more;) {
    struct ticket *ticket = TAILQ_FIRST(&request_queue->unsent);
    struct error error;
    error_set(&error, ticket->unsent, "the request was not sent");
    TAILQ_REMOVE(&request_queue->unsent, ticket, link);
    more = !TAILQ_EMPTY(&request_queue->unsent); /* else this one may destroy the queue, or start the timer again */
    ticket_finish(ticket, NULL, &error);
  }
}

struct request_queue *request_queue_create(struct loop *loop, struct http *http, int max_requests) {
  struct request_queue *request_queue = memory_allocate(sizeof *request_queue);
  request_queue->http = http;
  request_queue->users = 1;
  request_queue->max = max_requests;
  TAILQ_INIT(&request_queue->waiting[false]);
  TAILQ_INIT(&request_queue->waiting[true]);
  TAILQ_INIT(&request_queue->flying);
  TAILQ_INIT(&request_queue->unsent);
  request_queue->timer = timer_open(loop, on_timer, request_queue);
  return request_queue;
}

uint64_t request_queue_send(struct request_queue *request_queue, const struct queued_request *request,
                            http_done_fn *done, void *context) {
  struct ticket *ticket = memory_allocate(sizeof *ticket);
  *ticket = (struct ticket){.request_queue = request_queue,
                            .number = ++request_queue->last_number,
                            .http = request->http,
                            .url = memory_copy_text(request->http.url),
                            .slow = request->timeouts > 0,
                            .timeouts = request->timeouts,
                            .may_send = request->may_send,
                            .done = done,
                            .context = context};
  ticket->http.url = ticket->url;
  insert_ranked(&request_queue->waiting[ticket->slow], ticket);
  pump(request_queue);
  return ticket->number;
}

static struct ticket *find(const struct tickets *tickets, uint64_t number) {
  struct ticket *ticket = TAILQ_FIRST(tickets);
  while (ticket != NULL && ticket->number != number)
    ticket = TAILQ_NEXT(ticket, link);
  return ticket;
}

void request_queue_cancel(struct request_queue *request_queue, uint64_t number) {
  struct ticket *ticket = find(&request_queue->flying, number);
  if (ticket != NULL) {
    http_cancel(request_queue->http, ticket->request);
    return;
  }
  for (int slow = 0; slow < 2; slow++) {
    ticket = find(&request_queue->waiting[slow], number);
    if (ticket != NULL)
      leave_unsent(ticket, ERROR_CANCELLED);
  }
}

void request_queue_hold(struct request_queue *request_queue) { request_queue->users++; }

void request_queue_leave(struct request_queue *request_queue) {
  if (request_queue == NULL || --request_queue->users > 0)
    return;
  timer_close(request_queue->timer);
  http_destroy(request_queue->http);
  memory_free(request_queue);
}
