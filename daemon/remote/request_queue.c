#include "remote/request_queue.h"
#include "base/memory.h"

/* What this file is for: one queue in front of libcurl. It promises first come, first served; in the slow lane, to those who
 * timed out as often in a row: who did so once may well be alive, and does not wait behind the dead. Who waited is asked again
 * whether it may be sent. It does not retry. */

struct ticket {
  struct ticket *next, *previous; /* in the queue, or among those in flight */
  struct lane *lane;
  uint64_t number, request; /* request: 0 while queued */
  char *url;
  const struct secret *key;
  bool slow;
  int timeouts;
  lane_may_send_fn *may_send;
  http_done_fn *done;
  void *context;
  enum error_kind unsent; /* why it completes without having been sent */
};

struct queue {
  struct ticket *first, *last;
};

struct lane {
  struct http *http;
  struct timer *timer;                     /* pumps, and completes from the loop what was not sent */
  struct queue waiting[2], flying, unsent; /* waiting[slow] */
  int max, in_flight, slow_in_flight;
  uint64_t last_number;
};

static void queue_insert(struct queue *queue, struct ticket *previous, struct ticket *ticket) {
  ticket->previous = previous;
  ticket->next = previous == NULL ? queue->first : previous->next;
  *(previous == NULL ? &queue->first : &previous->next) = ticket;
  *(ticket->next == NULL ? &queue->last : &ticket->next->previous) = ticket;
}

static void queue_push(struct queue *queue, struct ticket *ticket) { queue_insert(queue, queue->last, ticket); }

static void queue_push_ranked(struct queue *queue, struct ticket *ticket) {
  struct ticket *previous = queue->last;
  while (previous != NULL && previous->timeouts > ticket->timeouts)
    previous = previous->previous;
  queue_insert(queue, previous, ticket);
}

static void queue_remove(struct queue *queue, struct ticket *ticket) {
  *(ticket->previous == NULL ? &queue->first : &ticket->previous->next) = ticket->next;
  *(ticket->next == NULL ? &queue->last : &ticket->next->previous) = ticket->previous;
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
  struct lane *lane = ticket->lane;
  lane->in_flight--;
  lane->slow_in_flight -= ticket->slow ? 1 : 0;
  queue_remove(&lane->flying, ticket);
  if (lane->waiting[false].first != NULL || lane->waiting[true].first != NULL)
    timer_start(lane->timer, 0);
  ticket_finish(ticket, response, error); /* the last may destroy the lane */
}

int lane_share(const struct lane *lane) { return lane->max / 4 > 0 ? lane->max / 4 : 1; }

static bool may_start(const struct lane *lane, bool slow) {
  return lane->waiting[slow].first != NULL && lane->in_flight < lane->max &&
         (!slow || lane->slow_in_flight < lane_share(lane));
}

static void leave_unsent(struct ticket *ticket, enum error_kind kind) {
  struct lane *lane = ticket->lane;
  queue_remove(&lane->waiting[ticket->slow], ticket);
  queue_push(&lane->unsent, ticket);
  ticket->unsent = kind;
  timer_start(lane->timer, 0);
}

static void start(struct lane *lane, bool slow) {
  struct ticket *ticket = lane->waiting[slow].first;
  if (ticket->may_send != NULL && !ticket->may_send(ticket->context)) {
    leave_unsent(ticket, ERROR_RATE_LIMIT);
    return;
  }
  queue_remove(&lane->waiting[slow], ticket);
  queue_push(&lane->flying, ticket);
  lane->in_flight++;
  lane->slow_in_flight += slow ? 1 : 0;
  ticket->request = http_get(lane->http, ticket->url, ticket->key, on_response, ticket);
}

static void pump(struct lane *lane) {
  while (may_start(lane, false))
    start(lane, false);
  while (may_start(lane, true))
    start(lane, true);
}

static void on_timer(void *context) {
  struct lane *lane = context;
  pump(lane);
  for (bool more = lane->unsent.first != NULL; more;) {
    struct ticket *ticket = lane->unsent.first;
    struct error error;
    error_set(&error, ticket->unsent, "the request was not sent");
    queue_remove(&lane->unsent, ticket);
    more = lane->unsent.first != NULL; /* else this one may destroy the lane, or start the timer again */
    ticket_finish(ticket, NULL, &error);
  }
}

struct lane *lane_create(struct loop *loop, struct http *http, int max_requests) {
  struct lane *lane = memory_allocate(sizeof *lane);
  lane->http = http;
  lane->max = max_requests;
  lane->timer = timer_open(loop, on_timer, lane);
  return lane;
}

uint64_t lane_get(struct lane *lane, const struct lane_request *request, http_done_fn *done, void *context) {
  struct ticket *ticket = memory_allocate(sizeof *ticket);
  *ticket = (struct ticket){.lane = lane,
                            .number = ++lane->last_number,
                            .url = memory_copy_text(request->url),
                            .key = request->key,
                            .slow = request->timeouts > 0,
                            .timeouts = request->timeouts,
                            .may_send = request->may_send,
                            .done = done,
                            .context = context};
  queue_push_ranked(&lane->waiting[ticket->slow], ticket);
  pump(lane);
  return ticket->number;
}

static struct ticket *find(const struct queue *queue, uint64_t number) {
  struct ticket *ticket = queue->first;
  while (ticket != NULL && ticket->number != number)
    ticket = ticket->next;
  return ticket;
}

void lane_cancel(struct lane *lane, uint64_t number) {
  struct ticket *ticket = find(&lane->flying, number);
  if (ticket != NULL) {
    http_cancel(lane->http, ticket->request);
    return;
  }
  for (int slow = 0; slow < 2; slow++) {
    ticket = find(&lane->waiting[slow], number);
    if (ticket != NULL)
      leave_unsent(ticket, ERROR_CANCELLED);
  }
}

void lane_destroy(struct lane *lane) {
  if (lane == NULL)
    return;
  timer_close(lane->timer);
  memory_free(lane);
}
