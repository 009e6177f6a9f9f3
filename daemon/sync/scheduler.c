#include "sync/scheduler.h"
#include "base/memory.h"
#include "sql/embedded.h"
#include <string.h>
#include <time.h>

/* What this file is for: a queue between due and under way. It promises that the dead do not starve the living (organizations whose
 * last try timed out have a queue and a share of their own), and that nothing waits for a database that is away but time. */

enum { COALESCE_MS = 5000, SPREAD_EACH_MS = 50, RETURN_SPREAD_MS = 5000 };

struct scheduler {
  struct scheduler_options options;
  struct era *era;
  struct access *access;
  struct post **posts;
  int post_count, attempts_left;
  struct post_list due[2], running[2]; /* [slow] */
  struct health health;
  const struct health_organization **health_list;
  bool told_attempted, database_tried, stopping, flushing, abandoned;
  int flush_at; /* the next post that pays */
  struct ledger_texts flush_texts;
  struct timer *look; /* again, whether a running sweep became slow */
};

static int64_t now_ms(const struct scheduler *scheduler) { return loop_now_ms(scheduler->options.loop); }

static void pump(struct scheduler *scheduler);

static void plan_at(struct post *post, int64_t at_ms) {
  int64_t delay_ms = at_ms - now_ms(post->scheduler);
  post->health.next_sweep_ms = at_ms;
  timer_start(post->timer, delay_ms > 0 ? delay_ms : 0);
}

static void enqueue(struct post *post) {
  struct scheduler *scheduler = post->scheduler;
  if (post->sweep != NULL || post->queued || scheduler->stopping)
    return;
  post->queued = true;
  post_list_push(&scheduler->due[post->slow], post);
  pump(scheduler);
}

static void on_due(void *context) { enqueue(context); }

static void tell_attempted(struct scheduler *scheduler) {
  if (scheduler->told_attempted || !scheduler->database_tried)
    return;
  if (access_is_open(scheduler->access) && scheduler->attempts_left > 0)
    return;
  scheduler->told_attempted = true;
  scheduler->options.attempted(scheduler->options.context);
}

static void note_attempt(struct post *post) {
  if (post->attempted)
    return;
  post->attempted = true;
  post->scheduler->attempts_left--;
  tell_attempted(post->scheduler);
}

static void leave_era(struct scheduler *scheduler, struct era *era) {
  if (--era->sweeps == 0 && era->over)
    scheduler->options.era_ended(scheduler->options.context, era);
}

static void remove_post(struct scheduler *scheduler, struct post *post) {
  for (int i = 0; i < scheduler->post_count; i++)
    if (scheduler->posts[i] == post) {
      scheduler->posts[i] = scheduler->posts[--scheduler->post_count];
      break;
    }
  post_destroy(post);
}

static void on_type_row(void *context, const struct db_row *row) {
  struct scheduler *scheduler = context;
  struct slice name = db_row_text(row, 0);
  for (int i = 0; i < scheduler->post_count; i++)
    if (slice_equals(name, scheduler->posts[i]->name)) {
      if (db_row_int(row, 3) == 1)
        health_clear_accounts(&scheduler->posts[i]->health);
      health_count_accounts(&scheduler->posts[i]->health, db_row_text(row, 1), db_row_int(row, 2));
    }
}

static void on_types(void *context, const struct error *error) {
  (void)context; /* the numbers stay as they were; the next change asks again */
  (void)error;
}

/* How many accounts of which type, for people and machines that watch; asked only when it may have changed. */
static void ask_types(struct post *post, struct era *era) {
  struct db_statement statement = {
      .sql = sql_query_account_types, .count = 1, .values = {slice_of(post->name)}, .prepare = true};
  db_query(era->tools.watch, &statement, on_type_row, on_types, post->scheduler);
}

