/* Everything that may wait for a disk, off the loop. An errand's work holds copies of what it needs, for the token may be gone before a
 * dead disk answers. */
#include "remote/token_errand.h"
#include "base/memory.h"
#include <string.h>
#include <time.h>

/* ---- reading, and making ready to refresh ---- */

struct opening {
  struct token *token; /* for the loop alone */
  enum token_kind kind;
  char *path;
  struct secret *refused; /* or NULL */
  int64_t now_s;
  /* what came of it */
  enum token_event event;
  struct oauth_token found;
  struct token_file *file;
  struct token_stamp stamp;
  struct error error;
};

static bool is_same(const struct secret *left, const struct secret *right) {
  return left != NULL && right != NULL && secret_equals(left, right);
}

/* A 401 counts when the token is no newborn: Close refuses those for other reasons (close-api.md 5.2). */
static bool is_to_be_refreshed(const struct opening *opening) {
  if (is_same(opening->found.access, opening->refused) && oauth_token_is_old(&opening->found, opening->now_s))
    return true;
  return oauth_token_is_due(&opening->found, opening->now_s);
}

static bool read_again(struct opening *opening) {
  oauth_token_finish(&opening->found);
  opening->stamp = token_stamp_of(opening->path);
  return token_file_read(opening->path, &opening->found, &opening->error);
}

static enum token_event unreadable(const struct opening *opening) {
  return opening->error.kind == ERROR_CREDENTIAL ? TOKEN_DENIED : TOKEN_TROUBLE;
}

/* A file that could not be read is looked at once more under the lock: a process that died may have left its successor. */
static enum token_event open_oauth(struct opening *opening) {
  bool read = read_again(opening);
  struct error locked = {0};
  if (read && !is_to_be_refreshed(opening))
    return TOKEN_GOOD;
  opening->file = token_file_lock(opening->path, &locked);
  if (opening->file == NULL && !read)
    return unreadable(opening);
  if (opening->file == NULL) {
    opening->error = locked;
    return locked.kind == ERROR_CONFLICT ? TOKEN_BUSY : TOKEN_TROUBLE;
  }
  if (!read_again(opening))
    return unreadable(opening);
  if (!is_to_be_refreshed(opening))
    return TOKEN_GOOD;
  return token_file_reserve(opening->file, &opening->error) ? TOKEN_READY : TOKEN_TROUBLE;
}

static void run_opening(void *work) {
  struct opening *opening = work;
  if (opening->kind == TOKEN_OF_OAUTH)
    opening->event = open_oauth(opening);
  else if (secret_read_file(opening->path, NULL, &opening->found.access, &opening->error))
    opening->event = TOKEN_GOOD;
  else
    opening->event = TOKEN_DENIED;
  if (opening->event == TOKEN_READY)
    return;
  token_file_leave(opening->file);
  opening->file = NULL;
}

/* Where nothing could be read for now, what is known stays. */
static void take_what_was_found(struct token *token, struct opening *opening) {
  token->file = opening->file;
  opening->file = NULL;
  if (opening->event == TOKEN_TROUBLE && opening->found.access == NULL && opening->found.refresh == NULL)
    return;
  oauth_token_finish(&token->present);
  token->present = opening->found;
  opening->found = (struct oauth_token){.access = NULL};
  token->stamp = opening->stamp;
}

static void on_opened(void *work) {
  struct opening *opening = work;
  struct token *token = opening->token;
  struct error error = opening->error;
  enum token_event event = opening->event;
  token->errand = NULL;
  take_what_was_found(token, opening);
  if (event == TOKEN_GOOD &&
      token->present.access != NULL) /* (a token that is READY has none where a person wrote the file) */
    token_serve_as(token, token->present.access);
  if (event == TOKEN_READY && token->client.secret == NULL) {
    error_set(&error, ERROR_CREDENTIAL, "its client secret could not be read");
    event = TOKEN_TROUBLE;
  }
  if (event == TOKEN_READY && token->stopping) {
    error_set(&error, ERROR_CANCELLED, "it is being stopped");
    event = TOKEN_TROUBLE;
  }
  if (event == TOKEN_DENIED)
    token_deny(token, error.text, NULL);
  else if (event == TOKEN_TROUBLE)
    token_meet_trouble(token, &error);
  else
    token_event(token, event);
}

static void release_opening(void *work) {
  struct opening *opening = work;
  token_file_leave(opening->file);
  oauth_token_finish(&opening->found);
  secret_destroy(opening->refused);
  memory_free(opening->path);
  memory_free(opening);
}

void token_open(struct token *token) {
  static const struct errand_kind kind = {run_opening, on_opened, release_opening};
  struct opening *opening = memory_allocate(sizeof *opening);
  *opening = (struct opening){.token = token,
                              .kind = token->kind,
                              .path = memory_copy_text(token->path),
                              .refused = secret_copy(token_refused(token)),
                              .now_s = (int64_t)time(NULL),
                              .event = TOKEN_TROUBLE};
  error_set(&opening->error, ERROR_LIMIT, "no thread to read it on");
  token->errand = errand_start(token->host->loop, &kind, opening);
}

/* ---- writing ---- */

struct persisting {
  struct token *token; /* for the loop alone */
  struct token_file *file;
  struct oauth_token fresh; /* copies */
  bool saved;
  struct token_stamp stamp;
  char *path;
  struct error error;
};

static void run_persisting(void *work) {
  struct persisting *persisting = work;
  persisting->saved = token_file_save(persisting->file, &persisting->fresh, &persisting->error);
  persisting->stamp = token_stamp_of(persisting->path);
}

static void on_persisted(void *work) {
  struct persisting *persisting = work;
  struct token *token = persisting->token;
  token->errand = NULL;
  token->file = persisting->file;
  persisting->file = NULL;
  if (!persisting->saved) {
    token->error = persisting->error;
    token_event(token, TOKEN_KEPT_OFF);
    return;
  }
  oauth_token_finish(&token->present);
  token->present = token->fresh;
  token->fresh = (struct oauth_token){.access = NULL};
  token->stamp = persisting->stamp;
  token->lost = false;
  token_serve_as(token, token->present.access);
  token_event(token, TOKEN_SAVED);
}

static void release_persisting(void *work) {
  struct persisting *persisting = work;
  token_file_leave(persisting->file);
  oauth_token_finish(&persisting->fresh);
  memory_free(persisting->path);
  memory_free(persisting);
}

void token_persist(struct token *token) {
  static const struct errand_kind kind = {run_persisting, on_persisted, release_persisting};
  struct persisting *persisting = memory_allocate(sizeof *persisting);
  *persisting = (struct persisting){
      .token = token, .file = token->file, .fresh = token->fresh, .path = memory_copy_text(token->path)};
  persisting->fresh.access = secret_copy(token->fresh.access);
  persisting->fresh.refresh = secret_copy(token->fresh.refresh);
  error_set(&persisting->error, ERROR_LIMIT, "no thread to write it on");
  token->file = NULL;
  token->errand = errand_start(token->host->loop, &kind, persisting);
}
