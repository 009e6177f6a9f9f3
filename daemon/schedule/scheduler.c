#include "schedule/scheduler.h"
#include "base/memory.h"
#include "schedule/roster.h"
#include "schedule/shutdown.h"
#include "sql/embedded.h"
#include <string.h>
#include <time.h>

/* What this file is for: a queue between due and under way. It promises that the dead do not starve the living (organizations whose
 * last try timed out have a queue and a share of their own, those that wait for a rate limit take nobody's place), and that nothing
 * waits for a database that is away but time. */

enum { COALESCE_MS = 5000, RETURN_SPREAD_MS = 5000, HEADS_FIRST_MS = 60 * 1000, LOOK_MS = 200, HELD_SPREAD_MS = 300 };

int64_t scheduler_now_ms(const struct scheduler *scheduler) { return loop_now_ms(scheduler->options.loop); }

void scheduler_plan(struct job *job, int64_t at_ms) {
  int64_t delay_ms = at_ms - scheduler_now_ms(job->scheduler);
  job->health.next_sweep_ms = at_ms;
  timer_start(job->timer, delay_ms > 0 ? delay_ms : 0);
}

static void enqueue(struct job *job) {
  struct scheduler *scheduler = job->scheduler;
  if (job->sweep != NULL || job->queued || scheduler->stopping)
    return;
  job->queued = true;
  job_list_push(&scheduler->due[job->slow], job);
  scheduler_pump(scheduler);
}

void scheduler_on_due(void *context) { enqueue(context); }

static void tell_attempted(struct scheduler *scheduler) {
  if (scheduler->told_attempted || !scheduler->database_tried)
    return;
  if (database_monitor_is_open(scheduler->database_monitor) && scheduler->attempts_left > 0)
    return;
  scheduler->told_attempted = true;
  scheduler->options.attempted(scheduler->options.context);
}

void scheduler_note_attempt(struct job *job) {
  if (job->attempted)
    return;
  job->attempted = true;
  job->scheduler->attempts_left--;
  tell_attempted(job->scheduler);
}

void scheduler_leave_era(struct scheduler *scheduler, struct era *era) {
  if (--era->sweeps == 0 && era->over)
    scheduler->options.era_ended(scheduler->options.context, era);
}

static void on_type_row(void *context, const struct db_row *row) {
  struct job *job = roster_find(context, db_row_text(row, 0));
  if (job == NULL)
    return;
  if (db_row_int(row, 3) == 1)
    health_clear_accounts(&job->health);
  health_count_accounts(&job->health, db_row_text(row, 1), db_row_int(row, 2));
}

static void on_types(void *context, const struct error *error) {
  (void)context; /* the numbers stay as they were; the next change asks again */
  (void)error;
}

/* How many accounts of which type, for people and machines that watch; asked only when it may have changed. */
static void ask_types(struct job *job, struct era *era) {
  struct db_statement statement = {
      .sql = sql_query_account_types, .count = 1, .values = {slice_of(job->name)}, .prepare = true};
  db_query(era->shared.watch, &statement, on_type_row, on_types, job->scheduler);
}

/* ---- the database's troubles, which are nobody's own ---- */

/* Who was refused waits for a better time; it has come. */
static void bring_forward(struct scheduler *scheduler) {
  int64_t now_ms = scheduler_now_ms(scheduler);
  for (int i = 0; i < scheduler->job_count; i++) {
    struct job *job = scheduler->jobs[i];
    bool waits = job->troubled && job->sweep == NULL && !job->queued;
    if (waits && job->health.next_sweep_ms > now_ms + RETURN_SPREAD_MS)
      scheduler_plan(job, now_ms + random_between(scheduler->options.random, 0, RETURN_SPREAD_MS));
  }
}

void scheduler_note_database(struct job *job, const struct error *error) {
  struct scheduler *scheduler = job->scheduler;
  bool was_troubled = job->troubled;
  job->troubled = error->kind == ERROR_DATABASE;
  scheduler->troubled += (job->troubled ? 1 : 0) - (was_troubled ? 1 : 0);
  if (job->troubled || error->kind == ERROR_UNREACHABLE) {
    database_monitor_failed(scheduler->database_monitor, error, job->name);
  } else if (was_troubled && !scheduler->stopping) {
    if (scheduler->troubled == 0)
      database_monitor_worked(scheduler->database_monitor);
    bring_forward(scheduler);
  }
}

/* ---- the end of a sweep ---- */

static struct rate_limit *rate_limit_of(const struct job *job) {
  return rate_limits_of(job->scheduler->era->shared.rate_limits, job->organization->key);
}

/* When a sweep that somebody asked for may begin: several requests are one. */
static int64_t asked_at_ms(const struct job *job, int64_t now_ms) {
  int64_t at_ms = job->asked_ms == 0 ? now_ms : job->asked_ms + COALESCE_MS;
  return at_ms > now_ms ? at_ms : now_ms;
}