static void go_on(struct post *post, enum pace_ending ending, const struct report *report) {
  struct scheduler *scheduler = post->scheduler;
  struct budget *budget = budgets_of(scheduler->era->tools.budgets, post->organization->key);
  int64_t now = now_ms(scheduler), blocked_ms = budget_blocked_ms(budget, now);
  int64_t at_ms = pace_next(&post->pace, scheduler->options.random, ending, now, now + blocked_ms);
  post->health.rate_limit_remaining = budget->remaining;
  if (report->error.kind == ERROR_UNREACHABLE)
    enqueue(post); /* waits there for the database */
  else
    plan_at(post, post->again ? now : at_ms);
  post->again = false;
}

static void finish_stopping(struct scheduler *scheduler);

static void on_swept(void *context, struct report *report, const struct exchange_traffic *traffic) {
  struct post *post = context;
  struct scheduler *scheduler = post->scheduler;
  struct era *era = post->era;
  bool news = report->outcome != OUTCOME_UNCHANGED || !post->health.outcome_known;
  post_list_remove(&scheduler->running[post->slow], post);
  post->sweep = NULL;
  post->slow = traffic->timed_out;
  scheduler->health.now_ms = now_ms(scheduler);
  scheduler->health.now_s = time(NULL);
  enum pace_ending ending = post_take(post, scheduler->options.log, &scheduler->health, report, traffic);
  if (report->error.kind == ERROR_UNREACHABLE || report->error.kind == ERROR_DATABASE)
    access_failed(scheduler->access, &report->error);
  else if (news && report->outcome != OUTCOME_FAILED)
    access_worked(scheduler->access);
  if (news && post->organization_id != NULL && report->outcome != OUTCOME_FAILED && !scheduler->stopping)
    ask_types(post, era);
  note_attempt(post);
  if (post->organization == NULL)
    remove_post(scheduler, post);
  else if (!scheduler->stopping)
    go_on(post, ending, report);
  report_finish(report);
  leave_era(scheduler, era);
  if (scheduler->stopping)
    finish_stopping(scheduler);
  else
    pump(scheduler);
}

static void start_sweep(struct scheduler *scheduler, struct post *post) {
  struct era *era = scheduler->era;
  struct sweep_options options = {.tools = &era->tools,
                                  .organization = post->organization,
                                  .was_slow = post->slow,
                                  .ledger = &post->ledger,
                                  .flush_after_ms = era->tools.config->sync.flush_interval_ms};
  post->queued = false;
  post_list_remove(&scheduler->due[post->slow], post);
  post_list_push(&scheduler->running[post->slow], post);
  post->era = era;
  era->sweeps++;
  post->started_ms = now_ms(scheduler);
  post->health.next_sweep_ms = 0;
  post->sweep = sweep_start(&options, on_swept, post);
}

/* A sweep that began quick and met a timeout no longer counts against the quick ones. */
static void recount_slow(struct scheduler *scheduler) {
  for (struct post *post = scheduler->running[false].first, *next; post != NULL; post = next) {
    next = post->next;
    if (!sweep_is_slow(post->sweep))
      continue;
    post_list_remove(&scheduler->running[false], post);
    post->slow = true;
    post_list_push(&scheduler->running[true], post);
  }
}

static void pump(struct scheduler *scheduler) {
  int width = 2 * scheduler->era->tools.config->api.max_requests;
  if (scheduler->stopping || !access_is_open(scheduler->access))
    return;
  recount_slow(scheduler);
  for (int slow = 0; slow < 2; slow++)
    while (scheduler->due[slow].first != NULL && scheduler->running[slow].count < width)
      start_sweep(scheduler, scheduler->due[slow].first);
  if (scheduler->due[false].first != NULL)
    timer_start(scheduler->look, 200);
}

static void on_look(void *context) { pump(context); }

static void on_opened(void *context) {
  struct scheduler *scheduler = context;
  scheduler->database_tried = true;
  tell_attempted(scheduler);
  pump(scheduler);
}

static void on_first(void *context, const struct error *error) {
  struct scheduler *scheduler = context;
  scheduler->database_tried = true;
  if (error != NULL && error->kind == ERROR_CONFIG)
    scheduler->options.refused(scheduler->options.context, error);
  else if (error != NULL)
    tell_attempted(scheduler);
}

