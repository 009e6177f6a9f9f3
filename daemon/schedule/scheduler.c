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

void scheduler_plan(struct post *post, int64_t at_ms) {
  int64_t delay_ms = at_ms - scheduler_now_ms(post->scheduler);
  post->health.next_sweep_ms = at_ms;
  timer_start(post->timer, delay_ms > 0 ? delay_ms : 0);
}

static void enqueue(struct post *post) {
  struct scheduler *scheduler = post->scheduler;
  if (post->sweep != NULL || post->queued || scheduler->stopping)
    return;
  post->queued = true;
  post_list_push(&scheduler->due[post->slow], post);
  scheduler_pump(scheduler);
}

void scheduler_on_due(void *context) { enqueue(context); }

static void tell_attempted(struct scheduler *scheduler) {
  if (scheduler->told_attempted || !scheduler->database_tried)
    return;
  if (access_is_open(scheduler->access) && scheduler->attempts_left > 0)
    return;
  scheduler->told_attempted = true;
  scheduler->options.attempted(scheduler->options.context);
}

void scheduler_note_attempt(struct post *post) {
  if (post->attempted)
    return;
  post->attempted = true;
  post->scheduler->attempts_left--;
  tell_attempted(post->scheduler);
}

void scheduler_leave_era(struct scheduler *scheduler, struct era *era) {
  if (--era->sweeps == 0 && era->over)
    scheduler->options.era_ended(scheduler->options.context, era);
}

