#include "remote/token.h"
#include "base/memory.h"
#include "remote/token_errand.h"
#include "remote/token_request.h"
#include <string.h>
#include <time.h>

/* What this file is for: one token and those who wait for it. The order of time is token_machine.c's table; what it does to the disk is in
 * token_errand.c, what it asks Close in token_request.c. It promises that who waits is told once, and that Close is not asked again for
 * what it refused until the file or the configuration is another one, or a quarter of an hour is over. */

enum {
  SPARED_MS = 30 * 1000, /* the present token is served before the next try */
  REFUSED_MS = 15 * 60 * 1000,
  BLOCKED_LOOK_MS = 200,
  BLOCKED_PATIENCE_MS = 60 * 1000,
  UNSAVED_RETRY_MS = 5 * 1000,
};

struct bearer {
  struct secret *secret;
  int users;
};

struct token_wait {
  struct token_wait *next;
  struct token *token;
  struct bearer *refused; /* held; NULL: none */
  bool looked;            /* the file was read because of `refused` */
  bool cancelled;
  token_done_fn *done;
  void *context;
};

const struct secret *bearer_secret(const struct bearer *bearer) { return bearer->secret; }

void bearer_leave(struct bearer *bearer) {
  if (bearer == NULL || --bearer->users > 0)
    return;
  secret_destroy(bearer->secret);
  memory_free(bearer);
}

