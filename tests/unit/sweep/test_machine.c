/* Every pair of the table is walked: what leads on, what leads out, and what is a bug. */
#include "sweep/machine.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static const struct machine_step *find(int state, int event) {
  return machine_find((enum sweep_state)state, (enum sweep_event)event);
}

Test(machine, every_row_is_whole) {
  for (int state = 0; state < SWEEP_STATES; state++)
    for (int event = 0; event < SWEEP_EVENTS; event++) {
      const struct machine_step *step = find(state, event);
      if (step == NULL)
        continue;
      cr_assert(step->next >= SWEEP_IDLE && step->next < SWEEP_STATES);
      cr_assert(step->action >= ACTION_NONE && step->action <= ACTION_NOTE_STOP);
      cr_assert_gt(strlen(step->sentence), 3);
    }
}

Test(machine, a_step_is_what_the_table_says) {
  for (int state = 0; state < SWEEP_STATES; state++)
    for (int event = 0; event < SWEEP_EVENTS; event++) {
      const struct machine_step *step = find(state, event);
      if (step == NULL)
        continue;
      enum sweep_state now = (enum sweep_state)state;
      cr_assert_eq(machine_step(&now, (enum sweep_event)event), step);
      cr_assert_eq(now, step->next);
    }
}

Test(machine, a_pair_that_is_not_there_ends_the_process, .signal = SIGABRT) {
  enum sweep_state state = SWEEP_IDLE;
  cr_assert_null(machine_find(SWEEP_IDLE, EVENT_WRITTEN));
  machine_step(&state, EVENT_WRITTEN);
  cr_assert_fail("must not come here");
}

/* States that can be reached from `from`; `all_events` or only those that end something. */
static void reach(bool reached[SWEEP_STATES], int from, bool (*possible)(int event)) {
  if (reached[from])
    return;
  reached[from] = true;
  for (int event = 0; event < SWEEP_EVENTS; event++) {
    const struct machine_step *step = find(from, event);
    if (step != NULL && possible(event))
      reach(reached, (int)step->next, possible);
  }
}

static bool any_event(int event) { return event < SWEEP_EVENTS; }
static bool any_but_stop(int event) { return event != EVENT_STOP; }

Test(machine, every_state_is_reached_and_leads_to_closed) {
  bool from_idle[SWEEP_STATES] = {false};
  reach(from_idle, SWEEP_IDLE, any_event);
  for (int state = 0; state < SWEEP_STATES; state++) {
    bool reached[SWEEP_STATES] = {false};
    cr_assert(from_idle[state], "%s is never reached", machine_state_name((enum sweep_state)state));
    reach(reached, state, any_but_stop);
    cr_assert(reached[SWEEP_CLOSED], "%s has no way out", machine_state_name((enum sweep_state)state));
  }
}

/* The longest way to CLOSED once STOP was said, over whatever may still happen; -1: there is a way that never ends.
 * A sweep that noted the stop says STOP again where it would ask for the lock (sweep.c): so does this walk. */
static int longest_way_out(int state, int steps) {
  if (state == SWEEP_CLOSED)
    return steps;
  if (steps > SWEEP_STATES)
    return -1;
  int longest = 0;
  for (int event = 0; event < SWEEP_EVENTS; event++) {
    const struct machine_step *step = find(state, event);
    if (step == NULL || event == EVENT_STOP)
      continue;
    int next = (int)(step->next == SWEEP_LOCKING ? find(SWEEP_LOCKING, EVENT_STOP)->next : step->next);
    int way = longest_way_out(next, steps + 1);
    if (way < 0)
      return -1;
    longest = way > longest ? way : longest;
  }
  return longest == 0 ? -1 : longest;
}

Test(machine, stop_leads_to_closed_from_everywhere) {
  for (int state = 0; state < SWEEP_STATES; state++) {
    const char *name = machine_state_name((enum sweep_state)state);
    const struct machine_step *step = find(state, EVENT_STOP);
    cr_assert_not_null(step, "%s does not know STOP", name);
    int way = longest_way_out((int)step->next, 1);
    cr_assert(way >= 1 && way <= 5, "%s: %d steps", name, way);
  }
}

Test(machine, stop_may_be_said_twice) {
  for (int state = 0; state < SWEEP_STATES; state++)
    cr_assert_not_null(find((int)find(state, EVENT_STOP)->next, EVENT_STOP));
}

/* A failure is written down once; the writing of a failure, the release and the end cannot fail. */
Test(machine, failures_lead_to_recording) {
  for (int state = 0; state < SWEEP_STATES; state++) {
    const struct machine_step *step = find(state, EVENT_FAILED);
    bool works = state >= SWEEP_LOCKING && state <= SWEEP_FLUSHING;
    cr_assert_eq(step != NULL, works, "%s", machine_state_name((enum sweep_state)state));
    cr_assert(step == NULL || (step->next == SWEEP_RECORDING && step->action == ACTION_RECORD));
  }
}

Test(machine, what_was_locked_is_released) {
  for (int state = SWEEP_LOCKING; state < SWEEP_RELEASING; state++)
    for (int event = 0; event < SWEEP_EVENTS; event++) {
      const struct machine_step *step = find(state, event);
      cr_assert(step == NULL || step->next != SWEEP_CLOSED, "%s closes without a release",
                machine_state_name((enum sweep_state)state));
    }
  cr_assert_eq(find(SWEEP_RELEASING, EVENT_RELEASED)->next, SWEEP_CLOSED);
}

Test(machine, names_are_distinct) {
  for (int i = 0; i < SWEEP_STATES; i++)
    for (int k = 0; k < i; k++)
      cr_assert_str_neq(machine_state_name((enum sweep_state)i), machine_state_name((enum sweep_state)k));
  for (int i = 0; i < SWEEP_EVENTS; i++)
    for (int k = 0; k < i; k++)
      cr_assert_str_neq(machine_event_name((enum sweep_event)i), machine_event_name((enum sweep_event)k));
  cr_assert_str_eq(machine_state_name(SWEEP_CLOSED), "closed");
  cr_assert_str_eq(machine_event_name(EVENT_STOP), "stop");
}

Test(machine, the_diagram_shows_every_row_but_stop) {
  char *text = NULL;
  size_t length = 0;
  FILE *stream = open_memstream(&text, &length);
  machine_print_diagram(stream);
  fclose(stream);
  int rows = 0, lines = 0;
  for (int state = 0; state < SWEEP_STATES; state++)
    for (int event = 0; event < SWEEP_EVENTS; event++) {
      const struct machine_step *step = find(state, event);
      if (step == NULL || event == EVENT_STOP)
        continue;
      char line[128];
      snprintf(line, sizeof line, "\n  %s --> %s : %s\n", machine_state_name((enum sweep_state)state),
               machine_state_name(step->next), machine_event_name((enum sweep_event)event));
      cr_assert_not_null(strstr(text, line), "%s is not in %s", line, text);
      rows++;
    }
  for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
    lines++;
  cr_assert_eq(lines, rows + 3, "and nothing else but the head, the beginning and the end");
  cr_assert_eq(strncmp(text, "stateDiagram-v2\n  [*] --> idle\n", 31), 0);
  free(text);
}
