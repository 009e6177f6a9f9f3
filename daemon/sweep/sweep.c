#include "sweep/sweep.h"
#include "base/memory.h"
#include "io/db_array.h"
#include "sweep/begin.h"
#include "sweep/compare.h"
#include "sweep/judge.h"
#include "sweep/write.h"
#include <string.h>

/* What this file is for: driving the machine. A callback becomes an event, an event becomes the table's action. It promises that
 * every sweep ends in CLOSED, exactly once, with everything given back. */

const char *sweep_bound_to(const struct sweep *sweep) {
  return sweep->organization_id != NULL ? sweep->organization_id : sweep->mirror_state.organization_id;
}

bool sweep_writes(const struct sweep *sweep) { return sweep->options.mode == SWEEP_WRITE; }

int64_t sweep_gap_ms(const struct sweep *sweep) {
  int64_t gap_ms = sweep->options.shared->config->sync.gap_ms;
  return gap_ms > 0 ? gap_ms : 3 * sweep->options.organization->interval_ms;
}

void sweep_fail(struct sweep *sweep, const struct error *error) {
  sweep->report.outcome = OUTCOME_FAILED;
  sweep->report.error = *error;
  if (sweep->too_late && error->kind == ERROR_CANCELLED)
    error_set(&sweep->report.error, ERROR_LIMIT, "the sweep took longer than sync.deadline");
  else if (sweep->lock_lost && error->kind == ERROR_CANCELLED)
    error_set(&sweep->report.error, ERROR_UNREACHABLE, "the database session that held the lock was lost");
  else if (strcmp(error->code, DB_INSUFFICIENT_PRIVILEGE) == 0)
    error_set(&sweep->report.error, error->kind, "%s: `closesyncd check` tells all that this role lacks", error->text);
  sweep_event(sweep, EVENT_FAILED);
}

static void cancel(struct sweep *sweep) {
  if (sweep->listing != NULL)
    listing_cancel(sweep->listing);
  if (sweep->removal != NULL)
    removal_cancel(sweep->removal);
  if (sweep->binding != NULL)
    binding_cancel(sweep->binding);
  if (sweep->doubt != NULL)
    api_request_cancel(sweep->doubt);
}

static void stop(struct sweep *sweep) {
  timer_stop(sweep->timer);
  sweep->report.outcome = OUTCOME_FAILED;
  error_set(&sweep->report.error, ERROR_CANCELLED, "the sweep was abandoned");
  cancel(sweep);
  if (sweep->under_way == 0)
    sweep_later(sweep, EVENT_DRAINED, 0);
}

static void close_sweep(struct sweep *sweep) {
  sweep_done_fn *done = sweep->done;
  void *context = sweep->context;
  struct report report = sweep->report;
  const char *bound = sweep_bound_to(sweep);
  struct api_request_traffic traffic = sweep->traffic;
  report.organization_id = bound == NULL ? NULL : memory_copy_text(bound);
  report.requests = sweep->traffic.requests;
  report.received_bytes = sweep->traffic.received_bytes;
  report.elapsed_ms = loop_now_ms(sweep->options.shared->loop) - sweep->began_ms;
  timer_close(sweep->timer);
  timer_close(sweep->deadline);
  listing_destroy(sweep->listing);
  removal_destroy(sweep->removal);
  binding_destroy(sweep->binding);
  mirror_state_finish(&sweep->mirror_state);
  buffer_finish(&sweep->volatile_fields);
  buffer_finish(&sweep->unseen);
  memory_free(sweep->organization_id);
  memory_free(sweep->principal_id);
  memory_free(sweep);
  done(context, &report, &traffic);
}

static bool asks_close(enum sweep_action action) {
  return action == ACTION_LIST || action == ACTION_NEXT_PAGE || action == ACTION_BIND || action == ACTION_PROVE;
}

/* The deadline passed while nothing could be cancelled (between two requests, or waiting for the lock). */
static void end_late(struct sweep *sweep) {
  struct error late;
  error_set(&late, ERROR_CANCELLED, "the sweep was abandoned");
  sweep_fail(sweep, &late);
}

