#pragma once
/* The one table in which a token's time goes by: (state, event) -> (next state, action, sentence). Pure: no I/O, no clock. */
#include <stdbool.h>
#include <stdio.h>

enum token_state {
  TOKEN_UNREAD,     /* nothing is known, or not any more */
  TOKEN_VALID,      /* served to whoever asks */
  TOKEN_OPENING,    /* reads the file; where a refresh is due, takes its lock and makes room for the new one */
  TOKEN_BLOCKED,    /* another process holds the lock */
  TOKEN_ASKING,     /* Close is asked for the next one */
  TOKEN_REASKING,   /* once more: the first answer was lost */
  TOKEN_PERSISTING, /* the answer goes to the disk; not used before it is there */
  TOKEN_UNSAVED,    /* the disk refused it: it is kept, and tried again */
  TOKEN_REFUSED,    /* nothing to ask with, until a person has acted */
  TOKEN_CLOSED,
  TOKEN_STATES,
};

enum token_event {
  TOKEN_WANTED,   /* somebody waits for one that can be sent */
  TOKEN_GOOD,     /* what the file holds can be sent */
  TOKEN_READY,    /* locked, read, due, and there is room for the new one */
  TOKEN_BUSY,     /* the lock is held elsewhere */
  TOKEN_WAITED,   /* time to try again */
  TOKEN_GRANTED,  /* Close gave the next one */
  TOKEN_DENIED,   /* Close refused for good, or there is no file that could be used */
  TOKEN_LOST,     /* the answer was lost: it may have been given */
  TOKEN_TROUBLE,  /* it did not work out this time */
  TOKEN_SPARED,   /* likewise, but the present one still lives */
  TOKEN_SAVED,    /* on the disk */
  TOKEN_KEPT_OFF, /* not on the disk */
  TOKEN_RENEWED,  /* the file or the configuration is another one: read it again */
  TOKEN_STOP,
  TOKEN_ABANDON, /* no more waiting */
  TOKEN_EVENTS,
};

enum token_action {
  TOKEN_DO_NOTHING,
  TOKEN_DO_OPEN,
  TOKEN_DO_WAIT,
  TOKEN_DO_ASK,
  TOKEN_DO_PERSIST,
  TOKEN_DO_SERVE,
  TOKEN_DO_FAIL,       /* whoever waits is told why */
  TOKEN_DO_FAIL_LATER, /* likewise; and the disk is tried again */
  TOKEN_DO_CLOSE,
};

struct token_step {
  enum token_state next;
  enum token_action action;
  const char *sentence; /* for the log, at debug level */
};

/* NULL when the pair is not in the table, which is a bug of the caller. */
const struct token_step *token_machine_find(enum token_state state, enum token_event event);
/* The only way to change a state; ends the process on a pair that is not in the table. */
const struct token_step *token_machine_step(enum token_state *state, enum token_event event);

const char *token_state_name(enum token_state state);
const char *token_event_name(enum token_event event);
