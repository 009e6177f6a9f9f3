/* A daemon's share of the work, slot by slot. The database hands slots out (sql/query/fleet_heartbeat): each heartbeat is answered with the
 * slots that are ours, their epochs, and how many a daemon may have.
 *
 * Between "ours" and "another's" a slot is draining: nothing new begins, what is not writing is cancelled, what is owed is written. A slot that
 * is over our share is given back only then, so that the next daemon finds everything written and no lock in its way. A slot that
 * expired is lost at once, and drained all the same. While no heartbeat is answered a slot is quiet: nothing new begins, but what is
 * remembered is kept, for the slot is probably still ours when the database is back.
 *
 * An epoch is raised by whoever takes a slot. A slot that is ours in the epoch after the one we knew was taken by ourselves after it had
 * expired; a higher one means that somebody else had it in between. */
#include "schedule/slots.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEVER = 0 }; /* the pair cannot be */

#define ON(state, event, next) [SLOT_##state][SLOT_##event] = 1 + SLOT_##next

static const unsigned char table[SLOT_STATES][SLOT_EVENTS] = {
    ON(FOREIGN, TOLD_OURS, OWNED),
    ON(FOREIGN, TOLD_OTHERS, FOREIGN),
    ON(FOREIGN, SILENCE, FOREIGN),

    ON(OWNED, TOLD_OURS, OWNED),
    ON(OWNED, TOLD_OTHERS, LOST),
    ON(OWNED, OVER_SHARE, LEAVING),
    ON(OWNED, SILENCE, QUIET),

    ON(QUIET, TOLD_OURS, OWNED),
    ON(QUIET, TOLD_OTHERS, LOST),
    ON(QUIET, SILENCE, QUIET),

    ON(LEAVING, TOLD_OURS, LEAVING),
    ON(LEAVING, TOLD_OTHERS, LOST),
    ON(LEAVING, SILENCE, LEAVING),
    ON(LEAVING, DRAINED, RETURNING),

    ON(RETURNING, TOLD_OURS, RETURNING), /* the heartbeat was before */
    ON(RETURNING, TOLD_OTHERS, RETURNING),
    ON(RETURNING, SILENCE, RETURNING),
    ON(RETURNING, GIVEN_BACK, FOREIGN),
    ON(RETURNING, NOT_GIVEN, LEAVING),

    ON(LOST, TOLD_OURS, LOST), /* first it is drained; the next heartbeat says so again */
    ON(LOST, TOLD_OTHERS, LOST),
    ON(LOST, SILENCE, LOST),
    ON(LOST, DRAINED, FOREIGN),
};

bool slot_next(enum slot_state state, enum slot_event event, enum slot_state *ret_next) {
  unsigned char next = table[state][event];
  if (next == NEVER)
    return false;
  *ret_next = (enum slot_state)(next - 1);
  return true;
}

const char *slot_state_name(enum slot_state state) {
  return state == SLOT_FOREIGN ? "foreign" : state == SLOT_OWNED ? "owned" : "draining";
}

static void step(struct slots *slots, int slot, enum slot_event event) {
  if (!slot_next(slots->states[slot], event, &slots->states[slot])) {
    fprintf(stderr, "bug: a slot met the event %d in the state %d; please report it\n", event, slots->states[slot]);
    abort();
  }
}

void slots_ask(struct slots *slots) {
  for (int slot = 0; slot < SLOTS; slot++)
    slots->told[slot] = -1;
}

void slots_init(struct slots *slots, int64_t ttl_ms) {
  *slots = (struct slots){.ttl_ms = ttl_ms};
  slots_ask(slots);
}

void slots_tell(struct slots *slots, int slot, int64_t epoch) {
  if (slot >= 0 && slot < SLOTS)
    slots->told[slot] = epoch;
}

/* Nobody else has had it since we knew. */
static bool is_ours(const struct slots *slots, int slot) {
  int64_t since = slots->told[slot] - slots->epochs[slot];
  return slots->told[slot] >= 0 && (slots->states[slot] == SLOT_FOREIGN || since == 0 || since == 1);
}

struct slots_moved slots_hear(struct slots *slots, int64_t sent_ms, int share) {
  struct slots_moved moved = {0};
  int owned = 0;
  slots->heard = true;
  slots->heard_ms = sent_ms;
  for (int slot = 0; slot < SLOTS; slot++) {
    enum slot_state before = slots->states[slot];
    step(slots, slot, is_ours(slots, slot) ? SLOT_TOLD_OURS : SLOT_TOLD_OTHERS);
    if (slots->told[slot] >= 0)
      slots->epochs[slot] = slots->told[slot];
    moved.taken += before == SLOT_FOREIGN && slots->states[slot] == SLOT_OWNED ? 1 : 0;
    moved.lost += before != SLOT_LOST && slots->states[slot] == SLOT_LOST ? 1 : 0;
    if (slots->states[slot] == SLOT_OWNED && ++owned > share) {
      step(slots, slot, SLOT_OVER_SHARE);
      moved.leaving++;
    }
  }
  return moved;
}

int64_t slots_silent_at_ms(const struct slots *slots) { return slots->heard_ms + slots->ttl_ms / 2; }

bool slots_listen(struct slots *slots, int64_t now_ms) {
  if (!slots->heard || now_ms < slots_silent_at_ms(slots))
    return false;
  bool quiet = false;
  for (int slot = 0; slot < SLOTS; slot++) {
    quiet |= slots->states[slot] == SLOT_OWNED;
    step(slots, slot, SLOT_SILENCE);
  }
  return quiet;
}

bool slots_sweeps(const struct slots *slots, int slot) {
  return slot >= 0 && slot < SLOTS && slots->states[slot] == SLOT_OWNED;
}

bool slots_departs(const struct slots *slots, int slot) {
  return slot >= 0 && slot < SLOTS && (slots->states[slot] == SLOT_LEAVING || slots->states[slot] == SLOT_LOST);
}

bool slots_any_departs(const struct slots *slots) {
  for (int slot = 0; slot < SLOTS; slot++)
    if (slots_departs(slots, slot))
      return true;
  return false;
}

bool slots_release(struct slots *slots, int slot) {
  step(slots, slot, SLOT_DRAINED);
  return slots->states[slot] == SLOT_RETURNING;
}

void slots_given_back(struct slots *slots, bool well) {
  for (int slot = 0; slot < SLOTS; slot++)
    if (slots->states[slot] == SLOT_RETURNING)
      step(slots, slot, well ? SLOT_GIVEN_BACK : SLOT_NOT_GIVEN);
}

int slots_count(const struct slots *slots, const char *name) {
  int count = 0;
  for (int slot = 0; slot < SLOTS; slot++)
    count += strcmp(slot_state_name(slots->states[slot]), name) == 0 ? 1 : 0;
  return count;
}
