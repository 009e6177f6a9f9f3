/* The organizations, found by name or met one after the other. There may be a hundred thousand, so nothing here but making the index
 * anew looks at all of them in one turn of the loop. */
#include "schedule/roster.h"
#include "base/index.h"
#include "base/memory.h"

static struct slice named_key(const void *context, uint32_t number) {
  const struct roster *roster = context;
  return slice_of(roster->named[number]->name);
}

void roster_forget_names(struct roster *roster) {
  index_destroy(roster->names);
  roster->names = NULL;
}

static void make_names(struct roster *roster) {
  bool is_new;
  roster->names = index_create(named_key, roster, 0);
  roster->named = memory_resize(roster->named, sizeof(struct job *) * ((size_t)roster->job_count + 1));
  for (int i = 0; i < roster->job_count; i++) {
    struct job *job = roster->jobs[i];
    if (job->organization == NULL)
      continue;
    roster->named[index_count(roster->names)] = job;
    index_add(roster->names, slice_of(job->name), &is_new);
  }
}

struct job *roster_find(struct roster *roster, struct slice name) {
  uint32_t number;
  if (roster->names == NULL)
    make_names(roster);
  return index_find(roster->names, name, &number) ? roster->named[number] : NULL;
}

void roster_note_attempt(struct roster *roster, struct job *job) {
  roster->attempts_left -= job->attempted ? 0 : 1;
  job->attempted = true;
}

void roster_note_trouble(struct roster *roster, struct job *job, bool troubled) {
  roster->troubled += (troubled ? 1 : 0) - (job->troubled ? 1 : 0);
  job->troubled = troubled;
}

void roster_remove(struct roster *roster, struct job *job) {
  struct job *last = roster->jobs[--roster->job_count];
  roster_note_trouble(roster, job, false);
  roster->jobs[job->number] = last;
  last->number = job->number;
  roster_forget_names(roster);
  job_destroy(job);
}

struct job *roster_add(struct roster *roster, const struct config_organization *organization, int64_t now_ms) {
  struct job *job = job_create(roster->options.scheduler, organization, now_ms);
  if (roster->job_count == roster->capacity) {
    roster->capacity = roster->capacity == 0 ? 16 : 2 * roster->capacity;
    roster->jobs = memory_resize(roster->jobs, sizeof(struct job *) * (size_t)roster->capacity);
  }
  queue_enter(roster->options.queue, job);
  job->number = roster->job_count;
  roster->jobs[roster->job_count++] = job;
  roster->attempts_left++;
  return job;
}

void roster_init(struct roster *roster, const struct roster_options *options) {
  *roster = (struct roster){.options = *options};
}

bool roster_clear(struct roster *roster) {
  while (roster->job_count > 0 && loop_has_time(roster->options.shared->loop))
    job_destroy(roster->jobs[--roster->job_count]);
  return roster->job_count == 0;
}

/* ---- a walk over all of them ---- */

static void on_walk(void *context) {
  struct walk *walk = context;
  struct roster *roster = walk->roster;
  if (walk->left > roster->job_count)
    walk->left = roster->job_count;
  while (walk->left > 0 && loop_has_time(roster->options.shared->loop))
    walk->options.visit(walk->options.context, roster->jobs[--walk->left]);
  if (walk->left > 0) {
    timer_continue(walk->timer);
    return;
  }
  walk->going = false;
  if (walk->options.done != NULL)
    walk->options.done(walk->options.context);
}

void walk_open(struct walk *walk, struct roster *roster, const struct walk_options *options) {
  *walk = (struct walk){
      .roster = roster, .options = *options, .timer = timer_open(roster->options.shared->loop, on_walk, walk)};
}

void walk_begin(struct walk *walk) {
  walk->going = true;
  walk->left = walk->roster->job_count;
  timer_start(walk->timer, 0);
}

void walk_stop(struct walk *walk) {
  walk->going = false;
  timer_stop(walk->timer);
}

void walk_close(struct walk *walk) { timer_close(walk->timer); }

/* ---- the whole ---- */

void roster_finish(struct roster *roster) {
  while (roster->job_count > 0)
    job_destroy(roster->jobs[--roster->job_count]);
  roster_forget_names(roster);
  memory_free(roster->named);
  memory_free(roster->told);
  memory_free(roster->jobs);
}

void roster_tell(struct roster *roster, struct health *health) {
  if (roster->told_capacity < roster->capacity) {
    roster->told_capacity = roster->capacity;
    roster->told = memory_resize(roster->told, sizeof(struct health_organization *) * (size_t)roster->told_capacity);
  }
  health->organizations = roster->told;
  health->organization_count = 0;
  for (int i = 0; i < roster->job_count; i++) {
    struct job *job = roster->jobs[i];
    if (job->foreign)
      continue;
    job_look_at_token(job);
    roster->told[health->organization_count++] = &job->health;
  }
}