static struct bearer *hold(struct bearer *bearer) {
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

static int64_t now_ms(const struct token *token) { return loop_now_ms(token->host->loop); }

/* Due and not spared: somebody must fetch the next one first. */
static bool is_due(const struct token *token) {
  int64_t now_s = (int64_t)time(NULL);
  if (token->kind != TOKEN_OF_OAUTH || !oauth_token_is_due(&token->present, now_s))
    return false;
  return !oauth_token_lives(&token->present, now_s) || now_ms(token) >= token->spared_until_ms;
}

struct bearer *token_ready(struct token *token) {
  bool ready = token->state == TOKEN_VALID && token->bearer != NULL && !token->stopping && !is_due(token);
  return ready ? hold(token->bearer) : NULL;
}

/* ---- those who wait ---- */

static bool was_refused(const struct token *token, const struct token_wait *wait) {
  return wait->refused != NULL && token->bearer != NULL && secret_equals(wait->refused->secret, token->bearer->secret);
}

const struct secret *token_refused(const struct token *token) {
  for (const struct token_wait *wait = token->waits; wait != NULL; wait = wait->next)
    if (was_refused(token, wait))
      return wait->refused->secret;
  return NULL;
}

/* Ends those waits that `ends` chooses; a callback may bring new ones, which are not looked at. */
static void end_waits(struct token *token, bool (*ends)(const struct token *token, const struct token_wait *wait),
                      const struct error *error) {
  struct token_wait *ended = NULL, **last = &ended, **place = &token->waits;
  while (*place != NULL) {
    struct token_wait *wait = *place;
    if (!ends(token, wait)) {
      place = &wait->next;
      continue;
    }
    *place = wait->next;
    wait->next = NULL;
    *last = wait;
    last = &wait->next;
  }
  while (ended != NULL) {
    struct token_wait *wait = ended;
    ended = wait->next;
    wait->done(wait->context, error == NULL ? hold(token->bearer) : NULL, error);
    bearer_leave(wait->refused);
    memory_free(wait);
  }
}

static bool all(const struct token *token, const struct token_wait *wait) {
  (void)token;
  return wait != NULL;
}

static bool cancelled(const struct token *token, const struct token_wait *wait) {
  (void)token;
  return wait->cancelled;
}

/* Who was refused with what is served now waits until the file was read for it. */
static bool content(const struct token *token, const struct token_wait *wait) {
  return wait->looked || !was_refused(token, wait);
}

static void look_again_later(struct token *token) { timer_start(token->timer, 0); }

/* ---- what follows from an event ---- */

static void tell_once(struct token *token, const char *what) {
  if (strcmp(token->told, token->error.text) == 0)
    return;
  strcpy(token->told, token->error.text);
  log_write(token->host->log, LOG_LEVEL_WARNING, "%s: %s organization=%s", what, token->error.text, token->name);
}

static void serve(struct token *token) {
  struct error error;
  if (token->state == TOKEN_VALID && token->bearer == NULL)
    error_set(&error, ERROR_BUG, "there is no token to serve");
  end_waits(token, content, token->bearer == NULL ? &error : NULL);
  if (token->waits != NULL)
    look_again_later(token);
}

static void tell_refreshed(struct token *token) {
  log_write(token->host->log, LOG_LEVEL_INFO, "the OAuth token was renewed organization=%s lives_s=%lld", token->name,
            token->present.expires_s == 0 ? -1LL : (long long)(token->present.expires_s - token->present.obtained_s));
  *token->told = '\0';
}

static void leave_file(struct token *token) {
  token_file_leave(token->file);
  token->file = NULL;
}

static void close_token(struct token *token) {
  struct error error;
  error_set(&error, ERROR_CANCELLED, "it is being stopped");
  errand_abandon(token->errand);
  token->errand = NULL;
  token_cancel_request(token);
  leave_file(token);
  timer_stop(token->timer);
  end_waits(token, all, &error);
}

static void act(struct token *token, enum token_action action) {
  switch (action) {
  case TOKEN_DO_NOTHING:
    break;
  case TOKEN_DO_OPEN:
    for (struct token_wait *wait = token->waits; wait != NULL; wait = wait->next)
      wait->looked = true;
    token_open(token);
    break;
  case TOKEN_DO_WAIT:
    timer_start(token->timer, BLOCKED_LOOK_MS);
    break;
  case TOKEN_DO_ASK:
    token_ask(token);
    break;
  case TOKEN_DO_PERSIST:
    token_persist(token);
    break;
  case TOKEN_DO_SERVE:
    leave_file(token);
    serve(token);
    break;
  case TOKEN_DO_FAIL:
    leave_file(token);
    end_waits(token, all, &token->error);
    break;
  case TOKEN_DO_FAIL_LATER:
    timer_start(token->timer, UNSAVED_RETRY_MS);
    end_waits(token, all, &token->error);
    break;
  case TOKEN_DO_NOTE:
    token->stopping = true;
    break;
  case TOKEN_DO_CLOSE:
    close_token(token);
    break;
  }
}

static bool is_at_rest(enum token_state state) {
  return state == TOKEN_UNREAD || state == TOKEN_VALID || state == TOKEN_REFUSED || state == TOKEN_BLOCKED ||
         state == TOKEN_UNSAVED;
}

static void leave_loop(struct token *token) {
  if (!token->leaving || token->timer == NULL)
    return;
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
  act(token, step->action);
  if (token->state != TOKEN_BLOCKED && token->state != TOKEN_OPENING)
    token->blocked_since_ms = 0;
  if (token->state == TOKEN_CLOSED)
    leave_loop(token);
  if (!is_at_rest(token->state))
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
  token->spared_until_ms = now_ms(token) + SPARED_MS;
  tell_once(token, "could not renew the OAuth token, the present one serves while it lives");
  token_event(token, TOKEN_SPARED);
}

void token_deny(struct token *token, const char *why, const char *advice) {
  bool oauth = token->kind == TOKEN_OF_OAUTH;
  if (advice != NULL || !oauth)
    error_set(&token->error, ERROR_CREDENTIAL, "%s%s%s", why, advice == NULL ? "" : ": ", advice == NULL ? "" : advice);
  else
    error_set(&token->error, ERROR_CREDENTIAL, "%s: run `closesyncd authorize %s`", why, token->name);
  token->retry_at_ms = now_ms(token) + REFUSED_MS;
  token_event(token, TOKEN_DENIED);
}

/* From the loop: is there anything to do for those who wait? */
static void consider(struct token *token) {
  bool unlooked = false, rests = token->state == TOKEN_UNREAD || token->state == TOKEN_VALID;
  for (const struct token_wait *wait = token->waits; wait != NULL; wait = wait->next)
    unlooked |= was_refused(token, wait) && !wait->looked;
  if (token->state == TOKEN_VALID && !unlooked && !is_due(token))
    serve(token);
  else if (token->state == TOKEN_REFUSED && now_ms(token) < token->retry_at_ms)
    end_waits(token, all, &token->error);
  else if (rests || token->state == TOKEN_REFUSED || token->state == TOKEN_UNSAVED)
    token_event(token, TOKEN_WANTED);
}

static void look_at_lock(struct token *token) {
  struct error error;
  if (token->blocked_since_ms == 0)
    token->blocked_since_ms = now_ms(token);
  error_set(&error, ERROR_CONFLICT, "another process has been renewing the OAuth token for %d s: see \"%s.lock\"",
            BLOCKED_PATIENCE_MS / 1000, token->path);
  if (now_ms(token) - token->blocked_since_ms > BLOCKED_PATIENCE_MS)
    token_meet_trouble(token, &error);
  else
    token_event(token, TOKEN_WAITED);
}

static void on_timer(void *context) {
  struct token *token = context;
  struct error error;
  error_set(&error, ERROR_CANCELLED, "the request was abandoned");
  end_waits(token, token->state == TOKEN_CLOSED ? all : cancelled, &error);
  if (token->state == TOKEN_BLOCKED)
    look_at_lock(token);
  else if (token->waits != NULL)
    consider(token);
  else if (token->state == TOKEN_UNSAVED)
    token_event(token, TOKEN_WAITED);
}

struct token_wait *token_wait(struct token *token, struct bearer *refused, token_done_fn *done, void *context) {
  struct token_wait *wait = memory_allocate(sizeof *wait), **place = &token->waits;
  *wait = (struct token_wait){
      .token = token, .refused = refused == NULL ? NULL : hold(refused), .done = done, .context = context};
  while (*place != NULL)
    place = &(*place)->next;
  *place = wait;
  look_again_later(token);
  return wait;
}

void token_wait_cancel(struct token_wait *wait) {
  wait->cancelled = true;
  look_again_later(wait->token);
}

struct token_view token_look(const struct token *token) {
  return (struct token_view){.expires_s = token->present.expires_s,
                             .refreshed_s = token->present.obtained_s,
                             .authorize_needed = token->kind == TOKEN_OF_OAUTH && token->state == TOKEN_REFUSED};
}

const char *token_name(const struct token *token) { return token->name; }

/* ---- the whole ---- */

static char *copy_or_null(const char *text) { return text == NULL ? NULL : memory_copy_text(text); }

static void forget_settings(struct token *token) {
  memory_free(token->name);
  memory_free(token->path);
  memory_free(token->url);
  memory_free((char *)(uintptr_t)token->client.id);
  memory_free((char *)(uintptr_t)token->client.redirect_uri);
  secret_destroy((struct secret *)(uintptr_t)token->client.secret);
}

static void take_settings(struct token *token, const struct token_settings *settings) {
  token->name = memory_copy_text(settings->name);
  token->path = memory_copy_text(settings->path);
  token->url = copy_or_null(settings->url);
  token->kind = settings->kind;
  token->client = (struct oauth_client){.id = copy_or_null(settings->client.id),
                                        .redirect_uri = copy_or_null(settings->client.redirect_uri),
                                        .secret = secret_copy(settings->client.secret)};
}

struct token *token_create(struct token_host *host, const struct token_settings *settings) {
  struct token *token = memory_allocate(sizeof *token);
  token->host = host;
  token->timer = timer_open(host->loop, on_timer, token);
  take_settings(token, settings);
  return token;
}

void token_configure(struct token *token, const struct token_settings *settings) {
  forget_settings(token);
  take_settings(token, settings);
  if (is_at_rest(token->state) && token->state != TOKEN_UNSAVED && token->state != TOKEN_BLOCKED)
    token_event(token, TOKEN_RENEWED);
  else
    token->renewed = true;
}

bool token_look_at_file(struct token *token) {
  if (token->kind != TOKEN_OF_OAUTH || token->state != TOKEN_REFUSED)
    return false;
  struct token_stamp stamp = token_stamp_of(token->path);
  if (token_stamp_equals(&stamp, &token->stamp))
    return false;
  token_event(token, TOKEN_RENEWED);
  return true;
}

void token_stop(struct token *token) { token_event(token, TOKEN_STOP); }

void token_abandon(struct token *token) { token_event(token, TOKEN_ABANDON); }

void token_close(struct token *token) {
  token->leaving = true;
  token_event(token, TOKEN_STOP);
}

void token_destroy(struct token *token) {
  while (token->waits != NULL) { /* asked for after the stop: the loop was empty before they could be told */
    struct token_wait *wait = token->waits;
    token->waits = wait->next;
    bearer_leave(wait->refused);
    memory_free(wait);
  }
  forget_settings(token);
  bearer_leave(token->bearer);
  oauth_token_finish(&token->present);
  oauth_token_finish(&token->fresh);
  secret_destroy(token->form);
  memory_free(token);
}