static void on_type_row(void *context, const struct db_row *row) {
  struct post *post = roster_find(context, db_row_text(row, 0));
  if (post == NULL)
    return;
  if (db_row_int(row, 3) == 1)
    health_clear_accounts(&post->health);
  health_count_accounts(&post->health, db_row_text(row, 1), db_row_int(row, 2));
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

/* ---- the database's troubles, which are nobody's own ---- */

/* Who was refused waits for a better time; it has come. */
static void bring_forward(struct scheduler *scheduler) {
  int64_t now_ms = scheduler_now_ms(scheduler);
  for (int i = 0; i < scheduler->post_count; i++) {
    struct post *post = scheduler->posts[i];
    bool waits = post->troubled && post->sweep == NULL && !post->queued;
    if (waits && post->health.next_sweep_ms > now_ms + RETURN_SPREAD_MS)
      scheduler_plan(post, now_ms + random_between(scheduler->options.random, 0, RETURN_SPREAD_MS));
  }
}

void scheduler_note_database(struct post *post, const struct error *error) {
  struct scheduler *scheduler = post->scheduler;
  bool was_troubled = post->troubled;
  post->troubled = error->kind == ERROR_DATABASE;
  scheduler->troubled += (post->troubled ? 1 : 0) - (was_troubled ? 1 : 0);
  if (post->troubled || error->kind == ERROR_UNREACHABLE) {
    access_failed(scheduler->access, error, post->name);
  } else if (was_troubled && !scheduler->stopping) {
    if (scheduler->troubled == 0)
      access_worked(scheduler->access);
    bring_forward(scheduler);
  }
}

/* ---- the end of a sweep ---- */

static struct budget *budget_of(const struct post *post) {
  return budgets_of(post->scheduler->era->tools.budgets, post->organization->key);
}

/* When a sweep that somebody asked for may begin: several requests are one. */
static int64_t asked_at_ms(const struct post *post, int64_t now_ms) {
  int64_t at_ms = post->asked_ms == 0 ? now_ms : post->asked_ms + COALESCE_MS;
  return at_ms > now_ms ? at_ms : now_ms;
}

static void go_on(struct post *post, enum pace_ending ending, const struct report *report) {
  struct scheduler *scheduler = post->scheduler;
  struct budget *budget = budget_of(post);
  int64_t now_ms = scheduler_now_ms(scheduler), free_ms = now_ms + budget_blocked_ms(budget, now_ms);
  post->health.rate_limit_remaining = budget->remaining;
  if (report->error.kind == ERROR_UNREACHABLE) {
    enqueue(post); /* waits there for the database */
    return;
  }
  int64_t at_ms = pace_next(&post->pace, scheduler->options.random, ending, now_ms, free_ms);
  if (post->asked && asked_at_ms(post, now_ms) < at_ms)
    at_ms = asked_at_ms(post, now_ms);
  scheduler_plan(post, at_ms > free_ms ? at_ms : free_ms);
}

static void leave_running(struct post *post) {
  struct scheduler *scheduler = post->scheduler;
  post_list_remove(&scheduler->running[post->slow], post);
  scheduler->held[post->slow] -= post->held ? 1 : 0;
  post->held = false;
  post->sweep = NULL;
}

static void on_swept(void *context, struct report *report, const struct exchange_traffic *traffic) {
  struct post *post = context;
  struct scheduler *scheduler = post->scheduler;
  struct era *era = post->era;
  bool news = report->outcome != OUTCOME_UNCHANGED || !post->health.outcome_known;
  leave_running(post);
  post->timeouts = traffic->timeouts;
  post->slow = traffic->timeouts > 0;
  scheduler->health.now_ms = scheduler_now_ms(scheduler);
  scheduler->health.now_s = time(NULL);
  enum pace_ending ending = post_take(post, scheduler->options.log, &scheduler->health, report, traffic);
  if (era->tools.watch == scheduler->era->tools.watch)
    scheduler_note_database(post, &report->error);
  else
    scheduler_pay(post, era); /* what is remembered is another database's */
  if (news && post->organization_id != NULL && report->outcome != OUTCOME_FAILED && !scheduler->stopping)
    ask_types(post, era);
  scheduler_note_attempt(post);
  if (post->organization == NULL) {
    scheduler_pay(post, era);
    roster_remove(post);
  } else if (!scheduler->stopping) {
    go_on(post, ending, report);
  }
  report_finish(report);
  scheduler_leave_era(scheduler, era);
  if (scheduler->stopping)
    scheduler_end(scheduler);
  else
    scheduler_pump(scheduler);
}

/* ---- from due to under way ---- */

static void start_sweep(struct scheduler *scheduler, struct post *post) {
  struct era *era = scheduler->era;
  struct sweep_options options = {.tools = &era->tools,
                                  .organization = post->organization,
                                  .timeouts = post->timeouts,
                                  .ledger = &post->ledger,
                                  .flush_after_ms = era->tools.config->sync.flush_interval_ms};
  post->queued = false;
  post_list_remove(&scheduler->due[post->slow], post);
  post_list_push(&scheduler->running[post->slow], post);
  post->era = era;
  era->sweeps++;
  if (post->asked)
    post->asked_ms = scheduler_now_ms(scheduler);
  post->asked = false;
  post->health.next_sweep_ms = 0;
  post->sweep = sweep_start(&options, on_swept, post);
}

/* Before the key's reset there is nothing to begin. */
static bool put_off(struct scheduler *scheduler, struct post *post) {
  int64_t now_ms = scheduler_now_ms(scheduler), blocked_ms = budget_blocked_ms(budget_of(post), now_ms);
  if (blocked_ms == 0)
    return false;
  post->queued = false;
  post_list_remove(&scheduler->due[post->slow], post);
  scheduler_plan(post, now_ms + blocked_ms + random_between(scheduler->options.random, 0, HELD_SPREAD_MS));
  return true;
}

/* A sweep that began quick and met a timeout no longer counts against the quick ones, one that waits for its key's reset against
 * nobody. */
static void recount(struct scheduler *scheduler) {
  for (int slow = 0; slow < 2; slow++) {
    scheduler->held[slow] = 0;
    for (struct post *post = scheduler->running[slow].first, *next; post != NULL; post = next) {
      next = post->next;
      post->held = sweep_is_waiting(post->sweep);
      bool moves = slow == 0 && sweep_is_slow(post->sweep);
      if (!moves) {
        scheduler->held[slow] += post->held ? 1 : 0;
        continue;
      }
      post_list_remove(&scheduler->running[false], post);
      post->slow = true;
      post_list_push(&scheduler->running[true], post);
    }
  }
}

void scheduler_pump(struct scheduler *scheduler) {
  int width = 2 * scheduler->era->tools.config->api.max_requests;
  if (scheduler->stopping || !access_is_open(scheduler->access))
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
  scheduler->access = access_create(
      &era->tools, &(struct access_options){.opened = on_opened, .first = on_first, .context = scheduler});
  roster_adopt(scheduler, era);
  access_start(scheduler->access);
  timer_start(scheduler->daily, HEADS_FIRST_MS);
  return scheduler;
}

void scheduler_configure(struct scheduler *scheduler, struct era *era) {
  struct era *before = scheduler->era;
  scheduler->era = era;
  before->sweeps++; /* it must not end in here */
  before->over = true;
  before->was_open = access_is_open(scheduler->access);
  roster_adopt(scheduler, before);
  access_use(scheduler->access, &era->tools);
  scheduler_leave_era(scheduler, before);
  scheduler_pump(scheduler);
}

static void request(struct post *post) {
  int64_t now_ms = scheduler_now_ms(post->scheduler), at_ms = asked_at_ms(post, now_ms);
  if (post->organization == NULL)
    return;
  post->asked = true;
  if (post->sweep == NULL && !post->queued && at_ms < post->health.next_sweep_ms)
    scheduler_plan(post, at_ms);
}

bool scheduler_request(struct scheduler *scheduler, const char *name) {
  struct post *one = name == NULL ? NULL : roster_find(scheduler, slice_of(name));
  if (one != NULL)
    request(one);
  for (int i = 0; name == NULL && i < scheduler->post_count; i++)
    request(scheduler->posts[i]);
  return name == NULL || one != NULL;
}

void scheduler_lock_lost(struct scheduler *scheduler, const struct db *watch, const struct error *error) {
  for (int slow = 0; slow < 2; slow++)
    for (struct post *post = scheduler->running[slow].first; post != NULL; post = post->next)
      if (post->era->tools.watch == watch)
        sweep_lock_lost(post->sweep);
  if (scheduler->era->tools.watch == watch)
    access_failed(scheduler->access, error, "");
}

void scheduler_destroy(struct scheduler *scheduler) {
  if (scheduler == NULL)
    return;
  roster_finish(scheduler);
  access_destroy(scheduler->access);
  timer_close(scheduler->look);
  timer_close(scheduler->daily);
  memory_free(scheduler);
}

const struct health *scheduler_health(struct scheduler *scheduler) {
  struct health *health = &scheduler->health;
  health->now_ms = scheduler_now_ms(scheduler);
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
