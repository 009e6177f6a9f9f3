#include "schedule/queue.h"
#include "base/memory.h"

enum { LOOK_MS = 200, HELD_SPREAD_MS = 300 };

struct queue {
  struct queue_options options;
  const struct generation *generation;
  struct job_list due[2], running[2]; /* [slow] */
  int running_count[2];
  int held[2];        /* of the running ones: they wait for a rate limit */
  struct timer *look; /* again, whether a running sweep became slow, or waits */
  bool stopped, paused;
};

static void on_look(void *context) { queue_pump(context); }

struct queue *queue_create(const struct queue_options *options) {
  struct queue *queue = memory_allocate(sizeof *queue);
  *queue = (struct queue){.options = *options};
  for (int slow = 0; slow < 2; slow++) {
    TAILQ_INIT(&queue->due[slow]);
    TAILQ_INIT(&queue->running[slow]);
  }
  queue->look = timer_open(options->shared->loop, on_look, queue);
  return queue;
}

void queue_destroy(struct queue *queue) {
  if (queue == NULL)
    return;
  timer_close(queue->look);
  memory_free(queue);
}

void queue_use(struct queue *queue, const struct generation *generation) { queue->generation = generation; }

void queue_stop(struct queue *queue) {
  queue->stopped = true;
  timer_stop(queue->look);
}

void queue_pause(struct queue *queue, bool paused) { queue->paused = paused; }

/* ---- what is due ---- */

static void on_due(void *context) { queue_push(context); }

void queue_enter(struct queue *queue, struct job *job) {
  job->queue = queue;
  job->timer = timer_open(queue->options.shared->loop, on_due, job);
}

int64_t queue_now_ms(const struct job *job) { return loop_now_ms(job->queue->options.shared->loop); }

void queue_plan(struct job *job, int64_t at_ms) {
  int64_t delay_ms = at_ms - queue_now_ms(job);
  if (job->foreign)
    return;
  job->health.next_sweep_ms = at_ms;
  timer_start(job->timer, delay_ms > 0 ? delay_ms : 0);
}

void queue_push(struct job *job) {
  struct queue *queue = job->queue;
  if (job->sweep != NULL || job->queued || job->foreign || queue->stopped)
    return;
  job->queued = true;
  TAILQ_INSERT_TAIL(&queue->due[job->slow], job, link);
  queue_pump(queue);
}

static void leave_due(struct job *job) {
  TAILQ_REMOVE(&job->queue->due[job->slow], job, link);
  job->queued = false;
}

void queue_withdraw(struct job *job) {
  timer_stop(job->timer);
  if (job->queued)
    leave_due(job);
}

/* Before the key's reset there is nothing to begin. */
static bool put_off(struct queue *queue, struct job *job) {
  int64_t now_ms = queue_now_ms(job), blocked_ms = rate_limit_blocked_ms(job->way_in.rate_limit, now_ms);
  if (blocked_ms == 0)
    return false;
  leave_due(job);
  queue_plan(job, now_ms + blocked_ms + random_between(queue->options.shared->random, 0, HELD_SPREAD_MS));
  return true;
}

/* ---- what is under way ---- */

static void join_running(struct queue *queue, struct job *job) {
  TAILQ_INSERT_TAIL(&queue->running[job->slow], job, link);
  queue->running_count[job->slow]++;
}

static void leave_running(struct queue *queue, struct job *job) {
  TAILQ_REMOVE(&queue->running[job->slow], job, link);
  queue->running_count[job->slow]--;
}

static void start(struct queue *queue, struct job *job) {
  leave_due(job);
  join_running(queue, job);
  queue->options.start(job);
}

void queue_ended(struct job *job) {
  struct queue *queue = job->queue;
  leave_running(queue, job);
  queue->held[job->slow] -= job->held ? 1 : 0;
  job->held = false;
}

struct job *queue_next_running(const struct queue *queue, const struct job *job) {
  struct job *next = job == NULL ? TAILQ_FIRST(&queue->running[false]) : TAILQ_NEXT(job, link);
  bool last_quick = next == NULL && (job == NULL || !job->slow);
  return last_quick ? TAILQ_FIRST(&queue->running[true]) : next;
}

/* A sweep that began quick and met a timeout no longer counts against the quick ones, one that waits for its key's reset against
 * nobody. */
static void recount(struct queue *queue) {
  for (int slow = 0; slow < 2; slow++) {
    queue->held[slow] = 0;
    for (struct job *job = TAILQ_FIRST(&queue->running[slow]), *next; job != NULL; job = next) {
      next = TAILQ_NEXT(job, link);
      job->held = sweep_is_waiting(job->sweep);
      bool moves = slow == 0 && sweep_is_slow(job->sweep);
      if (!moves) {
        queue->held[slow] += job->held ? 1 : 0;
        continue;
      }
      leave_running(queue, job);
      job->slow = true;
      join_running(queue, job);
    }
  }
}

void queue_pump(struct queue *queue) {
  int width = 2 * queue->generation->config->api.max_requests;
  if (queue->stopped || queue->paused || !database_monitor_is_open(queue->options.database_monitor))
    return;
  if (!TAILQ_EMPTY(&queue->due[false]) || !TAILQ_EMPTY(&queue->due[true]))
    recount(queue);
  for (int slow = 0; slow < 2; slow++)
    while (!TAILQ_EMPTY(&queue->due[slow]) && queue->running_count[slow] - queue->held[slow] < width)
      if (!put_off(queue, TAILQ_FIRST(&queue->due[slow])))
        start(queue, TAILQ_FIRST(&queue->due[slow]));
  if (!TAILQ_EMPTY(&queue->due[false]))
    timer_start(queue->look, LOOK_MS);
}
