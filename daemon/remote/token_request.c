/* Close's answer to a refresh, and what it proves. A refresh token may be spent once, so it matters whether an answer that did not come
 * may have been given: what was never sent, or was refused before it was judged (429, 503), was not. */
#include "remote/token_request.h"
#include <string.h>
#include <time.h>

/* A server that rotates nothing sends no refresh token: the old one stays good. */
static void take_answer(struct token *token, struct oauth_token *answer) {
  const struct oauth_token *before = &token->present;
  if (answer->refresh == NULL)
    answer->refresh = secret_copy(before->refresh);
  if (*answer->organization_id == '\0')
    strcpy(answer->organization_id, before->organization_id);
  if (*answer->user_id == '\0')
    strcpy(answer->user_id, before->user_id);
  oauth_digest(before->refresh, answer->replaces);
  oauth_token_finish(&token->fresh);
  token->fresh = *answer;
  token_event(token, TOKEN_GRANTED);
}

static void lose_answer(struct token *token, const struct error *error) {
  token->lost = true;
  if (token->state == TOKEN_ASKING) {
    token->error = *error;
    token_event(token, TOKEN_LOST);
    return;
  }
  token_meet_trouble(token, error);
}

static void take_refusal(struct token *token, const struct http_response *response) {
  const char *word = oauth_read_refusal(response->body);
  bool client = strcmp(word, "invalid_client") == 0 || strcmp(word, "unauthorized_client") == 0;
  char why[256];
  snprintf(why, sizeof why, "Close refused to renew the OAuth token (HTTP %d%s%s)%s", response->status,
           *word == '\0' ? "" : ", ", word, token->lost ? " after an answer of it was lost" : "");
  token_deny(token, why, client ? "check oauth_client_id and the client's secret" : NULL);
}

static void judge(struct token *token, const struct http_response *response) {
  struct oauth_token answer = {.access = NULL};
  struct error error = {0};
  switch (response->status) {
  case 200:
    if (oauth_read_answer(response->body, (int64_t)time(NULL), &answer, &error))
      take_answer(token, &answer);
    else
      lose_answer(token, &error);
    return;
  case 400:
  case 401:
  case 403:
    take_refusal(token, response);
    return;
  case 429:
  case 503:
    error_set(&error, ERROR_HTTP, "Close does not renew the OAuth token now (HTTP %d)", response->status);
    token_meet_trouble(token, &error);
    return;
  default:
    error_set(&error, ERROR_HTTP, "Close answered HTTP %d to the renewal of the OAuth token%s", response->status,
              response->status < 500 ? ": check api.oauth_url" : "");
    if (response->status < 500)
      token_meet_trouble(token, &error);
    else
      lose_answer(token, &error);
  }
}

static void on_response(void *context, const struct http_response *response, const struct error *error) {
  struct token *token = context;
  struct request_queue *queue = token->queue;
  struct error told = {0};
  token->ticket = 0;
  token->queue = NULL;
  secret_destroy(token->form);
  token->form = NULL;
  token->timeouts = error != NULL && error->kind == ERROR_TIMEOUT ? token->timeouts + 1 : 0;
  if (response != NULL) {
    judge(token, response);
  } else if (error->kind != ERROR_CANCELLED) {
    told = *error;
    error_prefix(&told, "could not renew the OAuth token");
    if (strcmp(error->code, HTTP_UNSENT) == 0)
      token_meet_trouble(token, &told);
    else
      lose_answer(token, &told);
  }
  request_queue_leave(queue);
}

void token_ask(struct token *token) {
  token->form = oauth_refresh_form(&token->client, token->present.refresh);
  token->queue = token->host->queue;
  request_queue_hold(token->queue);
  struct queued_request request = {.http = {.url = token->url, .form = token->form}, .timeouts = token->timeouts};
  token->ticket = request_queue_send(token->queue, &request, on_response, token);
}

void token_cancel_request(struct token *token) {
  if (token->ticket != 0)
    request_queue_cancel(token->queue, token->ticket);
}
