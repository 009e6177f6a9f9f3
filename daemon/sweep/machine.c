/* A sweep's life on one screen. It promises that STOP leads to CLOSED from everywhere, and that what is not written here cannot happen.
 * The README's diagram is printed from this table. */
#include "sweep/machine.h"
#include <stdlib.h>
#include <string.h>

#define ON(state, event, next, action, sentence) \
  [SWEEP_##state][EVENT_##event] = {SWEEP_##next, ACTION_##action, sentence}

static const struct machine_step table[SWEEP_STATES][SWEEP_EVENTS] = {
    ON(IDLE, START, LOCKING, LOCK, "begin"),
    ON(IDLE, STOP, CLOSED, CLOSE, "stopped before it began"),

    ON(LOCKING, BUSY, BLOCKED, WAIT, "another process sweeps this organization"),
    ON(LOCKING, LOCKED, RECALLING, RECALL, "read what is stored"),
    ON(LOCKING, UNKNOWN, LISTING, LIST, "list for the first time"),
    ON(LOCKING, FAILED, RECORDING, RECORD, "could not begin"),
    ON(LOCKING, STOP, STOPPING, CANCEL, "stop"),

    ON(BLOCKED, WAITED, LOCKING, LOCK, "ask for the lock again"),
    ON(BLOCKED, FAILED, RECORDING, RECORD, "waited long enough for the lock"),
    ON(BLOCKED, STOP, STOPPING, CANCEL, "stop"),

    ON(RECALLING, RECALLED, LISTING, LIST, "list"),
    ON(RECALLING, FAILED, RECORDING, RECORD, "could not read what is stored"),
    ON(RECALLING, STOP, STOPPING, CANCEL, "stop"),

    ON(LISTING, MORE, LISTING, NEXT_PAGE, "next page"),
    ON(LISTING, UNSTABLE, LISTING, LIST, "the listing moved: list again"),
    ON(LISTING, SAME, FLUSHING, FLUSH, "nothing changed"),
    ON(LISTING, DIFFERENT, WRITING, WRITE, "write what differs"),
    ON(LISTING, MISSING, PROVING, PROVE, "ask for each missing account"),
    ON(LISTING, UNBOUND, BINDING, BIND, "ask whose organization this is"),
    ON(LISTING, FAILED, RECORDING, RECORD, "could not list"),
    ON(LISTING, STOP, STOPPING, CANCEL, "stop"),

    ON(BINDING, RENAMED, RECALLING, RECALL, "known under another name: compare with what is stored"),
    ON(BINDING, DIFFERENT, WRITING, WRITE, "write for the first time"),
    ON(BINDING, FAILED, RECORDING, RECORD, "could not tell the organization"),
    ON(BINDING, STOP, STOPPING, CANCEL, "stop"),

    ON(PROVING, SAME, FLUSHING, FLUSH, "nothing is missing, nothing changed"),
    ON(PROVING, DIFFERENT, WRITING, WRITE, "write what is certain"),
    ON(PROVING, FAILED, RECORDING, RECORD, "could not ask for what is missing"),
    ON(PROVING, STOP, STOPPING, CANCEL, "stop"),

    ON(WRITING, WRITTEN, RELEASING, RELEASE, "committed"),
    ON(WRITING, MOVED, LOCKING, LOCK, "somebody else wrote meanwhile: begin again"),
    ON(WRITING, FAILED, RECORDING, RECORD, "could not write"),
    ON(WRITING, STOP, WRITING, NOTE_STOP, "stop after this transaction"),

    ON(FLUSHING, WRITTEN, RELEASING, RELEASE, "coverage is written"),
    ON(FLUSHING, MOVED, LOCKING, LOCK, "somebody else wrote meanwhile: begin again"),
    ON(FLUSHING, FAILED, RECORDING, RECORD, "could not write the coverage"),
    ON(FLUSHING, STOP, FLUSHING, NOTE_STOP, "stop after this statement"),

    ON(RECORDING, RECORDED, RELEASING, RELEASE, "the failure is written down"),
    ON(RECORDING, STOP, RECORDING, NOTE_STOP, "stop after this statement"),

    ON(STOPPING, DRAINED, RELEASING, RELEASE, "nothing is under way"),
    ON(STOPPING, STOP, STOPPING, NONE, "already stopping"),

    ON(RELEASING, RELEASED, CLOSED, CLOSE, "done"),
    ON(RELEASING, STOP, RELEASING, NOTE_STOP, "nearly done"),

    ON(CLOSED, STOP, CLOSED, NONE, "already closed"),
};

const struct machine_step *machine_find(enum sweep_state state, enum sweep_event event) {
  const struct machine_step *step = &table[state][event];
  return step->sentence == NULL ? NULL : step;
}

const struct machine_step *machine_step(enum sweep_state *state, enum sweep_event event) {
  const struct machine_step *step = machine_find(*state, event);
  if (step == NULL) {
    fprintf(stderr, "bug: a sweep met the event %s in the state %s; please report it\n", machine_event_name(event),
            machine_state_name(*state));
    abort();
  }
  *state = step->next;
  return step;
}

const char *machine_state_name(enum sweep_state state) {
  static const char *const names[SWEEP_STATES] = {"idle",     "locking",   "blocked", "recalling", "listing",
                                                  "binding",  "proving",   "writing", "flushing",  "recording",
                                                  "stopping", "releasing", "closed"};
  return names[state];
}

const char *machine_event_name(enum sweep_event event) {
  static const char *const names[SWEEP_EVENTS] = {
      "start",   "busy",    "waited",  "locked", "unknown", "recalled", "more",   "unstable", "same",     "different",
      "missing", "unbound", "renamed", "moved",  "written", "recorded", "failed", "drained",  "released", "stop"};
  return names[event];
}

void machine_print_diagram(FILE *stream) {
  fprintf(stream, "stateDiagram-v2\n  [*] --> idle\n");
  for (int state = 0; state < SWEEP_STATES; state++)
    for (int event = 0; event < SWEEP_EVENTS; event++) {
      const struct machine_step *step = machine_find((enum sweep_state)state, (enum sweep_event)event);
      if (step != NULL && event != EVENT_STOP)
        fprintf(stream, "  %s --> %s : %s\n", machine_state_name((enum sweep_state)state),
                machine_state_name(step->next), machine_event_name((enum sweep_event)event));
    }
  fprintf(stream, "  closed --> [*]\n");
}
