/* A callback becomes an event, an event becomes the table's action. It promises that only the machine's table changes a state, and that
 * no sweep asks Close behind its deadline. */
#include "sweep/drive.h"
#include <string.h>

enum { MOVES_MAX = 3 };

int64_t sweep_now_ms(const struct sweep *sweep) { return loop_now_ms(sweep->options.shared->loop); }

const char *sweep_bound_to(const struct sweep *sweep) {
  return sweep->organization_id != NULL ? sweep->organization_id : sweep->mirror_state.organization_id;
}

bool sweep_writes(const struct sweep *sweep) { return sweep->options.mode == SWEEP_WRITE; }

int64_t sweep_gap_ms(const struct sweep *sweep) {
  int64_t gap_ms = sweep->options.shared->config->sync.gap_ms;
  return gap_ms > 0 ? gap_ms : 3 * sweep->options.organization->interval_ms;
}

void drive_fail(struct sweep *sweep, const struct error *error) {
  sweep->report.outcome = OUTCOME_FAILED;
  sweep->report.key_dead |= error->kind == ERROR_CREDENTIAL;
  sweep->report.error = *error;
  if (sweep->too_late && error->kind == ERROR_CANCELLED)
    error_set(&sweep->report.error, ERROR_LIMIT, "the sweep took longer than sync.deadline");
  else if (sweep->lock_lost && error->kind == ERROR_CANCELLED)
    error_set(&sweep->report.error, ERROR_UNREACHABLE, "the database session that held the lock was lost");
  else if (strcmp(error->code, DB_INSUFFICIENT_PRIVILEGE) == 0)
    error_set(&sweep->report.error, error->kind, "%s: `closesyncd check` tells all that this role lacks", error->text);
  drive_event(sweep, EVENT_FAILED);
}

void drive_again(struct sweep *sweep, const struct error *error) {
  if (error->kind == ERROR_CONFLICT && ++sweep->moved < MOVES_MAX)
    drive_event(sweep, EVENT_MOVED);
  else
    drive_fail(sweep, error);
}

static bool asks_close(enum sweep_action action) {
  return action == ACTION_LIST || action == ACTION_NEXT_PAGE || action == ACTION_BIND || action == ACTION_PROVE;
}

/* The deadline passed while nothing could be cancelled (between two requests, or waiting for the lock). */
static void end_late(struct sweep *sweep) {
  struct error late;
  error_set(&late, ERROR_CANCELLED, "the sweep was abandoned");
  drive_fail(sweep, &late);
}

void drive_event(struct sweep *sweep, enum sweep_event event) {
  const struct machine_step *step = machine_step(&sweep->state, event);
  log_write(sweep->options.shared->log, LOG_LEVEL_DEBUG, "%s organization=%s state=%s", step->sentence,
            sweep->options.organization->name, machine_state_name(sweep->state));
  if (sweep->stopping && sweep->state == SWEEP_LOCKING) {
    drive_event(sweep, EVENT_STOP);
    return;
  }
  if (sweep->too_late && asks_close(step->action))
    end_late(sweep);
  else
    sweep->act(sweep, step->action);
}

static void on_timer(void *context) {
  struct sweep *sweep = context;
  drive_event(sweep, sweep->later);
}

void drive_open_timer(struct sweep *sweep) { sweep->timer = timer_open(sweep->options.shared->loop, on_timer, sweep); }

void drive_later(struct sweep *sweep, enum sweep_event event, int64_t delay_ms) {
  sweep->later = event;
  timer_start(sweep->timer, delay_ms);
}

bool drive_arrived(struct sweep *sweep) {
  sweep->under_way--;
  if (sweep->state != SWEEP_STOPPING)
    return true;
  if (sweep->under_way == 0)
    drive_later(sweep, EVENT_DRAINED, 0);
  return false;
}

struct mirror_state_question sweep_question(const struct sweep *sweep) {
  return (struct mirror_state_question){.name = sweep->options.organization->name,
                                        .read_only = !sweep_writes(sweep),
                                        .volatile_fields = buffer_slice(&sweep->volatile_fields),
                                        .excluded_fields = buffer_slice(&sweep->excluded_fields),
                                        .digest_version = APPLY_DIGEST_VERSION,
                                        .verify_interval_ms = sweep->options.shared->config->sync.verify_interval_ms};
}
