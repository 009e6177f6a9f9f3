/* The beginning and the end of a sweep, and which function each action of the machine is. It promises that every sweep ends in CLOSED,
 * exactly once, with everything given back. */
#include "sweep/sweep.h"
#include "base/memory.h"
#include "io/db_array.h"
#include "sweep/begin.h"
#include "sweep/compare.h"
#include "sweep/judge.h"
#include "sweep/way_in.h"
#include "sweep/write.h"

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
    drive_later(sweep, EVENT_DRAINED, 0);
}

static void close_sweep(struct sweep *sweep) {
  sweep_done_fn *done = sweep->done;
  void *context = sweep->context;
  struct report report = sweep->report;
  const char *bound = sweep_bound_to(sweep);
  struct api_request_traffic traffic = sweep->traffic;
  report.organization_id = memory_copy_optional(bound);
  report.verified = sweep->verify && report.outcome != OUTCOME_FAILED;
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
  buffer_finish(&sweep->excluded_fields);
  buffer_finish(&sweep->unseen);
  memory_free(sweep->organization_id);
  memory_free(sweep->principal_id);
  memory_free(sweep);
  done(context, &report, &traffic);
}

static void do_nothing(struct sweep *sweep) { (void)sweep; }

static void next_page(struct sweep *sweep) {
  sweep->under_way++;
  listing_next(sweep->listing);
}

static void write_or_compare(struct sweep *sweep) { (sweep_writes(sweep) ? sweep_write : sweep_compare)(sweep); }

static void flush_or_agree(struct sweep *sweep) { (sweep_writes(sweep) ? sweep_flush : sweep_agree)(sweep); }

static void note_stop(struct sweep *sweep) { sweep->stopping = true; }

static void act(struct sweep *sweep, enum sweep_action action) {
  static void (*const acts[SWEEP_ACTIONS])(struct sweep * sweep) = {
      [ACTION_NONE] = do_nothing,       [ACTION_LOCK] = sweep_lock,     [ACTION_WAIT] = sweep_wait,
      [ACTION_RECALL] = sweep_recall,   [ACTION_LIST] = sweep_list,     [ACTION_NEXT_PAGE] = next_page,
      [ACTION_BIND] = sweep_bind,       [ACTION_PROVE] = sweep_prove,   [ACTION_WRITE] = write_or_compare,
      [ACTION_FLUSH] = flush_or_agree,  [ACTION_RECORD] = sweep_record, [ACTION_CANCEL] = stop,
      [ACTION_RELEASE] = sweep_release, [ACTION_CLOSE] = close_sweep,   [ACTION_NOTE_STOP] = note_stop};
  acts[action](sweep);
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

void sweep_stop(struct sweep *sweep) { drive_event(sweep, EVENT_STOP); }

/* The configuration bounds its lines, so it always fits. */
static void write_names(struct buffer *literal, const struct config_names *names) {
  buffer_init(literal, 64 * 1024);
  for (int i = 0; i < names->count; i++)
    db_array_append(literal, slice_of(names->names[i]));
  if (!db_array_close(literal))
    buffer_clear(literal);
}

static void prepare(struct sweep *sweep) {
  const struct sweep_context *shared = sweep->options.shared;
  const struct config *config = shared->config;
  write_names(&sweep->volatile_fields, &config->sync.volatile_fields);
  write_names(&sweep->excluded_fields, &config->sync.fields.excluded);
  buffer_init(&sweep->unseen, 512 * 1024 * 1024);
  way_in_retry(shared, sweep->options.organization);
  sweep->api_request = way_in_options(shared, sweep->options.organization, &sweep->traffic);
}

struct sweep *sweep_start(const struct sweep_options *options, sweep_done_fn *done, void *context) {
  struct sweep *sweep = memory_allocate(sizeof *sweep);
  *sweep = (struct sweep){.options = *options, .done = done, .context = context, .act = act};
  sweep->shared = *options->shared;
  sweep->shared.write = sweep->shared.writers[random_between(sweep->shared.random, 0, sweep->shared.writer_count - 1)];
  sweep->options.shared = &sweep->shared;
  sweep->report.organization = options->organization->name;
  sweep->traffic.timeouts = options->timeouts;
  sweep->began_ms = loop_now_ms(options->shared->loop);
  drive_open_timer(sweep);
  sweep->deadline = timer_open(options->shared->loop, on_deadline, sweep);
  timer_start(sweep->deadline, options->shared->config->sync.deadline_ms);
  prepare(sweep);
  drive_event(sweep, EVENT_START);
  return sweep;
}
