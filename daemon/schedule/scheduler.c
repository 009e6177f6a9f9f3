/* All jobs, and what a sweep's end means for them. It promises that nothing waits for a database that is away but time. */
#include "schedule/scheduler.h"
#include "base/memory.h"
#include "schedule/adoption.h"
#include "schedule/known.h"
#include "schedule/members.h"
#include "schedule/ownership.h"
#include "schedule/payments.h"
#include "schedule/roster.h"
#include <time.h>

enum { COALESCE_MS = 5000, RETURN_SPREAD_MS = 5000 };

struct scheduler {
  struct scheduler_options options;
  struct generation *generation;
  struct database_monitor *database_monitor;
  struct queue *queue;
  struct shutdown *shutdown;
  struct members *members;
  struct ownership *ownership;
  struct roster roster;
  struct health health;
  struct walk asking, returning; /* who is asked to sweep; who waits for a better time of the database */
  bool told_attempted, database_tried, adopting, stopping;
};

static int64_t now_ms(const struct scheduler *scheduler) { return loop_now_ms(scheduler->options.shared->loop); }

/* In a fleet it is not known whose an organization is until a heartbeat is answered, and then the others' need not be waited for. */
static bool has_tried(const struct scheduler *scheduler) {
  return scheduler->generation->config->fleet.enabled ? ownership_is_known(scheduler->ownership)
                                                      : scheduler->roster.attempts_left <= 0;
}

static void tell_attempted(struct scheduler *scheduler) {
  if (scheduler->told_attempted || !scheduler->database_tried || scheduler->adopting)
    return;
  if (database_monitor_is_open(scheduler->database_monitor) && !has_tried(scheduler))
    return;
  scheduler->told_attempted = true;
  scheduler->options.attempted(scheduler->options.context);
}

static void tell_changed(void *context) {
  struct scheduler *scheduler = context;
  if (!scheduler->stopping)
    scheduler->options.changed(scheduler->options.context);
}

static void on_known(void *context) {
  struct scheduler *scheduler = context;
  if (!scheduler->stopping)
    scheduler->options.known(scheduler->options.context);
  tell_changed(context);
}

/* ---- the database's troubles, which are nobody's own ---- */

/* Who was refused waits for a better time; it has come. */
static void bring_forward(void *context, struct job *job) {
  struct scheduler *scheduler = context;
  bool waits = job->troubled && job->sweep == NULL && !job->queued;
  if (waits && job->health.next_sweep_ms > now_ms(scheduler) + RETURN_SPREAD_MS)
    queue_plan(job, now_ms(scheduler) + random_between(scheduler->options.shared->random, 0, RETURN_SPREAD_MS));
}

static void note_database(struct scheduler *scheduler, struct job *job, const struct error *error) {
  bool was_troubled = job->troubled;
  roster_note_trouble(&scheduler->roster, job, error->kind == ERROR_DATABASE && !job->foreign);
  if (job->troubled || error->kind == ERROR_UNREACHABLE) {
    database_monitor_failed(scheduler->database_monitor, error, job->name);
  } else if (was_troubled && !scheduler->stopping) {
    if (scheduler->roster.troubled == 0)
      database_monitor_worked(scheduler->database_monitor);
    if (!scheduler->returning.going)
      walk_begin(&scheduler->returning);
  }
}

/* Of those whom the database refused something, the last one may have left. */
static void note_departures(struct scheduler *scheduler) {
  if (scheduler->roster.troubled == 0 && !scheduler->stopping)
    database_monitor_worked(scheduler->database_monitor);
}

/* ---- the end of a sweep ---- */

/* When a sweep that somebody asked for may begin: several requests are one. */
static int64_t asked_at_ms(const struct job *job, int64_t at_least_ms) {
  int64_t at_ms = job->asked_ms == 0 ? at_least_ms : job->asked_ms + COALESCE_MS;
  return at_ms > at_least_ms ? at_ms : at_least_ms;
}

