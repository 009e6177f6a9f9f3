#pragma once
/* The one table in which a sweep's time goes by: (state, event) -> (next state, action, sentence). Pure: no I/O, no clock. */
#include <stdbool.h>
#include <stdio.h>

enum sweep_state {
  SWEEP_IDLE,      /* not begun */
  SWEEP_LOCKING,   /* asks for the lock, the clock and the revision */
  SWEEP_BLOCKED,   /* somebody else holds the lock */
  SWEEP_RECALLING, /* reads the stored digests */
  SWEEP_LISTING,   /* reads pages */
  SWEEP_BINDING,   /* asks whose organization this is */
  SWEEP_PROVING,   /* asks for each missing account */
  SWEEP_WRITING,   /* one transaction */
  SWEEP_FLUSHING,  /* nothing changed: coverage only */
  SWEEP_RECORDING, /* writes down that it failed */
  SWEEP_STOPPING,  /* waits for what is under way to be cancelled */
  SWEEP_RELEASING, /* gives the lock back */
  SWEEP_CLOSED,
  SWEEP_STATES,
};

enum sweep_event {
  EVENT_START,
  EVENT_BUSY,    /* the lock is held elsewhere */
  EVENT_WAITED,  /* time to ask for the lock again */
  EVENT_LOCKED,  /* held; the organization is known */
  EVENT_UNKNOWN, /* held; the name is bound to nothing yet */
  EVENT_RECALLED,
  EVENT_MORE,      /* a page was read, another is promised */
  EVENT_UNSTABLE,  /* the listing moved while it was read: once more */
  EVENT_SAME,      /* complete, and nothing to write */
  EVENT_DIFFERENT, /* something to write */
  EVENT_MISSING,   /* accounts are missing, and may be proven gone */
  EVENT_UNBOUND,   /* listed, but whose organization is it? */
  EVENT_RENAMED,   /* the organization is known under another name */
  EVENT_MOVED,     /* the mirror is not any more what the sweep began with: begin again */
  EVENT_WRITTEN,
  EVENT_RECORDED,
  EVENT_FAILED,
  EVENT_DRAINED, /* nothing is under way any more */
  EVENT_RELEASED,
  EVENT_STOP,
  SWEEP_EVENTS,
};

enum sweep_action {
  ACTION_NONE,
  ACTION_LOCK,
  ACTION_WAIT,
  ACTION_RECALL,
  ACTION_LIST, /* from the first page */
  ACTION_NEXT_PAGE,
  ACTION_BIND,
  ACTION_PROVE,
  ACTION_WRITE,
  ACTION_FLUSH,
  ACTION_RECORD,
  ACTION_CANCEL,
  ACTION_RELEASE,
  ACTION_CLOSE,
  ACTION_NOTE_STOP, /* let the transaction end by itself */
  SWEEP_ACTIONS,
};

struct machine_step {
  enum sweep_state next;
  enum sweep_action action;
  const char *sentence; /* for the log, at debug level */
};

/* NULL when the pair is not in the table, which is a bug of the caller. */
const struct machine_step *machine_find(enum sweep_state state, enum sweep_event event);
/* The only way to change a state; ends the process on a pair that is not in the table. */
const struct machine_step *machine_step(enum sweep_state *state, enum sweep_event event);

const char *machine_state_name(enum sweep_state state);
const char *machine_event_name(enum sweep_event event);
void machine_print_diagram(FILE *stream); /* Mermaid */