static void go_on(struct job *job, enum pace_ending ending, const struct report *report) {
  struct scheduler *scheduler = job->scheduler;
  struct rate_limit *rate_limit = rate_limit_of(job);
  int64_t now_ms = scheduler_now_ms(scheduler), free_ms = now_ms + rate_limit_blocked_ms(rate_limit, now_ms);
  job->health.rate_limit_remaining = rate_limit->remaining;
  if (report->error.kind == ERROR_UNREACHABLE) {
    enqueue(job); /* waits there for the database */
    return;
  }
  int64_t at_ms = pace_next(&job->pace, scheduler->options.random, ending, now_ms, free_ms);
  if (job->asked && asked_at_ms(job, now_ms) < at_ms)
    at_ms = asked_at_ms(job, now_ms);
  scheduler_plan(job, at_ms > free_ms ? at_ms : free_ms);
}

static void leave_running(struct job *job) {
  struct scheduler *scheduler = job->scheduler;
  job_list_remove(&scheduler->running[job->slow], job);
  scheduler->held[job->slow] -= job->held ? 1 : 0;
  job->held = false;
  job->sweep = NULL;
}

static void on_swept(void *context, struct report *report, const struct api_request_traffic *traffic) {
  struct job *job = context;
  struct scheduler *scheduler = job->scheduler;
  struct era *era = job->era;
  bool news = report->outcome != OUTCOME_UNCHANGED || !job->health.outcome_known;
  leave_running(job);
  job->timeouts = traffic->timeouts;
  job->slow = traffic->timeouts > 0;
  scheduler->health.now_ms = scheduler_now_ms(scheduler);
  scheduler->health.now_s = time(NULL);
  enum pace_ending ending = job_take(job, scheduler->options.log, &scheduler->health, report, traffic);
  if (era->shared.watch == scheduler->era->shared.watch)
    scheduler_note_database(job, &report->error);
  else
    scheduler_pay(job, era); /* what is remembered is another database's */
  if (news && job->organization_id != NULL && report->outcome != OUTCOME_FAILED && !scheduler->stopping)
    ask_types(job, era);
  scheduler_note_attempt(job);
  if (job->organization == NULL) {
    scheduler_pay(job, era);
    roster_remove(job);
  } else if (!scheduler->stopping) {
    go_on(job, ending, report);
  }
  report_finish(report);
  scheduler_leave_era(scheduler, era);
  if (scheduler->stopping)
    scheduler_end(scheduler);
  else
    scheduler_pump(scheduler);
}

/* ---- from due to under way ---- */

static void start_sweep(struct scheduler *scheduler, struct job *job) {
  struct era *era = scheduler->era;
  struct sweep_options options = {.shared = &era->shared,
                                  .organization = job->organization,
                                  .timeouts = job->timeouts,
                                  .write_behind = &job->write_behind,
                                  .flush_after_ms = era->shared.config->sync.flush_interval_ms};
  job->queued = false;
  job_list_remove(&scheduler->due[job->slow], job);
  job_list_push(&scheduler->running[job->slow], job);
  job->era = era;
  era->sweeps++;
  if (job->asked)
    job->asked_ms = scheduler_now_ms(scheduler);
  job->asked = false;
  job->health.next_sweep_ms = 0;
  job->sweep = sweep_start(&options, on_swept, job);
}

/* Before the key's reset there is nothing to begin. */
static bool put_off(struct scheduler *scheduler, struct job *job) {
  int64_t now_ms = scheduler_now_ms(scheduler), blocked_ms = rate_limit_blocked_ms(rate_limit_of(job), now_ms);
  if (blocked_ms == 0)
    return false;
  job->queued = false;
  job_list_remove(&scheduler->due[job->slow], job);
  scheduler_plan(job, now_ms + blocked_ms + random_between(scheduler->options.random, 0, HELD_SPREAD_MS));
  return true;
}

/* A sweep that began quick and met a timeout no longer counts against the quick ones, one that waits for its key's reset against
 * nobody. */
static void recount(struct scheduler *scheduler) {
  for (int slow = 0; slow < 2; slow++) {
    scheduler->held[slow] = 0;
    for (struct job *job = scheduler->running[slow].first, *next; job != NULL; job = next) {
      next = job->next;
      job->held = sweep_is_waiting(job->sweep);
      bool moves = slow == 0 && sweep_is_slow(job->sweep);
      if (!moves) {
        scheduler->held[slow] += job->held ? 1 : 0;
        continue;
      }
      job_list_remove(&scheduler->running[false], job);
      job->slow = true;
      job_list_push(&scheduler->running[true], job);
    }
  }
}

