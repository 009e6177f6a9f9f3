#include "remote/api_request.h"
#include "base/memory.h"
#include <stdio.h>

/* What this file is for: patience with bounds. It promises that an exchange ends within three request timeouts, two short pauses
 * and what a rate limit asked for, up to ten seconds each. Error texts hold no varying numbers (they are compared, contract 6). */

enum { PAUSE_MIN_MS = 100, PAUSE_MAX_MS = 500, RESET_MIN_MS = 50 };

struct exchange {
  struct exchange_options options;
  exchange_done_fn *done;
  void *context;
  char *url;
  struct timer *timer;
  uint64_t ticket; /* 0 between tries */
  bool sent;       /* this try; before that it waits its turn in the lane */
  int tries;
  bool cancelled;
};

static void try_once(struct exchange *exchange);

static void count(struct exchange_traffic *traffic, int status) {
  for (int i = 0; i < EXCHANGE_CODES; i++)
    if (traffic->codes[i].status == status || traffic->codes[i].status == 0) {
      traffic->codes[i].status = status;
      traffic->codes[i].requests++;
      return;
    }
  traffic->unanswered++;
}

/* More than one whole exchange are no worse: the long dead take turns. */
static void note_lateness(struct exchange_traffic *traffic, const struct error *error) {
  if (error->kind == ERROR_TIMEOUT && traffic->timeouts < EXCHANGE_TRIES)
    traffic->timeouts++;
  else if (error->kind != ERROR_TIMEOUT && error->kind != ERROR_CANCELLED)
    traffic->timeouts = 0;
}

static void finish(struct exchange *exchange, const struct exchange_answer *answer) {
  exchange_done_fn *done = exchange->done;
  void *context = exchange->context;
  timer_close(exchange->timer);
  memory_free(exchange->url);
  memory_free(exchange);
  done(context, answer);
}

static void fail(struct exchange *exchange, const struct error *error) {
  struct exchange_answer answer = {.verdict = VERDICT_GIVE_UP, .rate = {false, -1, -1, -1}, .error = error};
  finish(exchange, &answer);
}

static void go_on(void *context) {
  struct exchange *exchange = context;
  struct error error;
  if (!exchange->cancelled) {
    try_once(exchange);
    return;
  }
  error_set(&error, ERROR_CANCELLED, "the sweep was abandoned");
  fail(exchange, &error);
}

/* Whether there is another try, after a pause. */
static bool try_again(struct exchange *exchange, int64_t at_least_ms) {
  if (exchange->tries == EXCHANGE_TRIES || exchange->cancelled || at_least_ms > EXCHANGE_PATIENCE_MS)
    return false;
  int64_t pause = random_between(exchange->options.random, PAUSE_MIN_MS, PAUSE_MAX_MS);
  if (at_least_ms > 0)
    pause = at_least_ms + random_between(exchange->options.random, RESET_MIN_MS, PAUSE_MAX_MS);
  exchange->options.traffic->waiting = at_least_ms > 0;
  timer_start(exchange->timer, pause);
  return true;
}

static void explain(const struct verdict_reading *reading, int status, struct error *error) {
  switch (reading->verdict) {
  case VERDICT_TAKE:
  case VERDICT_PARAMETERS:
  case VERDICT_MISSING:
    break;
  case VERDICT_REFUSED:
    error_set(error, ERROR_AUTH,
              "Close refused the key (HTTP %d): check that it is valid and may see connected accounts", status);
    break;
  case VERDICT_WAIT:
    error_set(error, ERROR_RATE_LIMIT, "Close's rate limit is used up (HTTP 429)");
    break;
  case VERDICT_AGAIN:
    error_set(error, ERROR_HTTP, "Close is not available (HTTP 503)");
    break;
  case VERDICT_GIVE_UP:
    if (status >= 300 && status < 400)
      error_set(error, ERROR_HTTP,
                "Close answered with a redirect (HTTP %d), which is not followed: check api.base_url", status);
    else if (status == 402)
      error_set(error, ERROR_HTTP, "Close says that the plan's limit is reached (HTTP 402)");
    else
      error_set(error, ERROR_HTTP, "Close answered HTTP %d", status);
  }
  if (error->kind != ERROR_NONE)
    snprintf(error->code, sizeof error->code, "%d", status);
}

