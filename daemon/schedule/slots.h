#pragma once
/* The 256 slots of a fleet as one daemon sees them: which are its own, which it gives back, which it has lost. Pure; monotonic times. What
 * it sees may be out of date: that nothing false is written is the organization's lock's to see to (contract 5.10), never a slot's. */
#include <stdbool.h>
#include <stdint.h>

enum { SLOTS = 256 };

enum slot_state {
  SLOT_FOREIGN,   /* another daemon's, or nobody's */
  SLOT_OWNED,     /* its organizations are swept here */
  SLOT_QUIET,     /* draining: no heartbeat was answered for ttl/2; perhaps it is still ours */
  SLOT_LEAVING,   /* draining: more than our share; it is given back when it is drained */
  SLOT_RETURNING, /* draining: the database was told */
  SLOT_LOST,      /* draining: it expired, and somebody else may have it */
  SLOT_STATES
};

enum slot_event {
  SLOT_TOLD_OURS,   /* a heartbeat was answered: the slot is ours, in the epoch we know */
  SLOT_TOLD_OTHERS, /* ... it is not, or was somebody's meanwhile */
  SLOT_OVER_SHARE,  /* ... others have fewer */
  SLOT_SILENCE,     /* none was answered for ttl/2 */
  SLOT_DRAINED,     /* no sweep is under way, what was owed is written */
  SLOT_GIVEN_BACK,  /* the database has it back */
  SLOT_NOT_GIVEN,   /* it could not be told */
  SLOT_EVENTS
};

struct slots {
  enum slot_state states[SLOTS];
  int64_t epochs[SLOTS]; /* as told last */
  int64_t told[SLOTS];   /* epochs in the answer that is being read; -1: not ours */
  int64_t ttl_ms;
  int64_t heard_ms; /* when the last answered heartbeat was sent */
  bool heard;       /* one was answered */
};

struct slots_moved {
  int taken, leaving, lost;
};

/* The state after the event; false: the pair cannot be. Exposed for the test that walks them all. */
bool slot_next(enum slot_state state, enum slot_event event, enum slot_state *ret_next)
    __attribute__((warn_unused_result));
const char *slot_state_name(enum slot_state state); /* "foreign", "owned", "draining" */

void slots_init(struct slots *slots, int64_t ttl_ms);
/* A question, then its answer: slots_tell() for each slot that is ours, and slots_hear() when it is whole; what was told of one that is not
 * is forgotten with the next question. `share`: how many each daemon may have. */
void slots_ask(struct slots *slots);
void slots_tell(struct slots *slots, int slot, int64_t epoch);
struct slots_moved slots_hear(struct slots *slots, int64_t sent_ms, int share);
/* True: no heartbeat was answered for ttl/2, and slots are drained for it from now on. */
bool slots_listen(struct slots *slots, int64_t now_ms);
int64_t slots_silent_at_ms(const struct slots *slots); /* when slots_listen() would say so */

bool slots_sweeps(const struct slots *slots, int slot);  /* new sweeps may begin */
bool slots_departs(const struct slots *slots, int slot); /* it is to be drained for good: what is owed is paid */
bool slots_any_departs(const struct slots *slots);
/* No sweep of a departing slot is under way, nothing is owed. True: it is to be given back; slots_given_back() follows. */
bool slots_release(struct slots *slots, int slot) __attribute__((warn_unused_result));
void slots_given_back(struct slots *slots, bool well); /* all that slots_release() said it of */
int slots_count(const struct slots *slots, const char *name);
