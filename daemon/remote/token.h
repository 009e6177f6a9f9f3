#pragma once
/* What an organization's requests are sent with when it is no API key: an access token that somebody else renews, or OAuth's, renewed
 * here (contract section 7). Shared by all sweeps that use it, and by every generation of the configuration. */
#include "remote/request_queue.h"
#include "remote/token_file.h"

enum token_kind { TOKEN_OF_FILE /* somebody else renews it */, TOKEN_OF_OAUTH };

struct token_settings { /* copied */
  const char *name;     /* the organization's NAME, for what people are told */
  enum token_kind kind;
  const char *path;           /* of the access token, or of the OAuth tokens */
  const char *url;            /* of the second kind: api.oauth_url; NULL else */
  struct oauth_client client; /* its secret is NULL when it could not be read */
};

struct token;
struct bearer; /* one access token, for as long as somebody uses it */

const struct secret *bearer_secret(const struct bearer *bearer);
void bearer_leave(struct bearer *bearer); /* NULL is allowed */

/* The present token, if it may be sent as it is: to be left by the caller. NULL: wait for one. */
struct bearer *token_ready(struct token *token);

/* Exactly one is not NULL; the bearer is the receiver's to leave. An error is CREDENTIAL when a person has to act. */
typedef void token_done_fn(void *context, struct bearer *bearer, const struct error *error);
struct token_wait;
/* `refused`: what Close has just answered 401 to, or NULL; the completion brings the same again when there is no newer one. Comes
 * exactly once, from the loop. */
struct token_wait *token_wait(struct token *token, struct bearer *refused, token_done_fn *done, void *context);
void token_wait_cancel(struct token_wait *wait); /* completes with CANCELLED; the token goes on without it */

struct token_view {
  int64_t expires_s,
      refreshed_s; /* wall clock; 0: not known; refreshed: by this process or the one that wrote the file */
  bool authorize_needed;
};
struct token_view token_look(const struct token *token);

const char *token_name(const struct token *token);

/* ---- for tokens.c ---- */
struct token_host { /* what all tokens share; outlives them */
  struct loop *loop;
  struct log *log;
  struct request_queue *queue;             /* of the configuration in force; NULL: Close is not asked */
  void (*closed)(struct token_host *host); /* one of them is closed, and has left the loop */
};

struct token *token_create(struct token_host *host, const struct token_settings *settings);
void token_configure(struct token *token, const struct token_settings *settings); /* read again when somebody asks */
/* Whether it waits for a person, and the file is another one now: it is then read again. */
bool token_look_at_file(struct token *token);
void token_stop(struct token *token); /* a refresh in flight goes on; whoever asks from now on is told that it stops */
void token_abandon(struct token *token); /* and now it does not */
void token_close(struct token *token);   /* nobody asks any more: leaves the loop, after what is in flight */
void token_destroy(struct token *token); /* the loop has ended */
