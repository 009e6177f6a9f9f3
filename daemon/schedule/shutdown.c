/* Last words. It promises that what is owed is written down when an organization leaves and when the daemon stops, and that neither
 * waits longer than it may. At the end what is owed comes first; the heads are told as far as there is time. */
#include "schedule/shutdown.h"
#include "base/memory.h"
#include "schedule/payments.h"
#include "sql/embedded.h"

enum {
  HEADS_FIRST_MS = 60 * 1000,
  HEADS_EVERY_MS = 24 * 60 * 60 * 1000,
  HEADS_PATIENCE_MS = 2000,
  PAY_AHEAD = 4,
  SLOTS_BYTES_MAX = 4096
};

struct shutdown {
  struct shutdown_options options;
  struct generation *generation;
  struct payments *payments;
  struct timer *daily; /* the heads are told */
  struct timer *more;  /* at the end: goes on, and then ends the waiting for heads */
  bool asking_heads, writing, written, ending, abandoned;
  struct job *const *jobs; /* at the end */
  int job_count, paid;     /* paid: or being paid */
  struct buffer slots;     /* whose heads are told */
};

static void on_daily(void *context);
static void on_more(void *context);

static void on_settled(void *context) {
  struct shutdown *shutdown = context;
  if (shutdown->writing && !shutdown->written)
    timer_start(shutdown->more, 0);
  else
    shutdown->options.settled(shutdown->options.context);
}

struct shutdown *shutdown_create(const struct shutdown_options *options) {
  struct shutdown *shutdown = memory_allocate(sizeof *shutdown);
  *shutdown = (struct shutdown){.options = *options};
  shutdown->payments = payments_create(
      &(struct payments_options){.shared = options->shared, .settled = on_settled, .context = shutdown});
  buffer_init(&shutdown->slots, SLOTS_BYTES_MAX);
  shutdown->more = timer_open(options->shared->loop, on_more, shutdown);
  shutdown->daily = timer_open(options->shared->loop, on_daily, shutdown);
  timer_start(shutdown->daily, HEADS_FIRST_MS);
  return shutdown;
}

void shutdown_destroy(struct shutdown *shutdown) {
  if (shutdown == NULL)
    return;
  timer_close(shutdown->daily);
  timer_close(shutdown->more);
  payments_destroy(shutdown->payments);
  buffer_finish(&shutdown->slots);
  memory_free(shutdown);
}

void shutdown_use(struct shutdown *shutdown, struct generation *generation) { shutdown->generation = generation; }

void shutdown_use_slots(struct shutdown *shutdown, struct slice slots) {
  buffer_clear(&shutdown->slots);
  buffer_append(&shutdown->slots, slots.bytes, slots.length);
}

/* ---- those who leave ---- */

/* The monitor knows about the database of the configuration in force alone. */
static bool is_reachable(const struct shutdown *shutdown, const struct generation *generation) {
  bool moved = generation->shared.watch != shutdown->generation->shared.watch;
  return moved ? generation->was_open : database_monitor_is_open(shutdown->options.database_monitor);
}

static bool owes(const struct job *job) {
  return write_behind_owes(&job->write_behind) && job->organization_id != NULL;
}

void shutdown_pay(struct shutdown *shutdown, struct job *job, struct generation *generation) {
  if (owes(job) && is_reachable(shutdown, generation))
    payments_add(shutdown->payments, job, generation);
  write_behind_forget_digests(&job->write_behind);
  write_behind_init(&job->write_behind);
}

/* ---- the heads of the evidence ---- */

/* What `verify --since` takes, also out of a log. */
static void on_head_row(void *context, const struct db_row *row) {
  struct shutdown *shutdown = context;
  struct slice name = db_row_text(row, 0), head = db_row_text(row, 5);
  if (head.length == 0)
    return; /* verify tells what is wrong */
  log_write(shutdown->options.shared->log, LOG_LEVEL_INFO, "head organization=%.*s %.*s", (int)name.length, name.bytes,
            (int)head.length, head.bytes);
}

