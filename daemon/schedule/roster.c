#include "schedule/roster.h"
#include "base/memory.h"
#include "schedule/shutdown.h"

/* What this file is for: who takes part. It promises that a new configuration disturbs nobody whom it does not name, and that who was
 * waiting for an administrator is tried again at once. */

enum { SPREAD_EACH_MS = 50 };

static struct slice named_key(const void *context, uint32_t number) {
  const struct scheduler *scheduler = context;
  return slice_of(scheduler->named[number]->name);
}

static void forget_names(struct scheduler *scheduler) {
  index_destroy(scheduler->names);
  scheduler->names = NULL;
}

static void make_names(struct scheduler *scheduler) {
  bool is_new;
  scheduler->names = index_create(named_key, scheduler, 0);
  scheduler->named = memory_resize(scheduler->named, sizeof(struct job *) * ((size_t)scheduler->job_count + 1));
  for (int i = 0; i < scheduler->job_count; i++) {
    struct job *job = scheduler->jobs[i];
    if (job->organization == NULL)
      continue;
    scheduler->named[index_count(scheduler->names)] = job;
    index_add(scheduler->names, slice_of(job->name), &is_new);
  }
}

struct job *roster_find(struct scheduler *scheduler, struct slice name) {
  uint32_t number;
  if (scheduler->names == NULL)
    make_names(scheduler);
  return index_find(scheduler->names, name, &number) ? scheduler->named[number] : NULL;
}

void roster_remove(struct job *job) {
  struct scheduler *scheduler = job->scheduler;
  struct error none = {0};
  scheduler_note_database(job, &none);
  for (int i = 0; i < scheduler->job_count; i++)
    if (scheduler->jobs[i] == job) {
      scheduler->jobs[i] = scheduler->jobs[--scheduler->job_count];
      break;
    }
  forget_names(scheduler);
  job_destroy(job);
}

/* Spread at the start, so that a thousand organizations do not fire at once; a few are swept at once. */
static void add_post(struct scheduler *scheduler, const struct config_organization *organization, int number, int of) {
  int64_t now_ms = scheduler_now_ms(scheduler), span_ms = (int64_t)of * SPREAD_EACH_MS;
  if (span_ms > organization->interval_ms)
    span_ms = organization->interval_ms;
  struct job *job = job_create(scheduler, organization, now_ms);
  int64_t first_ms = now_ms + span_ms * number / of;
  job->timer = timer_open(scheduler->options.loop, scheduler_on_due, job);
  pace_init(&job->pace, organization->interval_ms, scheduler->era->shared.config->sync.jitter, first_ms);
  scheduler->jobs[scheduler->job_count++] = job;
  scheduler->attempts_left++;
  scheduler_plan(job, first_ms);
}

static void drop_post(struct job *job, struct era *before) {
  struct scheduler *scheduler = job->scheduler;
  job->organization = NULL;
  scheduler_note_attempt(job);
  timer_stop(job->timer);
  if (job->queued)
    job_list_remove(&scheduler->due[job->slow], job);
  job->queued = false;
  if (job->sweep != NULL) {
    sweep_stop(job->sweep);
    return;
  }
  scheduler_pay(job, before);
  roster_remove(job);
}

/* Whoever failed, or has another key, another rhythm or another database, is planned anew. */
static void change_post(struct job *job, const struct config_organization *organization, bool moved) {
  struct scheduler *scheduler = job->scheduler;
  int64_t now_ms = scheduler_now_ms(scheduler), spread_ms = (int64_t)scheduler->job_count * SPREAD_EACH_MS;
  double jitter = scheduler->era->shared.config->sync.jitter;
  bool again = moved || job->pace.failures > 0 || !secret_equals(job->organization->key, organization->key);
  bool other_rhythm = job->pace.interval_ms != organization->interval_ms;
  job->organization = organization;
  job->pace.jitter = jitter;
  if (other_rhythm)
    pace_init(&job->pace, organization->interval_ms, jitter, now_ms);
  job->health.interval_ms = organization->interval_ms;
  job->asked = job->asked || (again && job->sweep != NULL);
  if (job->sweep != NULL || job->queued)
    return;
  if (spread_ms > organization->interval_ms)
    spread_ms = organization->interval_ms;
  if (again)
    scheduler_plan(job, now_ms + random_between(scheduler->options.random, 0, spread_ms));
  else if (other_rhythm)
    scheduler_plan(job, pace_next(&job->pace, scheduler->options.random, PACE_WELL, now_ms, 0));
}

/* Who stays? Returns how many are new. */
static int mark(struct scheduler *scheduler, const struct config *config) {
  int fresh = 0;
  for (int i = 0; i < scheduler->job_count; i++)
    scheduler->jobs[i]->kept = false;
  for (int i = 0; i < config->organization_count; i++) {
    struct job *job = roster_find(scheduler, slice_of(config->organizations[i].name));
    if (config->organizations[i].enabled && job != NULL)
      job->kept = true;
    else if (config->organizations[i].enabled)
      fresh++;
  }
  return fresh;
}

void roster_adopt(struct scheduler *scheduler, struct era *before) {
  const struct config *config = scheduler->era->shared.config;
  bool moved = before->shared.watch != scheduler->era->shared.watch;
  int fresh = mark(scheduler, config), added = 0;
  for (int i = scheduler->job_count - 1; i >= 0; i--) {
    struct job *job = scheduler->jobs[i];
    if (job->organization != NULL && !job->kept)
      drop_post(job, before);
    else if (moved && job->sweep == NULL) /* what is remembered is another database's */
      scheduler_pay(job, before);
  }
  size_t room = (size_t)scheduler->job_count + (size_t)fresh + 1;
  scheduler->jobs = memory_resize(scheduler->jobs, sizeof(struct job *) * room);
  scheduler->health_list = memory_resize(scheduler->health_list, sizeof(struct health_organization *) * room);
  for (int i = 0; i < config->organization_count; i++) {
    const struct config_organization *organization = &config->organizations[i];
    struct job *job = roster_find(scheduler, slice_of(organization->name));
    if (organization->enabled && job != NULL)
      change_post(job, organization, moved);
    else if (organization->enabled)
      add_post(scheduler, organization, added++, fresh);
  }
  forget_names(scheduler);
}

void roster_finish(struct scheduler *scheduler) {
  while (scheduler->job_count > 0)
    job_destroy(scheduler->jobs[--scheduler->job_count]);
  forget_names(scheduler);
  memory_free(scheduler->named);
  memory_free(scheduler->jobs);
  memory_free(scheduler->health_list);
}