static struct post *find_post(const struct scheduler *scheduler, const char *name) {
  for (int i = 0; i < scheduler->post_count; i++)
    if (scheduler->posts[i]->organization != NULL && strcmp(scheduler->posts[i]->name, name) == 0)
      return scheduler->posts[i];
  return NULL;
}

/* Spread at the start, so that a thousand organizations do not fire at once; a few are swept at once. */
static void add_post(struct scheduler *scheduler, const struct config_organization *organization, int number, int of) {
  int64_t span_ms = (int64_t)of * SPREAD_EACH_MS;
  if (span_ms > organization->interval_ms)
    span_ms = organization->interval_ms;
  struct post *post = post_create(scheduler, organization, now_ms(scheduler));
  int64_t first_ms = now_ms(scheduler) + span_ms * number / (of > 0 ? of : 1);
  post->timer = timer_open(scheduler->options.loop, on_due, post);
  pace_init(&post->pace, organization->interval_ms, scheduler->era->tools.config->sync.jitter, first_ms);
  scheduler->posts[scheduler->post_count++] = post;
  scheduler->attempts_left++;
  plan_at(post, first_ms);
}

static void drop_post(struct scheduler *scheduler, struct post *post) {
  post->organization = NULL;
  note_attempt(post);
  timer_stop(post->timer);
  if (post->queued)
    post_list_remove(&scheduler->due[post->slow], post);
  post->queued = false;
  if (post->sweep != NULL)
    sweep_stop(post->sweep);
  else
    remove_post(scheduler, post);
}

static struct post *find_post_anywhere(struct scheduler *scheduler, const struct config_organization *organization) {
  struct post *post = find_post(scheduler, organization->name);
  if (post == NULL)
    return NULL;
  if (post->organization->interval_ms != organization->interval_ms) {
    pace_init(&post->pace, organization->interval_ms, scheduler->era->tools.config->sync.jitter, now_ms(scheduler));
    post->health.interval_ms = organization->interval_ms;
    plan_at(post, pace_next(&post->pace, scheduler->options.random, PACE_WELL, now_ms(scheduler), 0));
  }
  post->organization = organization;
  return post;
}

static void adopt(struct scheduler *scheduler) {
  const struct config *config = scheduler->era->tools.config;
  int before = scheduler->post_count, fresh = 0;
  size_t room = (size_t)before + (size_t)config->organization_count + 1;
  scheduler->posts = memory_resize(scheduler->posts, sizeof(struct post *) * room);
  scheduler->health_list = memory_resize(scheduler->health_list, sizeof(struct health_organization *) * room);
  for (int i = before - 1; i >= 0; i--) {
    struct post *post = scheduler->posts[i];
    const struct config_organization *now = post->organization == NULL ? NULL : config_find(config, post->name);
    if (post->organization != NULL && (now == NULL || !now->enabled))
      drop_post(scheduler, post);
  }
  for (int i = 0; i < config->organization_count; i++)
    if (config->organizations[i].enabled && find_post_anywhere(scheduler, &config->organizations[i]) == NULL)
      add_post(scheduler, &config->organizations[i], fresh++, config->organization_count - before);
}

struct scheduler *scheduler_create(const struct scheduler_options *options, struct era *era) {
  struct scheduler *scheduler = memory_allocate(sizeof *scheduler);
  *scheduler = (struct scheduler){.options = *options, .era = era};
  scheduler->look = timer_open(options->loop, on_look, scheduler);
  scheduler->access = access_create(
      &era->tools, &(struct access_options){.opened = on_opened, .first = on_first, .context = scheduler});
  adopt(scheduler);
  access_start(scheduler->access);
  return scheduler;
}

void scheduler_configure(struct scheduler *scheduler, struct era *era) {
  struct era *before = scheduler->era;
  scheduler->era = era;
  access_use(scheduler->access, &era->tools);
  before->over = true;
  adopt(scheduler);
  if (before->sweeps == 0)
    scheduler->options.era_ended(scheduler->options.context, before);
  pump(scheduler);
}