static void on_heads(void *context, const struct error *error) {
  struct shutdown *shutdown = context;
  if (error != NULL && !shutdown->abandoned && error->kind != ERROR_UNREACHABLE && error->kind != ERROR_CANCELLED)
    log_write(shutdown->options.shared->log, LOG_LEVEL_WARNING, "could not read the heads of the evidence: %s",
              error->text);
}

static void on_daily_heads(void *context, const struct error *error) {
  struct shutdown *shutdown = context;
  on_heads(context, error);
  shutdown->asking_heads = false;
  if (shutdown->ending)
    shutdown->options.stopped(shutdown->options.context);
}

static void on_last_heads(void *context, const struct error *error) {
  struct shutdown *shutdown = context;
  on_heads(context, error);
  shutdown->options.stopped(shutdown->options.context);
}

static void ask_heads(struct shutdown *shutdown, db_done_fn *done) {
  struct db_statement heads = {.sql = sql_query_heads, .count = 1, .prepare = true};
  if (shutdown->slots.length > 0)
    heads.values[0] = buffer_slice(&shutdown->slots);
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

static void end(struct shutdown *shutdown) {
  shutdown->written = true;
  shutdown->options.written(shutdown->options.context);
}

/* What nobody has begun to write is lost, and that is told. */
static void lose_rest(struct shutdown *shutdown, const char *why) {
  int lost = 0;
  for (; shutdown->paid < shutdown->job_count; shutdown->paid++) {
    const struct job *job = shutdown->jobs[shutdown->paid];
    lost += job->organization != NULL && owes(job) ? 1 : 0;
  }
  payments_lose(shutdown->payments, lost, why);
}

/* As many as there is time for in a turn, and a few transactions ahead of the database. */
static void pay_some(struct shutdown *shutdown) {
  bool has_time = true;
  if (!database_monitor_is_open(shutdown->options.database_monitor))
    lose_rest(shutdown, "the database is away");
  while (shutdown->paid < shutdown->job_count && has_time && !shutdown->abandoned &&
         payments_under_way(shutdown->payments) < PAY_AHEAD) {
    struct job *job = shutdown->jobs[shutdown->paid++];
    if (job->organization != NULL)
      shutdown_pay(shutdown, job, shutdown->generation);
    has_time = loop_has_time(shutdown->options.shared->loop);
  }
  if (!has_time) {
    timer_continue(shutdown->more);
    return;
  }
  if (shutdown->paid == shutdown->job_count)
    payments_send(shutdown->payments);
  if (payments_under_way(shutdown->payments) == 0)
    end(shutdown);
}

static void on_more(void *context) {
  struct shutdown *shutdown = context;
  if (shutdown->written)
    shutdown_abandon(shutdown); /* the heads take too long: of many organizations only some are told */
  else
    pay_some(shutdown);
}

bool shutdown_is_paying(const struct shutdown *shutdown) { return payments_under_way(shutdown->payments) > 0; }

void shutdown_write(struct shutdown *shutdown, struct job *const *jobs, int count) {
  if (shutdown->writing)
    return;
  shutdown->writing = true;
  shutdown->jobs = jobs;
  shutdown->job_count = count;
  if (shutdown->abandoned || !database_monitor_is_open(shutdown->options.database_monitor)) {
    lose_rest(shutdown, shutdown->abandoned ? "stopping" : "the database is away");
    end(shutdown);
    return;
  }
  payments_gather(shutdown->payments);
  if (!shutdown->asking_heads)
    payments_use_all_sessions(shutdown->payments);
  pay_some(shutdown);
}

void shutdown_tell_heads(struct shutdown *shutdown) {
  shutdown->ending = true;
  timer_start(shutdown->more, HEADS_PATIENCE_MS);
  if (shutdown->asking_heads) /* and telling them */
    return;
  if (shutdown->abandoned || !database_monitor_is_open(shutdown->options.database_monitor))
    shutdown->options.stopped(shutdown->options.context);
  else
    ask_heads(shutdown, on_last_heads);
}

void shutdown_stop(struct shutdown *shutdown) { timer_stop(shutdown->daily); }

void shutdown_abandon(struct shutdown *shutdown) {
  shutdown->abandoned = true;
  lose_rest(shutdown, "stopping");
  payments_abandon(shutdown->payments);
  connections_drop_sessions(&shutdown->generation->shared, "stopping");
}
