/* One token, from the first who asks for it to the end. The order of time is token_machine.c's table; what it does to the disk is in
 * token_errand.c, what it asks Close in token_request.c, and what an event leads to in token_drive.c. It promises that Close is not
 * asked again for what it refused until the file or the configuration is another one, or a quarter of an hour is over. */
#include "remote/token.h"
#include "base/memory.h"
#include "remote/token_drive.h"
#include "remote/token_errand.h"
#include "remote/token_request.h"
#include <string.h>
#include <time.h>

enum {
  BLOCKED_LOOK_MS = 200,
  BLOCKED_PATIENCE_MS = 60 * 1000,
  UNSAVED_RETRY_MS = 5 * 1000,
};

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
  return ready ? bearer_hold(token->bearer) : NULL;
}

static void look_again_later(struct token *token) { timer_start(token->timer, 0); }

static void serve(struct token *token) {
  struct error error;
  if (token->state == TOKEN_VALID && token->bearer == NULL)
    error_set(&error, ERROR_BUG, "there is no token to serve");
  token_end_waits(token, token_wait_is_content, token->bearer == NULL ? &error : NULL);
  if (!TAILQ_EMPTY(&token->waits))
    look_again_later(token);
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
  token_end_waits(token, token_wait_is_any, &error);
}

static void act(struct token *token, enum token_action action) {
  struct token_wait *wait;
  switch (action) {
  case TOKEN_DO_NOTHING:
    break;
  case TOKEN_DO_OPEN:
    TAILQ_FOREACH(wait, &token->waits, link) { wait->looked = true; }
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
    token_end_waits(token, token_wait_is_any, &token->error);
    break;
  case TOKEN_DO_FAIL_LATER:
    timer_start(token->timer, UNSAVED_RETRY_MS);
    token_end_waits(token, token_wait_is_any, &token->error);
    break;
  case TOKEN_DO_CLOSE:
    close_token(token);
    break;
  }
}

/* From the loop: is there anything to do for those who wait? */
static void consider(struct token *token) {
  bool unlooked = false, rests = token->state == TOKEN_UNREAD || token->state == TOKEN_VALID;
  const struct token_wait *wait;
  TAILQ_FOREACH(wait, &token->waits, link) { unlooked |= token_was_refused(token, wait) && !wait->looked; }
  if (token->state == TOKEN_VALID && !unlooked && !is_due(token))
    serve(token);
  else if (token->state == TOKEN_REFUSED && now_ms(token) < token->retry_at_ms)
    token_end_waits(token, token_wait_is_any, &token->error);
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
  token_end_waits(token, token->state == TOKEN_CLOSED ? token_wait_is_any : token_wait_is_cancelled, &error);
  if (token->state == TOKEN_CLOSED)
    token_leave_loop(token);
  else if (token->state == TOKEN_BLOCKED)
    look_at_lock(token);
  else if (!TAILQ_EMPTY(&token->waits))
    consider(token);
  else if (token->state == TOKEN_UNSAVED)
    token_event(token, TOKEN_WAITED);
}

struct token_wait *token_wait(struct token *token, struct bearer *refused, token_done_fn *done, void *context) {
  struct token_wait *wait = memory_allocate(sizeof *wait);
  *wait = (struct token_wait){
      .token = token, .refused = refused == NULL ? NULL : bearer_hold(refused), .done = done, .context = context};
  TAILQ_INSERT_TAIL(&token->waits, wait, link);
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
  token->url = memory_copy_optional(settings->url);
  token->kind = settings->kind;
  token->client = (struct oauth_client){.id = memory_copy_optional(settings->client.id),
                                        .redirect_uri = memory_copy_optional(settings->client.redirect_uri),
                                        .secret = secret_copy(settings->client.secret)};
}

struct token *token_create(struct token_host *host, const struct token_settings *settings) {
  struct token *token = memory_allocate(sizeof *token);
  token->host = host;
  token->act = act;
  TAILQ_INIT(&token->waits);
  token->timer = timer_open(host->loop, on_timer, token);
  take_settings(token, settings);
  return token;
}

void token_configure(struct token *token, const struct token_settings *settings) {
  forget_settings(token);
  take_settings(token, settings);
  if (token_is_at_rest(token->state) && token->state != TOKEN_UNSAVED && token->state != TOKEN_BLOCKED)
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

/* What is under way ends first: then token_event() stops it. */
void token_stop(struct token *token) {
  token->stopping = true;
  token_event(token, TOKEN_STOP);
}

void token_abandon(struct token *token) { token_event(token, TOKEN_ABANDON); }

void token_close(struct token *token) {
  token->leaving = true;
  token_stop(token);
}

void token_destroy(struct token *token) {
  forget_settings(token);
  bearer_leave(token->bearer);
  oauth_token_finish(&token->present);
  oauth_token_finish(&token->fresh);
  secret_destroy(token->form);
  memory_free(token);
}
