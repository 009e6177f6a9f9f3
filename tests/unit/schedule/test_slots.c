/* The states of a slot, walked exhaustively, and the answers of heartbeats. */
#include "schedule/slots.h"
#include <criterion/criterion.h>
#include <string.h>

enum { TTL = 1200 };

static bool leads(enum slot_state from, const enum slot_event *events, int count, enum slot_state to) {
  for (int i = 0; i < count; i++)
    if (!slot_next(from, events[i], &from))
      return false;
  return from == to;
}

/* What no other reading of the table can say: who may sweep, and that whatever drains ends. */
Test(slots, every_pair_keeps_the_rules) {
  for (int state = 0; state < SLOT_STATES; state++)
    for (int event = 0; event < SLOT_EVENTS; event++) {
      enum slot_state next;
      bool heard = event == SLOT_TOLD_OURS || event == SLOT_TOLD_OTHERS || event == SLOT_SILENCE;
      bool can = slot_next((enum slot_state)state, (enum slot_event)event, &next);
      cr_assert(can || !heard, "whatever the state %d, %d may be heard", state, event);
      if (!can)
        continue;
      if (next == SLOT_OWNED)
        cr_assert(event == SLOT_TOLD_OURS && (state == SLOT_FOREIGN || state == SLOT_QUIET || state == SLOT_OWNED),
                  "%d became owned by %d", state, event);
      if (next == SLOT_FOREIGN && state != SLOT_FOREIGN)
        cr_assert((state == SLOT_LOST && event == SLOT_DRAINED) ||
                      (state == SLOT_RETURNING && event == SLOT_GIVEN_BACK),
                  "%d was let go by %d without having drained", state, event);
      if (next == SLOT_RETURNING && state != SLOT_RETURNING)
        cr_assert(state == SLOT_LEAVING && event == SLOT_DRAINED, "%d was given back by %d", state, event);
      if (event == SLOT_SILENCE || event == SLOT_OVER_SHARE)
        cr_assert_neq(next, SLOT_OWNED, "%d went on sweeping", state);
    }
}

Test(slots, every_state_can_be_left) {
  static const struct {
    enum slot_state from;
    enum slot_event events[4];
    int count;
  } ways[] = {{SLOT_FOREIGN, {SLOT_TOLD_OTHERS}, 1},
              {SLOT_OWNED, {SLOT_TOLD_OTHERS, SLOT_DRAINED}, 2},
              {SLOT_OWNED, {SLOT_OVER_SHARE, SLOT_DRAINED, SLOT_GIVEN_BACK}, 3},
              {SLOT_QUIET, {SLOT_TOLD_OTHERS, SLOT_DRAINED}, 2},
              {SLOT_LEAVING, {SLOT_DRAINED, SLOT_GIVEN_BACK}, 2},
              {SLOT_LEAVING, {SLOT_DRAINED, SLOT_NOT_GIVEN, SLOT_DRAINED, SLOT_GIVEN_BACK}, 4},
              {SLOT_RETURNING, {SLOT_GIVEN_BACK}, 1},
              {SLOT_LOST, {SLOT_DRAINED}, 1}};
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
    cr_assert(leads(ways[i].from, ways[i].events, ways[i].count, SLOT_FOREIGN), "way %zu", i);
  cr_assert_str_eq(slot_state_name(SLOT_OWNED), "owned");
  cr_assert_str_eq(slot_state_name(SLOT_FOREIGN), "foreign");
  for (int state = SLOT_QUIET; state < SLOT_STATES; state++)
    cr_assert_str_eq(slot_state_name((enum slot_state)state), "draining");
}

static struct slots_moved hear(struct slots *slots, int64_t at_ms, int first, int count, int64_t epoch, int share) {
  slots_ask(slots);
  for (int slot = first; slot < first + count; slot++)
    slots_tell(slots, slot, epoch);
  return slots_hear(slots, at_ms, share);
}

Test(slots, are_given_back_when_they_are_drained) {
  struct slots slots;
  slots_init(&slots, TTL);
  cr_assert_eq(hear(&slots, 1000, 0, 256, 1, 256).taken, 256);
  struct slots_moved moved = hear(&slots, 1400, 0, 256, 1, 100);
  cr_assert(moved.leaving == 156 && moved.taken == 0 && moved.lost == 0);
  cr_assert(slots_sweeps(&slots, 99) && !slots_sweeps(&slots, 100) && slots_departs(&slots, 100));
  cr_assert(slots_release(&slots, 100) && slots_release(&slots, 101));
  moved = hear(&slots, 1800, 0, 256, 1, 100); /* of a heartbeat before they were given back */
  cr_assert(moved.leaving + moved.taken + moved.lost == 0 && !slots_sweeps(&slots, 100));
  slots_given_back(&slots, false);
  cr_assert(slots_departs(&slots, 100) && slots_release(&slots, 100));
  slots_given_back(&slots, true);
  cr_assert_eq(slots_count(&slots, "foreign"), 1);
  cr_assert(slots_departs(&slots, 101), "it was said of neither since");
  cr_assert_eq(slots_count(&slots, "owned"), 100);
  cr_assert_eq(slots_count(&slots, "draining"), 155);
  slots_tell(&slots, 256, 1); /* no slot */
  slots_tell(&slots, -1, 1);
}

Test(slots, are_quiet_without_heartbeats) {
  struct slots slots;
  slots_init(&slots, TTL);
  cr_assert(!slots_listen(&slots, 1000000), "nobody was heard, and nothing is ours");
  hear(&slots, 1000, 0, 10, 5, 256);
  cr_assert(!slots_listen(&slots, 1000 + TTL / 2 - 1) && slots_silent_at_ms(&slots) == 1000 + TTL / 2);
  cr_assert(slots_listen(&slots, 1000 + TTL / 2) && !slots_sweeps(&slots, 0) && !slots_departs(&slots, 0));
  cr_assert(!slots_listen(&slots, 1000 + TTL / 2), "said once");
  hear(&slots, 2000, 0, 5, 5, 256);
  cr_assert(slots_sweeps(&slots, 4) && slots_departs(&slots, 5) && slots_any_departs(&slots));
  cr_assert(!slots_release(&slots, 5), "it is no more ours to give");
}

Test(slots, know_by_the_epoch_who_had_them) {
  struct slots slots;
  slots_init(&slots, TTL);
  hear(&slots, 1000, 0, 2, 5, 256);
  slots_ask(&slots);
  slots_tell(&slots, 0, 6); /* expired, and taken by ourselves */
  slots_tell(&slots, 1, 7); /* somebody had it in between */
  slots_hear(&slots, 1400, 256);
  cr_assert(slots_sweeps(&slots, 0) && !slots_sweeps(&slots, 1) && slots_departs(&slots, 1));
  slots_ask(&slots);
  slots_tell(&slots, 0, 6);
  slots_tell(&slots, 1, 7);
  slots_hear(&slots, 1800, 256);
  cr_assert(!slots_sweeps(&slots, 1), "what is under way ends first");
  cr_assert(!slots_release(&slots, 1));
  hear(&slots, 2200, 1, 1, 7, 256);
  cr_assert(slots_sweeps(&slots, 1) && slots_departs(&slots, 0));
}

Test(slots, are_not_ours_by_an_answer_that_broke_off) {
  struct slots slots;
  slots_init(&slots, TTL);
  slots_ask(&slots);
  for (int slot = 0; slot < SLOTS; slot++)
    slots_tell(&slots, slot, 1);
  cr_assert_eq(hear(&slots, 1400, 0, 10, 2, 256).taken, 10);
  cr_assert_eq(slots_count(&slots, "owned"), 10);
}
