/* The events of a token and those who wait for it. What an event makes it do is token.c's, through `act`. It promises that who waits is
 * told once. */
#include "remote/token_drive.h"
#include "base/memory.h"
#include <string.h>
#include <time.h>

enum {
  SPARED_MS = 30 * 1000, /* the present token is served before the next try */
  REFUSED_MS = 15 * 60 * 1000,
};

struct bearer {
  struct secret *secret;
  int users;
};

const struct secret *bearer_secret(const struct bearer *bearer) { return bearer->secret; }

void bearer_leave(struct bearer *bearer) {
  if (bearer == NULL || --bearer->users > 0)
    return;
  secret_destroy(bearer->secret);
  memory_free(bearer);
}

struct bearer *bearer_hold(struct bearer *bearer) {
  bearer->users++;
  return bearer;
}

void token_serve_as(struct token *token, const struct secret *access) {
  if (token->bearer != NULL && secret_equals(token->bearer->secret, access))
    return;
  bearer_leave(token->bearer);
  token->bearer = memory_allocate(sizeof *token->bearer);
  *token->bearer = (struct bearer){secret_copy(access), 1};
}

/* ---- those who wait ---- */

bool token_was_refused(const struct token *token, const struct token_wait *wait) {
  return wait->refused != NULL && token->bearer != NULL && secret_equals(wait->refused->secret, token->bearer->secret);
}

const struct secret *token_refused(const struct token *token) {
  const struct token_wait *wait;
  TAILQ_FOREACH(wait, &token->waits, link) {
    if (token_was_refused(token, wait))
      return wait->refused->secret;
  }
  return NULL;
}

void token_end_waits(struct token *token, bool (*ends)(const struct token *token, const struct token_wait *wait),
                     const struct error *error) {
  struct token_waits ended = TAILQ_HEAD_INITIALIZER(ended);
  struct token_wait *wait, *next;
  for (wait = TAILQ_FIRST(&token->waits); wait != NULL; wait = next) {
    next = TAILQ_NEXT(wait, link);
    if (!ends(token, wait))
      continue;
    TAILQ_REMOVE(&token->waits, wait, link);
    TAILQ_INSERT_TAIL(&ended, wait, link);
  }
  while ((wait = TAILQ_FIRST(&ended)) != NULL) {
    TAILQ_REMOVE(&ended, wait, link);
    wait->done(wait->context, error == NULL ? bearer_hold(token->bearer) : NULL, error);
    bearer_leave(wait->refused);
    memory_free(wait);
  }
}

bool token_wait_is_any(const struct token *token, const struct token_wait *wait) {
  (void)token;
  return wait != NULL;
}

bool token_wait_is_cancelled(const struct token *token, const struct token_wait *wait) {
  (void)token;
  return wait->cancelled;
}

bool token_wait_is_content(const struct token *token, const struct token_wait *wait) {
  return wait->looked || !token_was_refused(token, wait);
}

static void tell_once(struct token *token, const char *what) {
  if (strcmp(token->told, token->error.text) == 0)
    return;
  strcpy(token->told, token->error.text);
  log_write(token->host->log, LOG_LEVEL_WARNING, "%s: %s organization=%s", what, token->error.text, token->name);
}

static void tell_refreshed(struct token *token) {
  log_write(token->host->log, LOG_LEVEL_INFO, "the OAuth token was renewed organization=%s lives_s=%lld", token->name,
            token->present.expires_s == 0 ? -1LL : (long long)(token->present.expires_s - token->present.obtained_s));
  *token->told = '\0';
}

bool token_is_at_rest(enum token_state state) {
  return state == TOKEN_UNREAD || state == TOKEN_VALID || state == TOKEN_REFUSED || state == TOKEN_BLOCKED ||
         state == TOKEN_UNSAVED;
}

void token_leave_loop(struct token *token) {
  if (!token->leaving || token->timer == NULL)
    return;
  if (!TAILQ_EMPTY(&token->waits)) {
    timer_start(token->timer, 0);
    return;
  }
  timer_close(token->timer);
  token->timer = NULL;
  token->host->closed(token->host);
}

void token_event(struct token *token, enum token_event event) {
  const struct token_step *step = token_machine_step(&token->state, event);
  log_write(token->host->log, LOG_LEVEL_DEBUG, "token: %s organization=%s state=%s", step->sentence, token->name,
            token_state_name(token->state));
  if (event == TOKEN_SAVED)
    tell_refreshed(token);
  token->act(token, step->action);
  if (token->state != TOKEN_BLOCKED && token->state != TOKEN_OPENING)
    token->blocked_since_ms = 0;
  if (token->state == TOKEN_CLOSED)
    token_leave_loop(token);
  if (!token_is_at_rest(token->state))
    return;
  if (token->stopping) {
    token_event(token, token->state == TOKEN_UNSAVED ? TOKEN_ABANDON : TOKEN_STOP);
  } else if (token->renewed && token->state != TOKEN_BLOCKED && token->state != TOKEN_UNSAVED) {
    token->renewed = false;
    token_event(token, TOKEN_RENEWED);
  }
}

void token_meet_trouble(struct token *token, const struct error *error) {
  bool lives = oauth_token_lives(&token->present, (int64_t)time(NULL));
  token->error = *error;
  if (lives && token->present.access != NULL)
    token_serve_as(token, token->present.access);
  if (!lives || token_refused(token) != NULL) {
    token_event(token, TOKEN_TROUBLE);
    return;
  }
  token->spared_until_ms = loop_now_ms(token->host->loop) + SPARED_MS;
  tell_once(token, "could not renew the OAuth token, the present one serves while it lives");
  token_event(token, TOKEN_SPARED);
}

void token_deny(struct token *token, const char *why, const char *advice) {
  bool oauth = token->kind == TOKEN_OF_OAUTH;
  if (advice != NULL || !oauth)
    error_set(&token->error, ERROR_CREDENTIAL, "%s%s%s", why, advice == NULL ? "" : ": ", advice == NULL ? "" : advice);
  else
    error_set(&token->error, ERROR_CREDENTIAL, "%s: run `closesyncd authorize %s`", why, token->name);
  token->retry_at_ms = loop_now_ms(token->host->loop) + REFUSED_MS;
  token_event(token, TOKEN_DENIED);
}
