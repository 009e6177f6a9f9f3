#include "schedule/shutdown.h"
#include "base/memory.h"
#include "sql/embedded.h"

/* What this file is for: last words. It promises that what is owed is written down when an organization leaves and when the daemon
 * stops, and that neither waits longer than it may. */

enum { HEADS_EVERY_MS = 24 * 60 * 60 * 1000 };

/* ---- those who leave ---- */

struct payment {
  struct payment *next;
  struct scheduler *scheduler;
  struct era *era; /* held until the database has answered */
};

static void on_paid(void *context, const struct error *error) {
  struct payment *payment = context, **place = &payment->scheduler->payments;
  struct scheduler *scheduler = payment->scheduler;
  if (error != NULL)
    log_write(scheduler->options.log, LOG_LEVEL_WARNING,
              "could not write down the last unchanged sweeps of an organization that leaves: %s", error->text);
  while (*place != payment)
    place = &(*place)->next;
  *place = payment->next;
  scheduler_leave_era(scheduler, payment->era);
  memory_free(payment);
  if (scheduler->stopping)
    scheduler_end(scheduler);
}

static int64_t gap_us(const struct era *era, const struct job *job) {
  int64_t gap_ms = era->shared.config->sync.gap_ms;
  return (gap_ms > 0 ? gap_ms : 3 * job->health.interval_ms) * 1000;
}

void scheduler_pay(struct job *job, struct era *era) {
  struct scheduler *scheduler = job->scheduler;
  struct write_behind_texts texts;
  struct db_statement statement;
  bool moved = era->shared.watch != scheduler->era->shared.watch; /* then access is about another database */
  bool reachable = moved ? era->was_open : database_monitor_is_open(scheduler->database_monitor);
  if (write_behind_owes(&job->write_behind) && job->organization_id != NULL && reachable) {
    struct payment *payment = memory_allocate(sizeof *payment);
    *payment = (struct payment){.next = scheduler->payments, .scheduler = scheduler, .era = era};
    scheduler->payments = payment;
    era->sweeps++;
    write_behind_statement(&job->write_behind, job->organization_id, gap_us(era, job), &texts, &statement);
    db_query(era->shared.write, &statement, NULL, on_paid, payment);
  }
  write_behind_finish(&job->write_behind);
  write_behind_init(&job->write_behind);
}

/* ---- the heads of the evidence ---- */

/* What `verify --since` takes, also out of a log. */
static void on_head_row(void *context, const struct db_row *row) {
  struct scheduler *scheduler = context;
  struct slice name = db_row_text(row, 0), head = db_row_text(row, 5);
  if (head.length == 0)
    return; /* verify tells what is wrong */
  log_write(scheduler->options.log, LOG_LEVEL_INFO, "head organization=%.*s %.*s", (int)name.length, name.bytes,
            (int)head.length, head.bytes);
}

static void on_heads(void *context, const struct error *error) {
  struct scheduler *scheduler = context;
  if (error != NULL && !scheduler->abandoned && error->kind != ERROR_UNREACHABLE && error->kind != ERROR_CANCELLED)
    log_write(scheduler->options.log, LOG_LEVEL_WARNING, "could not read the heads of the evidence: %s", error->text);
}

static void on_daily_heads(void *context, const struct error *error) {
  struct scheduler *scheduler = context;
  on_heads(context, error);
  scheduler->asking_heads = false;
  if (scheduler->stopping)
    scheduler_end(scheduler);
}

static void on_last_heads(void *context, const struct error *error) {
  struct scheduler *scheduler = context;
  on_heads(context, error);
  scheduler->options.stopped(scheduler->options.context);
}

static void ask_heads(struct scheduler *scheduler, db_done_fn *done) {
  struct db_statement heads = {.sql = sql_query_heads, .prepare = true};
  db_query(scheduler->era->shared.watch, &heads, on_head_row, done, scheduler);
}

void scheduler_tell_heads(struct scheduler *scheduler) {
  timer_start(scheduler->daily, HEADS_EVERY_MS);
  if (scheduler->asking_heads || !database_monitor_is_open(scheduler->database_monitor))
    return;
  scheduler->asking_heads = true;
  ask_heads(scheduler, on_daily_heads);
}

/* ---- the end ---- */

/* The next organization that owes something pays, in one transaction with the others. */
static bool feed_flush(void *context, struct db_statement *ret_statement) {
  struct scheduler *scheduler = context;
  while (scheduler->flush_at < scheduler->job_count) {
    struct job *job = scheduler->jobs[scheduler->flush_at++];
    if (!write_behind_owes(&job->write_behind) || job->organization_id == NULL || job->organization == NULL)
      continue;
    write_behind_statement(&job->write_behind, job->organization_id, gap_us(scheduler->era, job),
                           &scheduler->flush_texts, ret_statement);
    return true;
  }
  return false;
}

static void on_flush_row(void *context, int statement, const struct db_row *row) {
  (void)context;
  (void)statement;
  (void)row;
}

static void on_flushed(void *context, const struct error *error) {
  struct scheduler *scheduler = context;
  if (error != NULL) {
    log_write(scheduler->options.log, LOG_LEVEL_WARNING, "could not write down the last unchanged sweeps: %s",
              error->text);
    scheduler->options.stopped(scheduler->options.context);
    return;
  }
  ask_heads(scheduler, on_last_heads);
}

void scheduler_end(struct scheduler *scheduler) {
  if (scheduler->running[false].count + scheduler->running[true].count > 0 || scheduler->payments != NULL ||
      scheduler->asking_heads || scheduler->flushing)
    return;
  scheduler->flushing = true;
  if (scheduler->abandoned || !database_monitor_is_open(scheduler->database_monitor)) {
    scheduler->options.stopped(scheduler->options.context);
    return;
  }
  db_transaction(
      scheduler->era->shared.write,
      &(struct db_pipeline){.feed = feed_flush, .rows = on_flush_row, .done = on_flushed, .context = scheduler});
}

void scheduler_stop(struct scheduler *scheduler) {
  scheduler->stopping = true;
  database_monitor_stop(scheduler->database_monitor);
  timer_stop(scheduler->look);
  timer_stop(scheduler->daily);
  for (int i = 0; i < scheduler->job_count; i++) {
    timer_stop(scheduler->jobs[i]->timer);
    if (scheduler->jobs[i]->sweep != NULL)
      sweep_stop(scheduler->jobs[i]->sweep);
  }
  scheduler_end(scheduler);
}

static void drop_sessions(const struct era *era) {
  db_drop(era->shared.watch, "stopping");
  for (int i = 0; i < era->shared.writer_count; i++)
    db_drop(era->shared.writers[i], "stopping");
}

void scheduler_abandon(struct scheduler *scheduler) {
  scheduler->abandoned = true;
  drop_sessions(scheduler->era);
  for (int slow = 0; slow < 2; slow++)
    for (const struct job *job = scheduler->running[slow].first; job != NULL; job = job->next)
      drop_sessions(job->era);
  for (const struct payment *payment = scheduler->payments; payment != NULL; payment = payment->next)
    drop_sessions(payment->era);
}