static void go_on(struct job *job, enum pace_ending ending, const struct report *report) {
  struct scheduler *scheduler = job->scheduler;
  struct rate_limit *rate_limit = job->way_in.rate_limit;
  int64_t at = now_ms(scheduler), free_ms = at + rate_limit_blocked_ms(rate_limit, at);
  job->health.rate_limit_remaining = rate_limit->remaining;
  if (report->error.kind == ERROR_UNREACHABLE) {
    queue_push(job); /* waits there for the database */
    return;
  }
  int64_t next_ms = pace_next(&job->pace, scheduler->options.shared->random, ending, at, free_ms);
  if (job->asked && asked_at_ms(job, at) < next_ms)
    next_ms = asked_at_ms(job, at);
  queue_plan(job, next_ms > free_ms ? next_ms : free_ms);
}

static void end(struct scheduler *scheduler) {
  bool idle = queue_next_running(scheduler->queue, NULL) == NULL && !scheduler->adopting;
  if (scheduler->stopping && idle && !shutdown_is_paying(scheduler->shutdown) &&
      members_are_settled(scheduler->members))
    shutdown_write(scheduler->shutdown, scheduler->roster.jobs, scheduler->roster.job_count);
}

/* What its end says to the others; the job may be gone afterwards. */
static void let_go(struct job *job, struct generation *generation, enum pace_ending ending,
                   const struct report *report) {
  struct scheduler *scheduler = job->scheduler;
  roster_note_attempt(&scheduler->roster, job);
  tell_attempted(scheduler);
  if (job->organization == NULL) {
    shutdown_pay(scheduler->shutdown, job, generation);
    roster_remove(&scheduler->roster, job);
    note_departures(scheduler);
  } else if (!scheduler->stopping) {
    go_on(job, ending, report);
  }
}

static void on_swept(void *context, struct report *report, const struct api_request_traffic *traffic) {
  struct job *job = context;
  struct scheduler *scheduler = job->scheduler;
  struct generation *generation = job->generation;
  bool news = report->outcome != OUTCOME_UNCHANGED || report->verified || !job->attempted;
  queue_ended(job);
  job->sweep = NULL;
  job->generation = NULL;
  job->timeouts = traffic->timeouts;
  job->slow = traffic->timeouts > 0;
  scheduler->health.now_ms = now_ms(scheduler);
  scheduler->health.now_s = time(NULL);
  enum pace_ending ending = job_take(job, scheduler->options.shared->log, &scheduler->health, report, traffic);
  if (generation->shared.watch == scheduler->generation->shared.watch)
    note_database(scheduler, job, &report->error);
  else
    shutdown_pay(scheduler->shutdown, job, generation); /* what is remembered is another database's */
  if (news && job->organization_id != NULL && report->outcome != OUTCOME_FAILED && !scheduler->stopping)
    known_read(&scheduler->roster, generation, job, tell_changed, scheduler);
  if (!scheduler->stopping && scheduler->adopting) /* the job may be of another configuration than the one in force */
    job->owes_members |= report->verified;
  else if (!scheduler->stopping && !job->foreign)
    members_ask(scheduler->members, job, scheduler->generation, report);
  if (report->busy && !scheduler->stopping)
    known_note_skip(generation, job);
  database_monitor_note_clock(scheduler->database_monitor, scheduler->health.database_us, scheduler->health.machine_us);
  ownership_ended(scheduler->ownership, job, generation);
  let_go(job, generation, ending, report);
  report_finish(report);
  generation_release(generation);
  queue_pump(scheduler->queue);
  tell_changed(scheduler);
  end(scheduler);
}

/* ---- from due to under way ---- */

static void start_sweep(struct job *job) {
  struct scheduler *scheduler = job->scheduler;
  struct generation *generation = generation_hold(scheduler->generation);
  struct sweep_options options = {.shared = &generation->shared,
                                  .organization = job->organization,
                                  .timeouts = job->timeouts,
                                  .write_behind = &job->write_behind,
                                  .flush_after_ms = generation->config->sync.flush_interval_ms};
  job->generation = generation;
  if (job->asked)
    job->asked_ms = now_ms(scheduler);
  job->asked = false;
  job->health.next_sweep_ms = 0;
  job->sweep = sweep_start(&options, on_swept, job);
}