void scheduler_pump(struct scheduler *scheduler) {
  int width = 2 * scheduler->era->shared.config->api.max_requests;
  if (scheduler->stopping || !database_monitor_is_open(scheduler->database_monitor))
    return;
  if (scheduler->due[false].first != NULL || scheduler->due[true].first != NULL)
    recount(scheduler);
  for (int slow = 0; slow < 2; slow++)
    while (scheduler->due[slow].first != NULL && scheduler->running[slow].count - scheduler->held[slow] < width)
      if (!put_off(scheduler, scheduler->due[slow].first))
        start_sweep(scheduler, scheduler->due[slow].first);
  if (scheduler->due[false].first != NULL)
    timer_start(scheduler->look, LOOK_MS);
}

static void on_look(void *context) { scheduler_pump(context); }

static void on_opened(void *context) {
  struct scheduler *scheduler = context;
  scheduler->database_tried = true;
  tell_attempted(scheduler);
  scheduler_pump(scheduler);
}

static void on_first(void *context, const struct error *error) {
  struct scheduler *scheduler = context;
  scheduler->database_tried = true;
  if (error != NULL && error->kind == ERROR_CONFIG)
    scheduler->options.refused(scheduler->options.context, error);
  else if (error != NULL)
    tell_attempted(scheduler);
}

static void on_daily(void *context) { scheduler_tell_heads(context); }

/* ---- the whole ---- */

struct scheduler *scheduler_create(const struct scheduler_options *options, struct era *era) {
  struct scheduler *scheduler = memory_allocate(sizeof *scheduler);
  *scheduler = (struct scheduler){.options = *options, .era = era};
  scheduler->look = timer_open(options->loop, on_look, scheduler);
  scheduler->daily = timer_open(options->loop, on_daily, scheduler);
  scheduler->database_monitor = database_monitor_create(
      &era->shared, &(struct database_monitor_options){.opened = on_opened, .first = on_first, .context = scheduler});
  roster_adopt(scheduler, era);
  database_monitor_start(scheduler->database_monitor);
  timer_start(scheduler->daily, HEADS_FIRST_MS);
  return scheduler;
}

void scheduler_configure(struct scheduler *scheduler, struct era *era) {
  struct era *before = scheduler->era;
  scheduler->era = era;
  before->sweeps++; /* it must not end in here */
  before->over = true;
  before->was_open = database_monitor_is_open(scheduler->database_monitor);
  roster_adopt(scheduler, before);
  database_monitor_use(scheduler->database_monitor, &era->shared);
  scheduler_leave_era(scheduler, before);
  scheduler_pump(scheduler);
}

static void request(struct job *job) {
  int64_t now_ms = scheduler_now_ms(job->scheduler), at_ms = asked_at_ms(job, now_ms);
  if (job->organization == NULL)
    return;
  job->asked = true;
  if (job->sweep == NULL && !job->queued && at_ms < job->health.next_sweep_ms)
    scheduler_plan(job, at_ms);
}

bool scheduler_request(struct scheduler *scheduler, const char *name) {
  struct job *one = name == NULL ? NULL : roster_find(scheduler, slice_of(name));
  if (one != NULL)
    request(one);
  for (int i = 0; name == NULL && i < scheduler->job_count; i++)
    request(scheduler->jobs[i]);
  return name == NULL || one != NULL;
}

void scheduler_lock_lost(struct scheduler *scheduler, const struct db *watch, const struct error *error) {
  for (int slow = 0; slow < 2; slow++)
    for (struct job *job = scheduler->running[slow].first; job != NULL; job = job->next)
      if (job->era->shared.watch == watch)
        sweep_lock_lost(job->sweep);
  if (scheduler->era->shared.watch == watch)
    database_monitor_failed(scheduler->database_monitor, error, "");
}

void scheduler_destroy(struct scheduler *scheduler) {
  if (scheduler == NULL)
    return;
  roster_finish(scheduler);
  database_monitor_destroy(scheduler->database_monitor);
  timer_close(scheduler->look);
  timer_close(scheduler->daily);
  memory_free(scheduler);
}

const struct health *scheduler_health(struct scheduler *scheduler) {
  struct health *health = &scheduler->health;
  health->now_ms = scheduler_now_ms(scheduler);
  health->now_s = time(NULL);
  health->database_up = database_monitor_is_open(scheduler->database_monitor);
  health->database_since_ms = database_monitor_since_ms(scheduler->database_monitor);
  health->database_error = database_monitor_error(scheduler->database_monitor);
  health->organization_count = scheduler->job_count;
  for (int i = 0; i < scheduler->job_count; i++)
    scheduler->health_list[i] = &scheduler->jobs[i]->health;
  health->organizations = scheduler->health_list;
  return health;
}