static void request(struct post *post) {
  int64_t now = now_ms(post->scheduler), earliest_ms = post->started_ms + COALESCE_MS;
  if (post->sweep != NULL)
    post->again = true;
  else if (!post->queued && (earliest_ms < post->health.next_sweep_ms || !post->attempted))
    plan_at(post, post->attempted && earliest_ms > now ? earliest_ms : now);
}

bool scheduler_request(struct scheduler *scheduler, const char *name) {
  struct post *one = name == NULL ? NULL : find_post(scheduler, name);
  if (one != NULL)
    request(one);
  for (int i = 0; name == NULL && i < scheduler->post_count; i++)
    request(scheduler->posts[i]);
  return name == NULL || one != NULL;
}

void scheduler_lock_lost(struct scheduler *scheduler) {
  for (int slow = 0; slow < 2; slow++)
    for (struct post *post = scheduler->running[slow].first; post != NULL; post = post->next)
      sweep_lock_lost(post->sweep);
}

/* The next organization that owes something pays, in one transaction with the others. */
static bool feed_flush(void *context, struct db_statement *ret_statement) {
  struct scheduler *scheduler = context;
  while (scheduler->flush_at < scheduler->post_count) {
    struct post *post = scheduler->posts[scheduler->flush_at++];
    if (!ledger_owes(&post->ledger) || post->organization_id == NULL || post->organization == NULL)
      continue;
    int64_t gap_ms = scheduler->era->tools.config->sync.gap_ms;
    gap_ms = gap_ms > 0 ? gap_ms : 3 * post->organization->interval_ms;
    ledger_statement(&post->ledger, post->organization_id, gap_ms * 1000, &scheduler->flush_texts, ret_statement);
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
  if (error != NULL)
    log_write(scheduler->options.log, LOG_LEVEL_WARNING, "could not write down the last unchanged sweeps: %s",
              error->text);
  scheduler->options.stopped(scheduler->options.context);
}

static void finish_stopping(struct scheduler *scheduler) {
  if (scheduler->running[false].count + scheduler->running[true].count > 0 || scheduler->flushing)
    return;
  scheduler->flushing = true;
  if (scheduler->abandoned || !access_is_open(scheduler->access)) {
    scheduler->options.stopped(scheduler->options.context);
    return;
  }
  db_transaction(
      scheduler->era->tools.write,
      &(struct db_pipeline){.feed = feed_flush, .rows = on_flush_row, .done = on_flushed, .context = scheduler});
}

void scheduler_stop(struct scheduler *scheduler) {
  scheduler->stopping = true;
  access_stop(scheduler->access);
  timer_stop(scheduler->look);
  for (int i = 0; i < scheduler->post_count; i++) {
    timer_stop(scheduler->posts[i]->timer);
    if (scheduler->posts[i]->sweep != NULL)
      sweep_stop(scheduler->posts[i]->sweep);
  }
  finish_stopping(scheduler);
}

void scheduler_abandon(struct scheduler *scheduler) { scheduler->abandoned = true; }

void scheduler_destroy(struct scheduler *scheduler) {
  if (scheduler == NULL)
    return;
  while (scheduler->post_count > 0)
    post_destroy(scheduler->posts[--scheduler->post_count]);
  access_destroy(scheduler->access);
  timer_close(scheduler->look);
  memory_free(scheduler->posts);
  memory_free(scheduler->health_list);
  memory_free(scheduler);
}

const struct health *scheduler_health(struct scheduler *scheduler) {
  struct health *health = &scheduler->health;
  health->now_ms = now_ms(scheduler);
  health->now_s = time(NULL);
  health->database_up = access_is_open(scheduler->access);
  health->database_since_ms = access_since_ms(scheduler->access);
  health->database_error = access_error(scheduler->access);
  health->organization_count = scheduler->post_count;
  for (int i = 0; i < scheduler->post_count; i++)
    scheduler->health_list[i] = &scheduler->posts[i]->health;
  health->organizations = scheduler->health_list;
  return health;
}