static void on_opened(void *context) {
  struct scheduler *scheduler = context;
  scheduler->database_tried = true;
  if (!scheduler->adopting)
    ownership_read_known(scheduler->ownership);
  ownership_opened(scheduler->ownership);
  tell_attempted(scheduler);
  queue_pump(scheduler->queue);
  tell_changed(scheduler);
}

static void on_first(void *context, const struct error *error) {
  struct scheduler *scheduler = context;
  scheduler->database_tried = true;
  if (error != NULL && error->kind == ERROR_CONFIG)
    scheduler->options.refused(scheduler->options.context, error);
  if (error != NULL && error->kind != ERROR_CONFIG) {
    on_known(scheduler);
    tell_attempted(scheduler);
  }
}

static void on_settled(void *context) {
  struct scheduler *scheduler = context;
  ownership_settled(scheduler->ownership);
  end(scheduler);
}

static void on_owned(void *context) {
  note_departures(context);
  tell_attempted(context);
  tell_changed(context);
}

static void on_written(void *context) {
  struct scheduler *scheduler = context;
  ownership_leave(scheduler->ownership);
}

static void on_stopped(void *context) {
  struct scheduler *scheduler = context;
  scheduler->options.stopped(scheduler->options.context);
}

static void request(void *context, struct job *job) {
  (void)context;
  int64_t at_ms = asked_at_ms(job, queue_now_ms(job));
  if (job->organization == NULL || job->foreign)
    return;
  job->asked = true;
  if (job->sweep == NULL && !job->queued && at_ms < job->health.next_sweep_ms)
    queue_plan(job, at_ms);
}

/* ---- the whole ---- */

static void open_rooms(struct scheduler *scheduler) {
  const struct scheduler_options *options = &scheduler->options;
  scheduler->database_monitor = database_monitor_create(
      &scheduler->generation->shared,
      &(struct database_monitor_options){.opened = on_opened, .first = on_first, .context = scheduler});
  scheduler->queue = queue_create(&(struct queue_options){
      .shared = options->shared, .database_monitor = scheduler->database_monitor, .start = start_sweep});
  scheduler->shutdown = shutdown_create(&(struct shutdown_options){.shared = options->shared,
                                                                   .database_monitor = scheduler->database_monitor,
                                                                   .settled = on_settled,
                                                                   .written = on_written,
                                                                   .stopped = on_stopped,
                                                                   .context = scheduler});
  scheduler->members = members_create(&(struct members_options){
      .shared = options->shared, .roster = &scheduler->roster, .settled = on_settled, .context = scheduler});
  roster_init(&scheduler->roster, &(struct roster_options){.scheduler = scheduler,
                                                           .shared = options->shared,
                                                           .queue = scheduler->queue,
                                                           .shutdown = scheduler->shutdown});
  scheduler->ownership = ownership_create(&(struct ownership_options){.shared = options->shared,
                                                                      .roster = &scheduler->roster,
                                                                      .queue = scheduler->queue,
                                                                      .shutdown = scheduler->shutdown,
                                                                      .database_monitor = scheduler->database_monitor,
                                                                      .changed = on_owned,
                                                                      .known = on_known,
                                                                      .context = scheduler});
  walk_open(&scheduler->asking, &scheduler->roster, &(struct walk_options){.visit = request});
  walk_open(&scheduler->returning, &scheduler->roster,
            &(struct walk_options){.visit = bring_forward, .context = scheduler});
}

static void on_adopted(void *context) {
  struct scheduler *scheduler = context;
  scheduler->adopting = false;
  ownership_use(scheduler->ownership, scheduler->generation);
  queue_pause(scheduler->queue, false);
  note_departures(scheduler);
  tell_attempted(scheduler);
  if (!scheduler->stopping && database_monitor_is_open(scheduler->database_monitor))
    ownership_read_known(scheduler->ownership);
  queue_pump(scheduler->queue);
  tell_changed(scheduler);
  scheduler->options.adopted(scheduler->options.context);
  end(scheduler);
}

