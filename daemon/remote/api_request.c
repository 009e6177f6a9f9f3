/* Sends a request, and sends it again while that can help. It promises that a request with all its tries ends within three request
 * timeouts, two short pauses and what a rate limit asked for, up to ten seconds each. Error texts hold no varying numbers (they are
 * compared, contract 6). */
#include "remote/api_request.h"
#include "base/memory.h"
#include <stdio.h>

enum { PAUSE_MIN_MS = 100, PAUSE_MAX_MS = 500, RESET_MIN_MS = 50 };

struct api_request {
  struct api_request_options options;
  api_request_done_fn *done;
  void *context;
  struct buffer url;
  struct timer *timer;
  uint64_t ticket; /* 0 between tries */
  bool sent;       /* this try; before that it waits its turn in the queue */
  int64_t sent_ms; /* monotonic, likewise */
  int tries;
  bool cancelled;
  struct token_wait *wait; /* for a token; or NULL */
  struct bearer *bearer;   /* what is sent; NULL: the key */
  bool given;              /* the token has just been given: it is sent, whatever its age */
  int refused;             /* the status with which a token was refused; 0: none was */
};

const int64_t api_request_bounds_ms[HISTOGRAM_BUCKETS] = {10,   25,   50,   100,   250,   500,
                                                          1000, 2500, 5000, 10000, 30000, 60000};

static void try_once(struct api_request *api_request);
static void await_token(struct api_request *api_request);

static void count(struct api_request_traffic *traffic, int status) {
  for (int i = 0; i < API_REQUEST_CODES; i++)
    if (traffic->codes[i].status == status || traffic->codes[i].status == 0) {
      traffic->codes[i].status = status;
      traffic->codes[i].requests++;
      return;
    }
  traffic->others++;
}

/* Counted up to one request's tries: among organizations that stay silent none goes behind the others in the slow queue. */
static void note_lateness(struct api_request_traffic *traffic, const struct error *error) {
  if (error->kind == ERROR_TIMEOUT && traffic->timeouts < API_REQUEST_TRIES)
    traffic->timeouts++;
  else if (error->kind != ERROR_TIMEOUT && error->kind != ERROR_CANCELLED)
    traffic->timeouts = 0;
}

static void finish(struct api_request *api_request, const struct api_request_answer *answer) {
  api_request_done_fn *done = api_request->done;
  void *context = api_request->context;
  timer_close(api_request->timer);
  bearer_leave(api_request->bearer);
  buffer_finish(&api_request->url);
  memory_free(api_request);
  done(context, answer);
}

static void fail(struct api_request *api_request, const struct error *error) {
  struct api_request_answer answer = {.verdict = VERDICT_GIVE_UP, .error = error};
  finish(api_request, &answer);
}

static void go_on(void *context) {
  struct api_request *api_request = context;
  struct error error;
  if (!api_request->cancelled && buffer_fits(&api_request->url)) {
    try_once(api_request);
    return;
  }
  if (api_request->cancelled)
    error_set(&error, ERROR_CANCELLED, "the sweep was abandoned");
  else
    error_set(&error, ERROR_LIMIT, "the address to ask is too long: shorten api.base_url or user_id");
  fail(api_request, &error);
}

/* Whether there is another try, after a pause. */
static bool try_again(struct api_request *api_request, int64_t at_least_ms) {
  if (api_request->tries == API_REQUEST_TRIES || api_request->cancelled || at_least_ms > API_REQUEST_PATIENCE_MS)
    return false;
  int64_t pause = random_between(api_request->options.random, PAUSE_MIN_MS, PAUSE_MAX_MS);
  if (at_least_ms > 0)
    pause = at_least_ms + random_between(api_request->options.random, RESET_MIN_MS, PAUSE_MAX_MS);
  api_request->options.traffic->waiting = at_least_ms > 0;
  timer_start(api_request->timer, pause);
  return true;
}