static void act(struct sweep *sweep, enum sweep_action action) {
  switch (action) {
  case ACTION_NONE:
    break;
  case ACTION_LOCK:
    sweep_lock(sweep);
    break;
  case ACTION_WAIT:
    sweep_wait(sweep);
    break;
  case ACTION_RECALL:
    sweep_recall(sweep);
    break;
  case ACTION_LIST:
    sweep_list(sweep);
    break;
  case ACTION_NEXT_PAGE:
    sweep->under_way++;
    listing_next(sweep->listing);
    break;
  case ACTION_BIND:
    sweep_bind(sweep);
    break;
  case ACTION_PROVE:
    sweep_prove(sweep);
    break;
  case ACTION_WRITE:
    (sweep_writes(sweep) ? sweep_write : sweep_compare)(sweep);
    break;
  case ACTION_FLUSH:
    (sweep_writes(sweep) ? sweep_flush : sweep_agree)(sweep);
    break;
  case ACTION_RECORD:
    sweep_record(sweep);
    break;
  case ACTION_CANCEL:
    stop(sweep);
    break;
  case ACTION_RELEASE:
    sweep_release(sweep);
    break;
  case ACTION_CLOSE:
    close_sweep(sweep);
    break;
  case ACTION_NOTE_STOP:
    sweep->stopping = true;
    break;
  }
}

void sweep_event(struct sweep *sweep, enum sweep_event event) {
  const struct machine_step *step = machine_step(&sweep->state, event);
  log_write(sweep->options.shared->log, LOG_LEVEL_DEBUG, "%s organization=%s state=%s", step->sentence,
            sweep->options.organization->name, machine_state_name(sweep->state));
  if (sweep->stopping && sweep->state == SWEEP_LOCKING) {
    sweep_event(sweep, EVENT_STOP);
    return;
  }
  if (sweep->too_late && asks_close(step->action))
    end_late(sweep);
  else
    act(sweep, step->action);
}

static void on_timer(void *context) {
  struct sweep *sweep = context;
  sweep_event(sweep, sweep->later);
}

void sweep_later(struct sweep *sweep, enum sweep_event event, int64_t delay_ms) {
  sweep->later = event;
  timer_start(sweep->timer, delay_ms);
}

bool sweep_arrived(struct sweep *sweep) {
  sweep->under_way--;
  if (sweep->state != SWEEP_STOPPING)
    return true;
  if (sweep->under_way == 0)
    sweep_later(sweep, EVENT_DRAINED, 0);
  return false;
}

static void on_deadline(void *context) {
  struct sweep *sweep = context;
  sweep->too_late = true;
  cancel(sweep);
}

void sweep_lock_lost(struct sweep *sweep) {
  if (!sweep->locked)
    return;
  sweep->locked = false;
  sweep->lock_lost = true;
  cancel(sweep);
}

bool sweep_is_slow(const struct sweep *sweep) { return sweep->traffic.timeouts > 0; }

bool sweep_is_waiting(const struct sweep *sweep) { return sweep->traffic.waiting; }

void sweep_stop(struct sweep *sweep) { sweep_event(sweep, EVENT_STOP); }

static void prepare(struct sweep *sweep) {
  const struct sweep_context *shared = sweep->options.shared;
  bool good = true;
  buffer_init(&sweep->volatile_fields, 64 * 1024);
  buffer_init(&sweep->unseen, 512 * 1024 * 1024);
  for (int i = 0; good && i < shared->config->sync.volatile_count; i++)
    good = db_array_append(&sweep->volatile_fields, slice_of(shared->config->sync.volatile_fields[i]));
  if (!good || !db_array_close(&sweep->volatile_fields))
    buffer_clear(&sweep->volatile_fields); /* the configuration bounds its lines */
  sweep->api_request =
      (struct api_request_options){.loop = shared->loop,
                                   .request_queue = shared->request_queue,
                                   .random = shared->random,
                                   .key = sweep->options.organization->key,
                                   .rate_limit = rate_limits_of(shared->rate_limits, sweep->options.organization->key),
                                   .traffic = &sweep->traffic};
}

struct sweep *sweep_start(const struct sweep_options *options, sweep_done_fn *done, void *context) {
  struct sweep *sweep = memory_allocate(sizeof *sweep);
  *sweep = (struct sweep){.options = *options, .done = done, .context = context};
  sweep->shared = *options->shared;
  sweep->shared.write = sweep->shared.writers[random_between(sweep->shared.random, 0, sweep->shared.writer_count - 1)];
  sweep->options.shared = &sweep->shared;
  sweep->report.organization = options->organization->name;
  sweep->traffic.timeouts = options->timeouts;
  sweep->began_ms = loop_now_ms(options->shared->loop);
  sweep->timer = timer_open(options->shared->loop, on_timer, sweep);
  sweep->deadline = timer_open(options->shared->loop, on_deadline, sweep);
  timer_start(sweep->deadline, options->shared->config->sync.deadline_ms);
  prepare(sweep);
  sweep_event(sweep, EVENT_START);
  return sweep;
}