static void take(struct exchange *exchange, const struct http_response *response) {
  struct verdict_reading reading =
      verdict_read(response->status, response->headers, response->header_count, time(NULL));
  struct error error = {0};
  exchange->options.traffic->received_bytes += response->received_bytes;
  exchange->options.traffic->timeouts = 0;
  count(exchange->options.traffic, response->status);
  budget_answered(exchange->options.budget, loop_now_ms(exchange->options.loop), &reading);
  if ((reading.verdict == VERDICT_WAIT || reading.verdict == VERDICT_AGAIN) && try_again(exchange, reading.wait_ms))
    return;
  explain(&reading, response->status, &error);
  struct exchange_answer answer = {.verdict = reading.verdict,
                                   .status = response->status,
                                   .body = response->body,
                                   .rate = reading.rate,
                                   .error = error.kind == ERROR_NONE ? NULL : &error};
  finish(exchange, &answer);
}

static void on_response(void *context, const struct http_response *response, const struct error *error) {
  struct exchange *exchange = context;
  exchange->ticket = 0;
  if (!exchange->sent) {
    go_on(exchange);
    return;
  }
  if (response != NULL) {
    take(exchange, response);
    return;
  }
  exchange->options.traffic->unanswered++;
  budget_answered(exchange->options.budget, loop_now_ms(exchange->options.loop), NULL);
  note_lateness(exchange->options.traffic, error);
  bool passing = error->kind == ERROR_TIMEOUT || error->kind == ERROR_NETWORK;
  if (!passing || !try_again(exchange, 0))
    fail(exchange, error);
}

static void give_up_waiting(struct exchange *exchange) {
  struct error error;
  error_set(&error, ERROR_RATE_LIMIT, "Close's rate limit is used up, and its reset is more than 10 s away");
  fail(exchange, &error);
}

/* What is counted is what is sent: the budget may have changed while it waited its turn. */
static bool take_turn(void *context) {
  struct exchange *exchange = context;
  struct budget *budget = exchange->options.budget;
  int64_t now_ms = loop_now_ms(exchange->options.loop);
  if (budget_wait_ms(budget, now_ms) > 0)
    return false;
  budget_sent(budget, now_ms);
  exchange->sent = true;
  exchange->tries++;
  exchange->options.traffic->requests++;
  return true;
}

static void try_once(struct exchange *exchange) {
  int64_t wait_ms = budget_wait_ms(exchange->options.budget, loop_now_ms(exchange->options.loop));
  struct lane_request request = {.url = exchange->url,
                                 .key = exchange->options.key,
                                 .timeouts = exchange->options.traffic->timeouts,
                                 .may_send = take_turn};
  if (wait_ms > EXCHANGE_PATIENCE_MS) {
    give_up_waiting(exchange);
    return;
  }
  exchange->options.traffic->waiting = wait_ms > 0;
  if (wait_ms > 0) {
    timer_start(exchange->timer, wait_ms);
    return;
  }
  exchange->sent = false;
  exchange->ticket = lane_get(exchange->options.lane, &request, on_response, exchange);
}

struct exchange *exchange_start(const struct exchange_options *options, const char *url, exchange_done_fn *done,
                                void *context) {
  struct exchange *exchange = memory_allocate(sizeof *exchange);
  *exchange = (struct exchange){.options = *options, .done = done, .context = context, .url = memory_copy_text(url)};
  exchange->timer = timer_open(options->loop, go_on, exchange);
  if (budget_wait_ms(options->budget, loop_now_ms(options->loop)) > 0)
    timer_start(exchange->timer, 0); /* a completion must not come from inside this call */
  else
    try_once(exchange);
  return exchange;
}

void exchange_cancel(struct exchange *exchange) {
  if (exchange->cancelled)
    return;
  exchange->cancelled = true;
  if (exchange->ticket != 0)
    lane_cancel(exchange->options.lane, exchange->ticket);
  else
    timer_start(exchange->timer, 0);
}
