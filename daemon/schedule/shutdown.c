#include "schedule/shutdown.h"
#include "base/memory.h"
#include "sql/embedded.h"
#include "store/held.h"
#include <stdlib.h>
#include <string.h>

/* What this file is for: last words. It promises that what is owed is written down when an organization leaves and when the daemon
 * stops, and that neither waits longer than it may. At the end they pay in the order of their ids, so that two daemons that stop at once
 * wait for each other's rows and not in a circle, and some at a time: what is written when time is up stays written. */

enum { HEADS_FIRST_MS = 60 * 1000, HEADS_EVERY_MS = 24 * 60 * 60 * 1000, PAY_AT_ONCE = 500 };

struct payment {
  LIST_ENTRY(payment) link;
  struct shutdown *shutdown;
  struct generation *generation; /* held until the database has answered */
};

struct shutdown {
  struct shutdown_options options;
  const struct generation *generation;
  LIST_HEAD(payments, payment) payments; /* of those who left */
  struct timer *daily;                   /* the heads are told */
  bool asking_heads, writing, abandoned;
  const struct job **owing;   /* at the end */
  int owing_count, paid;      /* paid: or being paid */
  int batch_begin, batch_end; /* of the transaction under way */
  bool holding;               /* the next one's row is taken, its statement follows */
  struct write_behind_texts texts;
};

static void on_daily(void *context);

struct shutdown *shutdown_create(const struct shutdown_options *options) {
  struct shutdown *shutdown = memory_allocate(sizeof *shutdown);
  *shutdown = (struct shutdown){.options = *options};
  LIST_INIT(&shutdown->payments);
  shutdown->daily = timer_open(options->loop, on_daily, shutdown);
  timer_start(shutdown->daily, HEADS_FIRST_MS);
  return shutdown;
}

void shutdown_destroy(struct shutdown *shutdown) {
  if (shutdown == NULL)
    return;
  timer_close(shutdown->daily);
  memory_free(shutdown->owing);
  memory_free(shutdown);
}

void shutdown_use(struct shutdown *shutdown, const struct generation *generation) { shutdown->generation = generation; }

/* ---- those who leave ---- */

static void on_paid(void *context, const struct error *error) {
  struct payment *payment = context;
  struct shutdown *shutdown = payment->shutdown;
  if (error != NULL)
    log_write(shutdown->options.log, LOG_LEVEL_WARNING,
              "could not write down the last unchanged sweeps of an organization that leaves: %s", error->text);
  LIST_REMOVE(payment, link);
  generation_release(payment->generation);
  memory_free(payment);
  shutdown->options.settled(shutdown->options.context);
}

static int64_t gap_us(const struct generation *generation, const struct job *job) {
  int64_t gap_ms = generation->config->sync.gap_ms;
  return (gap_ms > 0 ? gap_ms : 3 * job->health.interval_ms) * 1000;
}

/* The monitor knows about the database of the configuration in force alone. */
static bool is_reachable(const struct shutdown *shutdown, const struct generation *generation) {
  bool moved = generation->shared.watch != shutdown->generation->shared.watch;
  return moved ? generation->was_open : database_monitor_is_open(shutdown->options.database_monitor);
}

void shutdown_pay(struct shutdown *shutdown, struct job *job, struct generation *generation) {
  struct write_behind_texts texts;
  struct db_statement statement;
  if (write_behind_owes(&job->write_behind) && job->organization_id != NULL && is_reachable(shutdown, generation)) {
    struct payment *payment = memory_allocate(sizeof *payment);
    *payment = (struct payment){.shutdown = shutdown, .generation = generation_hold(generation)};
    LIST_INSERT_HEAD(&shutdown->payments, payment, link);
    write_behind_statement(&job->write_behind, job->organization_id, gap_us(generation, job), &texts, &statement);
    held_query(generation->shared.write, job->organization_id, &statement, NULL, on_paid, payment);
  }
  write_behind_finish(&job->write_behind);
  write_behind_init(&job->write_behind);
}

/* ---- the heads of the evidence ---- */

/* What `verify --since` takes, also out of a log. */
static void on_head_row(void *context, const struct db_row *row) {
  struct shutdown *shutdown = context;
  struct slice name = db_row_text(row, 0), head = db_row_text(row, 5);
  if (head.length == 0)
    return; /* verify tells what is wrong */
  log_write(shutdown->options.log, LOG_LEVEL_INFO, "head organization=%.*s %.*s", (int)name.length, name.bytes,
            (int)head.length, head.bytes);
}

static void on_heads(void *context, const struct error *error) {
  struct shutdown *shutdown = context;
  if (error != NULL && !shutdown->abandoned && error->kind != ERROR_UNREACHABLE && error->kind != ERROR_CANCELLED)
    log_write(shutdown->options.log, LOG_LEVEL_WARNING, "could not read the heads of the evidence: %s", error->text);
}