static bool is_by_key(const struct api_request *api_request) {
  return api_request->bearer == NULL && api_request->options.scheme != HTTP_BEARER;
}

static void explain(const struct api_request *api_request, const struct verdict_reading *reading, int status,
                    struct error *error) {
  switch (reading->verdict) {
  case VERDICT_TAKE:
  case VERDICT_PARAMETERS:
  case VERDICT_MISSING:
    break;
  case VERDICT_REFUSED:
    error_set(error, ERROR_AUTH,
              "Close refused the %s (HTTP %d): check that it is valid and may see connected accounts",
              is_by_key(api_request) ? "key" : "access token", status);
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

/* A token may have been renewed meanwhile, or be due: once in a request's life another one is tried. */
static bool try_other_token(struct api_request *api_request, int status) {
  if (api_request->bearer == NULL || api_request->refused != 0 || api_request->cancelled || status != 401)
    return false;
  api_request->refused = status;
  await_token(api_request);
  return true;
}

static void take(struct api_request *api_request, const struct http_response *response) {
  struct verdict_reading reading =
      verdict_read(response->status, response->headers, response->header_count, time(NULL));
  struct error error = {0};
  api_request->options.traffic->received_bytes += response->received_bytes;
  api_request->options.traffic->timeouts = 0;
  count(api_request->options.traffic, response->status);
  rate_limit_answered(api_request->options.rate_limit, loop_now_ms(api_request->options.loop), &reading);
  if (reading.verdict == VERDICT_AGAIN && reading.wait_ms > API_REQUEST_PATIENCE_MS)
    reading.wait_ms = API_REQUEST_PATIENCE_MS; /* it is no limit of ours, and may be over sooner */
  if ((reading.verdict == VERDICT_WAIT || reading.verdict == VERDICT_AGAIN) && try_again(api_request, reading.wait_ms))
    return;
  if (reading.verdict == VERDICT_REFUSED && try_other_token(api_request, response->status))
    return;
  explain(api_request, &reading, response->status, &error);
  struct api_request_answer answer = {.verdict = reading.verdict,
                                      .status = response->status,
                                      .body = response->body,
                                      .memory = response->memory,
                                      .error = error.kind == ERROR_NONE ? NULL : &error};
  finish(api_request, &answer);
}

static void on_response(void *context, const struct http_response *response, const struct error *error) {
  struct api_request *api_request = context;
  api_request->ticket = 0;
  if (!api_request->sent) {
    go_on(api_request);
    return;
  }
  histogram_count(&api_request->options.traffic->durations, api_request_bounds_ms,
                  loop_now_ms(api_request->options.loop) - api_request->sent_ms);
  if (response != NULL) {
    take(api_request, response);
    return;
  }
  api_request->options.traffic->unanswered++;
  rate_limit_answered(api_request->options.rate_limit, loop_now_ms(api_request->options.loop), NULL);
  note_lateness(api_request->options.traffic, error);
  bool passing = error->kind == ERROR_TIMEOUT || error->kind == ERROR_NETWORK;
  if (!passing || !try_again(api_request, 0))
    fail(api_request, error);
}

static void give_up_waiting(struct api_request *api_request) {
  struct error error;
  error_set(&error, ERROR_RATE_LIMIT, "Close's rate limit is used up, and its reset is more than 10 s away");
  fail(api_request, &error);
}

/* What is counted is what is sent: the limit may have changed while it waited its turn. */
static bool take_turn(void *context) {
  struct api_request *api_request = context;
  struct rate_limit *rate_limit = api_request->options.rate_limit;
  int64_t now_ms = loop_now_ms(api_request->options.loop);
  if (rate_limit_wait_ms(rate_limit, now_ms) > 0)
    return false;
  rate_limit_sent(rate_limit, now_ms);
  api_request->sent = true;
  api_request->sent_ms = now_ms;
  api_request->tries++;
  api_request->options.traffic->requests++;
  return true;
}

/* The refused one again: what Close said stands. */
static void stay_refused(struct api_request *api_request) {
  struct verdict_reading reading = {.verdict = VERDICT_REFUSED};
  struct error error = {0};
  explain(api_request, &reading, api_request->refused, &error);
  struct api_request_answer answer = {.verdict = VERDICT_REFUSED, .status = api_request->refused, .error = &error};
  finish(api_request, &answer);
}

static void on_token(void *context, struct bearer *bearer, const struct error *error) {
  struct api_request *api_request = context;
  struct bearer *before = api_request->bearer;
  api_request->wait = NULL;
  if (bearer == NULL) {
    fail(api_request, error);
    return;
  }
  bool same = before != NULL && secret_equals(bearer_secret(before), bearer_secret(bearer));
  api_request->bearer = bearer;
  bearer_leave(before);
  if (api_request->cancelled)
    go_on(api_request);
  else if (same && api_request->refused != 0)
    stay_refused(api_request);
  else {
    api_request->given = true;
    try_once(api_request);
  }
}

/* For the first one, or for another than the refused one. */
static void await_token(struct api_request *api_request) {
  api_request->options.traffic->waiting = true;
  api_request->wait = token_wait(api_request->options.token, api_request->bearer, on_token, api_request);
}

/* What will be sent: at each try what is valid then. False: it is waited for. */
static bool has_credential(struct api_request *api_request) {
  if (api_request->options.token == NULL)
    return true;
  if (api_request->given) {
    api_request->given = false;
    return true;
  }
  struct bearer *bearer = token_ready(api_request->options.token);
  if (bearer == NULL && api_request->refused == 0) {
    bearer_leave(api_request->bearer);
    api_request->bearer = NULL;
    await_token(api_request);
    return false;
  }
  if (bearer != NULL) {
    bearer_leave(api_request->bearer);
    api_request->bearer = bearer;
  }
  return true;
}

static void send_once(struct api_request *api_request) {
  const struct bearer *bearer = api_request->bearer;
  struct queued_request request = {
      .http = {.url = api_request->url.bytes,
               .credential = bearer == NULL ? api_request->options.key : bearer_secret(bearer),
               .scheme = bearer == NULL ? api_request->options.scheme : HTTP_BEARER},
      .timeouts = api_request->options.traffic->timeouts,
      .may_send = take_turn};
  api_request->sent = false;
  api_request->ticket = request_queue_send(api_request->options.request_queue, &request, on_response, api_request);
}

static void try_once(struct api_request *api_request) {
  int64_t wait_ms = rate_limit_wait_ms(api_request->options.rate_limit, loop_now_ms(api_request->options.loop));
  if (wait_ms > API_REQUEST_PATIENCE_MS) {
    give_up_waiting(api_request);
    return;
  }
  api_request->options.traffic->waiting = wait_ms > 0;
  if (wait_ms > 0) {
    timer_start(api_request->timer, wait_ms);
    return;
  }
  if (has_credential(api_request))
    send_once(api_request);
}

struct api_request *api_request_start(const struct api_request_options *options, struct buffer url,
                                      api_request_done_fn *done, void *context) {
  struct api_request *api_request = memory_allocate(sizeof *api_request);
  *api_request = (struct api_request){.options = *options, .url = url, .done = done, .context = context};
  api_request->timer = timer_open(options->loop, go_on, api_request);
  if (!buffer_fits(&url) || rate_limit_wait_ms(options->rate_limit, loop_now_ms(options->loop)) > 0)
    timer_start(api_request->timer, 0); /* a completion must not come from inside this call */
  else
    try_once(api_request);
  return api_request;
}

void api_request_cancel(struct api_request *api_request) {
  if (api_request->cancelled)
    return;
  api_request->cancelled = true;
  if (api_request->wait != NULL)
    token_wait_cancel(api_request->wait);
  else if (api_request->ticket != 0)
    request_queue_cancel(api_request->options.request_queue, api_request->ticket);
  else
    timer_start(api_request->timer, 0);
}