/* Organizations are added, changed and dropped. */
static void adopt(struct scheduler *scheduler, struct generation *before) {
  scheduler->adopting = true;
  queue_pause(scheduler->queue, true);
  queue_use(scheduler->queue, scheduler->generation);
  shutdown_use(scheduler->shutdown, scheduler->generation);
  adoption_start(&(struct adoption_options){.roster = &scheduler->roster,
                                            .before = before,
                                            .after = scheduler->generation,
                                            .done = on_adopted,
                                            .context = scheduler});
}

struct scheduler *scheduler_create(const struct scheduler_options *options, struct generation *generation) {
  struct scheduler *scheduler = memory_allocate(sizeof *scheduler);
  *scheduler = (struct scheduler){.options = *options, .generation = generation_hold(generation)};
  open_rooms(scheduler);
  adopt(scheduler, generation);
  database_monitor_start(scheduler->database_monitor);
  return scheduler;
}

void scheduler_configure(struct scheduler *scheduler, struct generation *generation) {
  struct generation *before = scheduler->generation;
  scheduler->generation = generation_hold(generation);
  before->was_open = database_monitor_is_open(scheduler->database_monitor);
  adopt(scheduler, before);
  database_monitor_use(scheduler->database_monitor, &generation->shared);
  generation_release(before);
}

bool scheduler_request(struct scheduler *scheduler, const char *name) {
  struct job *one = name == NULL ? NULL : roster_find(&scheduler->roster, slice_of(name));
  if (one != NULL)
    request(NULL, one);
  if (name == NULL)
    walk_begin(&scheduler->asking);
  return name == NULL || one != NULL;
}

void scheduler_lock_lost(struct scheduler *scheduler, const struct db *watch, const struct error *error) {
  for (struct job *job = NULL; (job = queue_next_running(scheduler->queue, job)) != NULL;)
    if (job->generation->shared.watch == watch)
      sweep_lock_lost(job->sweep);
  if (scheduler->generation->shared.watch == watch)
    database_monitor_failed(scheduler->database_monitor, error, "");
  tell_changed(scheduler);
}

void scheduler_stop(struct scheduler *scheduler) {
  scheduler->stopping = true;
  database_monitor_stop(scheduler->database_monitor);
  queue_stop(scheduler->queue);
  shutdown_stop(scheduler->shutdown);
  members_stop(scheduler->members);
  walk_stop(&scheduler->asking);
  walk_stop(&scheduler->returning);
  known_stop(&scheduler->roster);
  for (struct job *job = NULL; (job = queue_next_running(scheduler->queue, job)) != NULL;)
    sweep_stop(job->sweep);
  end(scheduler);
}

void scheduler_abandon(struct scheduler *scheduler) {
  shutdown_abandon(scheduler->shutdown);
  ownership_abandon(scheduler->ownership);
  for (struct job *job = NULL; (job = queue_next_running(scheduler->queue, job)) != NULL;)
    connections_drop_sessions(&job->generation->shared, "stopping");
}

bool scheduler_clear(struct scheduler *scheduler) { return roster_clear(&scheduler->roster); }

void scheduler_destroy(struct scheduler *scheduler) {
  if (scheduler == NULL)
    return;
  ownership_destroy(scheduler->ownership);
  walk_close(&scheduler->asking);
  walk_close(&scheduler->returning);
  roster_finish(&scheduler->roster);
  members_destroy(scheduler->members);
  shutdown_destroy(scheduler->shutdown);
  queue_destroy(scheduler->queue);
  database_monitor_destroy(scheduler->database_monitor);
  generation_release(scheduler->generation);
  memory_free(scheduler);
}

const struct health *scheduler_health(struct scheduler *scheduler) {
  struct health *health = &scheduler->health;
  health->now_ms = now_ms(scheduler);
  health->now_s = time(NULL);
  health->database_up = database_monitor_is_open(scheduler->database_monitor);
  health->database_since_ms = database_monitor_since_ms(scheduler->database_monitor);
  health->database_error = database_monitor_error(scheduler->database_monitor);
  health->database_refusal = database_monitor_refusal(scheduler->database_monitor);
  roster_tell(&scheduler->roster, health);
  health->fleet = ownership_health(scheduler->ownership);
  if (health->database_refusal == NULL)
    health->database_refusal = ownership_refusal(scheduler->ownership);
  return health;
}