static void on_daily_heads(void *context, const struct error *error) {
  struct shutdown *shutdown = context;
  on_heads(context, error);
  shutdown->asking_heads = false;
  shutdown->options.settled(shutdown->options.context);
}

static void on_last_heads(void *context, const struct error *error) {
  struct shutdown *shutdown = context;
  on_heads(context, error);
  shutdown->options.stopped(shutdown->options.context);
}

static void ask_heads(struct shutdown *shutdown, db_done_fn *done) {
  struct db_statement heads = {.sql = sql_query_heads, .prepare = true};
  db_query(shutdown->generation->shared.watch, &heads, on_head_row, done, shutdown);
}

static void on_daily(void *context) {
  struct shutdown *shutdown = context;
  timer_start(shutdown->daily, HEADS_EVERY_MS);
  if (shutdown->asking_heads || !database_monitor_is_open(shutdown->options.database_monitor))
    return;
  shutdown->asking_heads = true;
  ask_heads(shutdown, on_daily_heads);
}

/* ---- the end ---- */

/* The next one pays, in one transaction with some others. */
static bool feed_owed(void *context, struct db_statement *ret_statement) {
  struct shutdown *shutdown = context;
  if (shutdown->paid == shutdown->batch_end)
    return false;
  const struct job *job = shutdown->owing[shutdown->paid];
  shutdown->holding = !shutdown->holding;
  if (shutdown->holding) {
    *ret_statement = held_statement(job->organization_id);
    return true;
  }
  write_behind_statement(&job->write_behind, job->organization_id, gap_us(shutdown->generation, job), &shutdown->texts,
                         ret_statement);
  shutdown->paid++;
  return true;
}

static void on_row(void *context, int statement, const struct db_row *row) {
  (void)context;
  (void)statement;
  (void)row;
}

static void pay_some(struct shutdown *shutdown);

static void on_written(void *context, const struct error *error) {
  struct shutdown *shutdown = context;
  if (error != NULL)
    log_write(shutdown->options.log, LOG_LEVEL_WARNING,
              "could not write down the last unchanged sweeps of %d organizations: %s",
              shutdown->owing_count - shutdown->batch_begin, error->text);
  if (error != NULL || shutdown->abandoned)
    shutdown->options.stopped(shutdown->options.context);
  else if (shutdown->paid < shutdown->owing_count)
    pay_some(shutdown);
  else
    ask_heads(shutdown, on_last_heads);
}

static void pay_some(struct shutdown *shutdown) {
  int left = shutdown->owing_count - shutdown->paid;
  shutdown->batch_begin = shutdown->paid;
  shutdown->batch_end = shutdown->paid + (left < PAY_AT_ONCE ? left : PAY_AT_ONCE);
  db_transaction(shutdown->generation->shared.write,
                 &(struct db_pipeline){.feed = feed_owed, .rows = on_row, .done = on_written, .context = shutdown});
}

static int compare_ids(const void *left, const void *right) {
  const struct job *const *one = left, *const *other = right;
  return strcmp((*one)->organization_id, (*other)->organization_id);
}

static void gather_owing(struct shutdown *shutdown, struct job *const *jobs, int count) {
  shutdown->owing = memory_allocate(sizeof(struct job *) * ((size_t)count + 1));
  for (int i = 0; i < count; i++)
    if (write_behind_owes(&jobs[i]->write_behind) && jobs[i]->organization_id != NULL && jobs[i]->organization != NULL)
      shutdown->owing[shutdown->owing_count++] = jobs[i];
  qsort(shutdown->owing, (size_t)shutdown->owing_count, sizeof(struct job *), compare_ids);
}

bool shutdown_is_paying(const struct shutdown *shutdown) { return !LIST_EMPTY(&shutdown->payments); }

bool shutdown_is_settled(const struct shutdown *shutdown) {
  return LIST_EMPTY(&shutdown->payments) && !shutdown->asking_heads;
}

void shutdown_write(struct shutdown *shutdown, struct job *const *jobs, int count) {
  if (shutdown->writing)
    return;
  shutdown->writing = true;
  if (shutdown->abandoned || !database_monitor_is_open(shutdown->options.database_monitor))
    shutdown->options.stopped(shutdown->options.context);
  else {
    gather_owing(shutdown, jobs, count);
    pay_some(shutdown);
  }
}

void shutdown_stop(struct shutdown *shutdown) { timer_stop(shutdown->daily); }

void shutdown_drop_sessions(const struct generation *generation) {
  db_drop(generation->shared.watch, "stopping");
  for (int i = 0; i < generation->shared.writer_count; i++)
    db_drop(generation->shared.writers[i], "stopping");
}

void shutdown_abandon(struct shutdown *shutdown) {
  const struct payment *payment;
  shutdown->abandoned = true;
  shutdown_drop_sessions(shutdown->generation);
  LIST_FOREACH(payment, &shutdown->payments, link)
  shutdown_drop_sessions(payment->generation);
}
