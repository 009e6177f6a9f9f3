/* A token's life on one screen. It promises that what Close gave is served only from PERSISTING by SAVED, that Close is asked only from
 * OPENING by READY or once more when an answer was lost, that STOP leads to CLOSED from everywhere, and that what is not written here
 * cannot happen. A stop waits where Close was asked: what it answers is not thrown away. */
#include "remote/token_machine.h"
#include <stdlib.h>

#define ON(state, event, next, action, sentence) \
  [TOKEN_##state][TOKEN_##event] = {TOKEN_##next, TOKEN_DO_##action, sentence}

static const struct token_step table[TOKEN_STATES][TOKEN_EVENTS] = {
    ON(UNREAD, WANTED, OPENING, OPEN, "read the token"),
    ON(UNREAD, RENEWED, UNREAD, NOTHING, "not read yet"),
    ON(UNREAD, STOP, CLOSED, CLOSE, "stop"),
    ON(UNREAD, ABANDON, CLOSED, CLOSE, "abandoned"),

    ON(VALID, WANTED, OPENING, OPEN, "it is due or was refused: read it again"),
    ON(VALID, RENEWED, UNREAD, NOTHING, "there is another one"),
    ON(VALID, STOP, CLOSED, CLOSE, "stop"),
    ON(VALID, ABANDON, CLOSED, CLOSE, "abandoned"),

    ON(OPENING, GOOD, VALID, SERVE, "serve what the file holds"),
    ON(OPENING, READY, ASKING, ASK, "ask Close for the next one"),
    ON(OPENING, BUSY, BLOCKED, WAIT, "another process refreshes it"),
    ON(OPENING, DENIED, REFUSED, FAIL, "there is none that could be used"),
    ON(OPENING, TROUBLE, UNREAD, FAIL, "it cannot be refreshed now"),
    ON(OPENING, SPARED, VALID, SERVE, "it cannot be refreshed now, and still lives"),
    ON(OPENING, RENEWED, OPENING, NOTHING, "it is being read"),
    ON(OPENING, STOP, OPENING, NOTHING, "stop when it is read"),
    ON(OPENING, ABANDON, CLOSED, CLOSE, "abandoned"),

    ON(BLOCKED, WAITED, OPENING, OPEN, "look again"),
    ON(BLOCKED, TROUBLE, UNREAD, FAIL, "waited long enough for the other process"),
    ON(BLOCKED, SPARED, VALID, SERVE, "waited long enough, and it still lives"),
    ON(BLOCKED, RENEWED, BLOCKED, NOTHING, "it will be read again"),
    ON(BLOCKED, STOP, CLOSED, CLOSE, "stop"),
    ON(BLOCKED, ABANDON, CLOSED, CLOSE, "abandoned"),

    ON(ASKING, GRANTED, PERSISTING, PERSIST, "write down what Close gave"),
    ON(ASKING, DENIED, REFUSED, FAIL, "Close refused"),
    ON(ASKING, LOST, REASKING, ASK, "the answer was lost: ask once more"),
    ON(ASKING, TROUBLE, UNREAD, FAIL, "Close was not reached"),
    ON(ASKING, SPARED, VALID, SERVE, "Close was not reached, and the present one still lives"),
    ON(ASKING, RENEWED, ASKING, NOTHING, "the answer comes first"),
    ON(ASKING, STOP, ASKING, NOTHING, "stop when Close has answered"),
    ON(ASKING, ABANDON, CLOSED, CLOSE, "abandoned"),

    ON(REASKING, GRANTED, PERSISTING, PERSIST, "write down what Close gave"),
    ON(REASKING, DENIED, REFUSED, FAIL, "Close refused after an answer was lost"),
    ON(REASKING, TROUBLE, UNREAD, FAIL, "two answers were lost"),
    ON(REASKING, SPARED, VALID, SERVE, "two answers were lost, and the present one still lives"),
    ON(REASKING, RENEWED, REASKING, NOTHING, "the answer comes first"),
    ON(REASKING, STOP, REASKING, NOTHING, "stop when Close has answered"),
    ON(REASKING, ABANDON, CLOSED, CLOSE, "abandoned"),

    ON(PERSISTING, SAVED, VALID, SERVE, "it is on the disk"),
    ON(PERSISTING, KEPT_OFF, UNSAVED, FAIL_LATER, "the disk refused it"),
    ON(PERSISTING, RENEWED, PERSISTING, NOTHING, "the disk comes first"),
    ON(PERSISTING, STOP, PERSISTING, NOTHING, "stop when it is on the disk"),
    ON(PERSISTING, ABANDON, CLOSED, CLOSE, "abandoned"),

    ON(UNSAVED, WANTED, PERSISTING, PERSIST, "try the disk again"),
    ON(UNSAVED, WAITED, PERSISTING, PERSIST, "try the disk again"),
    ON(UNSAVED, RENEWED, UNSAVED, NOTHING, "the disk comes first"),
    ON(UNSAVED, STOP, PERSISTING, PERSIST, "try the disk a last time"),
    ON(UNSAVED, ABANDON, CLOSED, CLOSE, "abandoned"),

    ON(REFUSED, WANTED, OPENING, OPEN, "look again"),
    ON(REFUSED, RENEWED, UNREAD, NOTHING, "there is another one"),
    ON(REFUSED, STOP, CLOSED, CLOSE, "stop"),
    ON(REFUSED, ABANDON, CLOSED, CLOSE, "abandoned"),

    ON(CLOSED, STOP, CLOSED, NOTHING, "already closed"),
    ON(CLOSED, RENEWED, CLOSED, NOTHING, "already closed"),
    ON(CLOSED, ABANDON, CLOSED, NOTHING, "already closed"),
};

const struct token_step *token_machine_find(enum token_state state, enum token_event event) {
  const struct token_step *step = &table[state][event];
  return step->sentence == NULL ? NULL : step;
}

const struct token_step *token_machine_step(enum token_state *state, enum token_event event) {
  const struct token_step *step = token_machine_find(*state, event);
  if (step == NULL) {
    fprintf(stderr, "bug: a token met the event %s in the state %s; please report it\n", token_event_name(event),
            token_state_name(*state));
    abort();
  }
  *state = step->next;
  return step;
}

const char *token_state_name(enum token_state state) {
  static const char *const names[TOKEN_STATES] = {"unread",   "valid",      "opening", "blocked", "asking",
                                                  "reasking", "persisting", "unsaved", "refused", "closed"};
  return names[state];
}

const char *token_event_name(enum token_event event) {
  static const char *const names[TOKEN_EVENTS] = {"wanted",  "good",     "ready",   "busy",    "waited",
                                                  "granted", "denied",   "lost",    "trouble", "spared",
                                                  "saved",   "kept_off", "renewed", "stop",    "abandon"};
  return names[event];
}
