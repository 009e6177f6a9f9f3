#pragma once
/* A Close that answers when the test says so: in place of io/http for what rests on it. No time passes and no socket opens. */
#include "io/http.h"
#include <criterion/criterion.h>
#include <string.h>

enum { ASKED_MAX = 32 };

struct asked {
  char url[64], credential[64], form[256]; /* "": none */
  http_done_fn *done;
  void *context;
  bool cancelled;
};

static struct asked asked[ASKED_MAX]; /* in the order of sending; numbers begin with 1 */
static int asked_count;

uint64_t http_send(struct http *http, const struct http_request *request, http_done_fn *done, void *context) {
  (void)http;
  cr_assert_lt(asked_count, ASKED_MAX);
  asked[asked_count] = (struct asked){.done = done, .context = context};
  strncpy(asked[asked_count].url, request->url, sizeof asked->url - 1);
  if (request->credential != NULL)
    strncpy(asked[asked_count].credential, secret_expose(request->credential), sizeof asked->credential - 1);
  if (request->form != NULL)
    strncpy(asked[asked_count].form, secret_expose(request->form), sizeof asked->form - 1);
  return (uint64_t)++asked_count;
}

void http_destroy(struct http *http) { (void)http; }

void http_cancel(struct http *http, uint64_t request) {
  (void)http;
  asked[request - 1].cancelled = true;
}

static inline void answer_with(int number, int status, const char *body) {
  struct http_response response = {.status = status, .body = slice_of(body)};
  asked[number - 1].done(asked[number - 1].context, &response, NULL);
}

static inline void answer(int number, int status, const char *retry_after) {
  struct header header = {slice_of("retry-after"), slice_of(retry_after == NULL ? "" : retry_after)};
  struct http_response response = {
      .status = status, .body = slice_of("{}"), .headers = &header, .header_count = retry_after == NULL ? 0 : 1};
  asked[number - 1].done(asked[number - 1].context, &response, NULL);
}

static inline void leave_unanswered(int number, enum error_kind kind) {
  struct error error = {0};
  error_set(&error, kind, "no answer");
  asked[number - 1].done(asked[number - 1].context, NULL, &error);
}
