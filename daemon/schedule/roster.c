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
  scheduler->named = memory_resize(scheduler->named, sizeof(struct post *) * ((size_t)scheduler->post_count + 1));
  for (int i = 0; i < scheduler->post_count; i++) {
    struct post *post = scheduler->posts[i];
    if (post->organization == NULL)
      continue;
    scheduler->named[index_count(scheduler->names)] = post;
    index_add(scheduler->names, slice_of(post->name), &is_new);
  }
}

struct post *roster_find(struct scheduler *scheduler, struct slice name) {
  uint32_t number;
  if (scheduler->names == NULL)
    make_names(scheduler);
  return index_find(scheduler->names, name, &number) ? scheduler->named[number] : NULL;
}

void roster_remove(struct post *post) {
  struct scheduler *scheduler = post->scheduler;
  struct error none = {0};
  scheduler_note_database(post, &none);
  for (int i = 0; i < scheduler->post_count; i++)
    if (scheduler->posts[i] == post) {
      scheduler->posts[i] = scheduler->posts[--scheduler->post_count];
      break;
    }
  forget_names(scheduler);
  post_destroy(post);
}

/* Spread at the start, so that a thousand organizations do not fire at once; a few are swept at once. */
static void add_post(struct scheduler *scheduler, const struct config_organization *organization, int number, int of) {
  int64_t now_ms = scheduler_now_ms(scheduler), span_ms = (int64_t)of * SPREAD_EACH_MS;
  if (span_ms > organization->interval_ms)
    span_ms = organization->interval_ms;
  struct post *post = post_create(scheduler, organization, now_ms);
  int64_t first_ms = now_ms + span_ms * number / of;
  post->timer = timer_open(scheduler->options.loop, scheduler_on_due, post);
  pace_init(&post->pace, organization->interval_ms, scheduler->era->tools.config->sync.jitter, first_ms);
  scheduler->posts[scheduler->post_count++] = post;
  scheduler->attempts_left++;
  scheduler_plan(post, first_ms);
}

static void drop_post(struct post *post, struct era *before) {
  struct scheduler *scheduler = post->scheduler;
  post->organization = NULL;
  scheduler_note_attempt(post);
  timer_stop(post->timer);
  if (post->queued)
    post_list_remove(&scheduler->due[post->slow], post);
  post->queued = false;
  if (post->sweep != NULL) {
    sweep_stop(post->sweep);
    return;
  }
  scheduler_pay(post, before);
  roster_remove(post);
}

/* Whoever failed, or has another key, another rhythm or another database, is planned anew. */
static void change_post(struct post *post, const struct config_organization *organization, bool moved) {
  struct scheduler *scheduler = post->scheduler;
  int64_t now_ms = scheduler_now_ms(scheduler), spread_ms = (int64_t)scheduler->post_count * SPREAD_EACH_MS;
  double jitter = scheduler->era->tools.config->sync.jitter;
  bool again = moved || post->pace.failures > 0 || !secret_equals(post->organization->key, organization->key);
  bool other_rhythm = post->pace.interval_ms != organization->interval_ms;
  post->organization = organization;
  post->pace.jitter = jitter;
  if (other_rhythm)
    pace_init(&post->pace, organization->interval_ms, jitter, now_ms);
  post->health.interval_ms = organization->interval_ms;
  post->asked = post->asked || (again && post->sweep != NULL);
  if (post->sweep != NULL || post->queued)
    return;
  if (spread_ms > organization->interval_ms)
    spread_ms = organization->interval_ms;
  if (again)
    scheduler_plan(post, now_ms + random_between(scheduler->options.random, 0, spread_ms));
  else if (other_rhythm)
    scheduler_plan(post, pace_next(&post->pace, scheduler->options.random, PACE_WELL, now_ms, 0));
}

/* Who stays? Returns how many are new. */
static int mark(struct scheduler *scheduler, const struct config *config) {
  int fresh = 0;
  for (int i = 0; i < scheduler->post_count; i++)
    scheduler->posts[i]->kept = false;
  for (int i = 0; i < config->organization_count; i++) {
    struct post *post = roster_find(scheduler, slice_of(config->organizations[i].name));
    if (config->organizations[i].enabled && post != NULL)
      post->kept = true;
    else if (config->organizations[i].enabled)
      fresh++;
  }
  return fresh;
}

void roster_adopt(struct scheduler *scheduler, struct era *before) {
  const struct config *config = scheduler->era->tools.config;
  bool moved = before->tools.watch != scheduler->era->tools.watch;
  int fresh = mark(scheduler, config), added = 0;
  for (int i = scheduler->post_count - 1; i >= 0; i--) {
    struct post *post = scheduler->posts[i];
    if (post->organization != NULL && !post->kept)
      drop_post(post, before);
    else if (moved && post->sweep == NULL) /* what is remembered is another database's */
      scheduler_pay(post, before);
  }
  size_t room = (size_t)scheduler->post_count + (size_t)fresh + 1;
  scheduler->posts = memory_resize(scheduler->posts, sizeof(struct post *) * room);
  scheduler->health_list = memory_resize(scheduler->health_list, sizeof(struct health_organization *) * room);
  for (int i = 0; i < config->organization_count; i++) {
    const struct config_organization *organization = &config->organizations[i];
    struct post *post = roster_find(scheduler, slice_of(organization->name));
    if (organization->enabled && post != NULL)
      change_post(post, organization, moved);
    else if (organization->enabled)
      add_post(scheduler, organization, added++, fresh);
  }
  forget_names(scheduler);
}

void roster_finish(struct scheduler *scheduler) {
  while (scheduler->post_count > 0)
    post_destroy(scheduler->posts[--scheduler->post_count]);
  forget_names(scheduler);
  memory_free(scheduler->named);
  memory_free(scheduler->posts);
  memory_free(scheduler->health_list);
}
