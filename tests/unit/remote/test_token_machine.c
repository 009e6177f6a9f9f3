/* Every pair of the table is walked: what leads on, what leads out, and what is never served or asked. */
#include "remote/token_machine.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

static const struct token_step *find(int state, int event) {
  return token_machine_find((enum token_state)state, (enum token_event)event);
}

static const char *name_of(int state) { return token_state_name((enum token_state)state); }

Test(token_machine, every_row_is_whole) {
  int rows = 0;
  for (int state = 0; state < TOKEN_STATES; state++)
    for (int event = 0; event < TOKEN_EVENTS; event++) {
      const struct token_step *step = find(state, event);
      if (step == NULL)
        continue;
      enum token_state now = (enum token_state)state;
      cr_assert_eq(token_machine_step(&now, (enum token_event)event), step);
      cr_assert_eq(now, step->next);
      cr_assert(step->next < TOKEN_STATES && step->action <= TOKEN_DO_CLOSE);
      cr_assert_gt(strlen(step->sentence), 3);
      rows++;
    }
  cr_assert_gt(rows, TOKEN_STATES * 3);
}

Test(token_machine, a_pair_that_is_not_there_ends_the_process, .signal = SIGABRT) {
  enum token_state state = TOKEN_VALID;
  cr_assert_null(token_machine_find(TOKEN_VALID, TOKEN_SAVED));
  token_machine_step(&state, TOKEN_SAVED);
  cr_assert_fail("must not come here");
}

static void reach(bool reached[TOKEN_STATES], int from) {
  if (reached[from])
    return;
  reached[from] = true;
  for (int event = 0; event < TOKEN_EVENTS; event++)
    if (find(from, event) != NULL)
      reach(reached, (int)find(from, event)->next);
}

Test(token_machine, every_state_is_reached) {
  bool reached[TOKEN_STATES] = {false};
  reach(reached, TOKEN_UNREAD);
  for (int state = 0; state < TOKEN_STATES; state++)
    cr_assert(reached[state], "%s is never reached", name_of(state));
}

/* STOP ends what rests, waits for what is in flight, and gives the disk a last try; ABANDON ends everything at once. */
Test(token_machine, stop_and_abandon_lead_to_closed_from_everywhere) {
  for (int state = 0; state < TOKEN_STATES; state++) {
    cr_assert_not_null(find(state, TOKEN_ABANDON), "%s", name_of(state));
    cr_assert_eq(find(state, TOKEN_ABANDON)->next, TOKEN_CLOSED, "%s", name_of(state));
    const struct token_step *step = find(state, TOKEN_STOP);
    cr_assert_not_null(step, "%s", name_of(state));
    bool noted = (int)step->next == state && step->action == TOKEN_DO_NOTHING;
    bool last_try = state == TOKEN_UNSAVED && step->next == TOKEN_PERSISTING;
    cr_assert(step->next == TOKEN_CLOSED || noted || last_try, "%s", name_of(state));
    cr_assert_not_null(find((int)step->next, TOKEN_STOP), "%s: STOP may be said twice", name_of(state));
  }
}

/* What was in flight when STOP came ends in a state that rests, within so many events. */
static int longest_rest(int state, int steps) {
  bool flies = state == TOKEN_OPENING || state == TOKEN_ASKING || state == TOKEN_REASKING || state == TOKEN_PERSISTING;
  if (!flies)
    return steps;
  cr_assert_lt(steps, TOKEN_STATES, "there is a way that never ends");
  int longest = 0;
  for (int event = 0; event < TOKEN_EVENTS; event++) {
    const struct token_step *step = find(state, event);
    if (step == NULL || (int)step->next == state)
      continue;
    int way = longest_rest((int)step->next, steps + 1);
    longest = way > longest ? way : longest;
  }
  return longest;
}

Test(token_machine, what_is_in_flight_comes_to_rest) {
  cr_assert_eq(longest_rest(TOKEN_OPENING, 0), 4);
  cr_assert_eq(longest_rest(TOKEN_PERSISTING, 0), 1);
}

/* What Close gave is served when it is on the disk, and Close is asked when there is room for it. */
Test(token_machine, what_close_gave_is_served_from_the_disk_alone) {
  for (int state = 0; state < TOKEN_STATES; state++)
    for (int event = 0; event < TOKEN_EVENTS; event++) {
      const struct token_step *step = find(state, event);
      if (step == NULL)
        continue;
      if (event == TOKEN_GRANTED)
        cr_assert(step->next == TOKEN_PERSISTING && step->action == TOKEN_DO_PERSIST);
      if (step->action == TOKEN_DO_ASK)
        cr_assert((state == TOKEN_OPENING && event == TOKEN_READY) || (state == TOKEN_ASKING && event == TOKEN_LOST));
      if (step->action == TOKEN_DO_SERVE)
        cr_assert(event == TOKEN_GOOD || event == TOKEN_SAVED || event == TOKEN_SPARED);
      if (state == TOKEN_PERSISTING && step->next == TOKEN_VALID)
        cr_assert_eq(event, TOKEN_SAVED);
      if (state == TOKEN_UNSAVED)
        cr_assert(step->next == TOKEN_PERSISTING || step->next == TOKEN_UNSAVED || event == TOKEN_ABANDON);
    }
}

Test(token_machine, names_are_distinct) {
  for (int i = 0; i < TOKEN_STATES; i++)
    for (int k = 0; k < i; k++)
      cr_assert_str_neq(name_of(i), name_of(k));
  for (int i = 0; i < TOKEN_EVENTS; i++)
    for (int k = 0; k < i; k++)
      cr_assert_str_neq(token_event_name((enum token_event)i), token_event_name((enum token_event)k));
}
