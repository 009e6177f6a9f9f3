#pragma once
/* What the files of a token share: its state, its events and those who wait for it. Only token*.[ch] include it. */
#include "base/log.h"
#include "remote/token.h"
#include "remote/token_machine.h"
#include <sys/queue.h>

struct token_wait {
  TAILQ_ENTRY(token_wait) link;
  struct token *token;
  struct bearer *refused; /* held; NULL: none */
  bool looked;            /* the file was read because of `refused` */
  bool cancelled;
  token_done_fn *done;
  void *context;
};

TAILQ_HEAD(token_waits, token_wait);

struct token {
  struct token_host *host;
  char *name, *path, *url;
  enum token_kind kind;
  struct oauth_client client; /* copies */
  enum token_state state;
  bool stopping, leaving;            /* leaving: nobody asks any more */
  bool renewed;                      /* while something was in flight */
  bool lost;                         /* an answer, since the last refresh that worked */
  int timeouts;                      /* of refreshes, in a row: over 0, the next one takes the slow queue */
  struct bearer *bearer;             /* what is served; NULL: nothing */
  struct oauth_token present, fresh; /* as in the file; as Close gave it, not yet on the disk */
  struct token_file *file;           /* held, or NULL */
  struct token_stamp stamp;          /* of the file that was read */
  struct errand *errand;
  struct secret *form; /* in flight */
  uint64_t ticket;
  struct request_queue *queue; /* of the request in flight, held */
  struct timer *timer;         /* BLOCKED, UNSAVED, and to serve from the loop */
  struct error error;          /* the last trouble */
  char told[ERROR_TEXT_BYTES]; /* the trouble that was logged last; "": none since it worked */
  int64_t retry_at_ms, spared_until_ms, blocked_since_ms;
  struct token_waits waits;
  void (*act)(struct token *token, enum token_action action); /* what an event makes it do; token.c's */
};

/* An event, and what follows from it. */
void token_event(struct token *token, enum token_event event);
/* When it is closed and nobody asks any more: who asked after the stop is told first, from the loop. */
void token_leave_loop(struct token *token);
/* TROUBLE, or SPARED where the present one still lives; `error` says why. */
void token_meet_trouble(struct token *token, const struct error *error);
/* DENIED, with the advice to authorize where that helps. */
void token_deny(struct token *token, const char *why, const char *advice);

/* The access token that somebody was refused with, if it is the present one. */
const struct secret *token_refused(const struct token *token);
void token_serve_as(struct token *token, const struct secret *access); /* from now on */
bool token_is_at_rest(enum token_state state);                         /* nothing is in flight */

struct bearer *bearer_hold(struct bearer *bearer); /* the same one */
/* Whether it was refused with what is served now. */
bool token_was_refused(const struct token *token, const struct token_wait *wait);
/* Ends those waits that `ends` chooses; `error` NULL: with the present token. A callback may bring new ones, which are not looked at. */
void token_end_waits(struct token *token, bool (*ends)(const struct token *token, const struct token_wait *wait),
                     const struct error *error);
bool token_wait_is_any(const struct token *token, const struct token_wait *wait);
bool token_wait_is_cancelled(const struct token *token, const struct token_wait *wait);
/* Who was refused with what is served now waits until the file was read for it. */
bool token_wait_is_content(const struct token *token, const struct token_wait *wait);
