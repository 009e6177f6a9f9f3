#include "schedule/roster.h"
#include "base/index.h"
#include "base/memory.h"

/* What this file is for: who takes part. It promises that a new configuration disturbs nobody whom it does not name, and that who was
 * waiting for an administrator is tried again at once. */

enum { SPREAD_EACH_MS = 50 };

static struct slice named_key(const void *context, uint32_t number) {
  const struct roster *roster = context;
  return slice_of(roster->named[number]->name);
}

static void forget_names(struct roster *roster) {
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
  roster_note_trouble(roster, job, false);
  for (int i = 0; i < roster->job_count; i++)
    if (roster->jobs[i] == job) {
      roster->jobs[i] = roster->jobs[--roster->job_count];
      break;
    }
  forget_names(roster);
  job_destroy(job);
}

/* Spread at the start, so that a thousand organizations do not fire at once; a few are swept at once. */
static void add_job(struct roster *roster, const struct config_organization *organization, const struct config *config,
                    int number, int of) {
  int64_t now_ms = loop_now_ms(roster->options.loop), span_ms = (int64_t)of * SPREAD_EACH_MS;
  if (span_ms > organization->interval_ms)
    span_ms = organization->interval_ms;
  struct job *job = job_create(roster->options.scheduler, organization, now_ms);
  int64_t first_ms = now_ms + span_ms * number / of;
  queue_enter(roster->options.queue, job);
  pace_init(&job->pace, organization->interval_ms, config->sync.jitter, first_ms);
  job->foreign = config->fleet.enabled; /* until its slot is ours */
  roster->jobs[roster->job_count++] = job;
  roster->attempts_left++;
  queue_plan(job, first_ms);
}

static void drop_job(struct roster *roster, struct job *job, struct generation *before) {
  job->organization = NULL;
  roster_note_attempt(roster, job);
  queue_withdraw(job);
  if (job->sweep != NULL) {
    sweep_stop(job->sweep);
    return;
  }
  shutdown_pay(roster->options.shutdown, job, before);
  roster_remove(roster, job);
}

static bool same_key(const struct config_organization *left, const struct config_organization *right) {
  return left->key == NULL || right->key == NULL ? left->key == right->key : secret_equals(left->key, right->key);
}

/* What was refused before the reload is the same after it: somebody thinks to have changed it. */
static void tell_same_key(const struct roster *roster, const struct job *job,
                          const struct config_organization *organization) {
  if (job->key_dead && organization->way == CONFIG_API_KEY && organization->key != NULL &&
      same_key(job->organization, organization))
    log_event(roster->options.log, LOG_EVENT_KEY_REFUSED, LOG_LEVEL_WARNING,
              "the key that Close refuses is the same after the reload: %s organization=%s",
              organization->key_is_credential ? "systemd copied the credential when the service started, so restart it"
                                              : "write the new one into its file, and reload again",
              job->name);
}

/* Whoever failed, or has another key, another rhythm or another database, is planned anew. */
static void change_job(struct roster *roster, struct job *job, const struct config_organization *organization,
                       double jitter, bool moved) {
  int64_t now_ms = loop_now_ms(roster->options.loop), spread_ms = (int64_t)roster->job_count * SPREAD_EACH_MS;
  bool again = moved || job->pace.failures > 0 || !config_same_way(job->organization, organization);
  bool other_rhythm = job->pace.interval_ms != organization->interval_ms;
  tell_same_key(roster, job, organization);
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
    queue_plan(job, now_ms + random_between(roster->options.random, 0, spread_ms));
  else if (other_rhythm)
    queue_plan(job, pace_next(&job->pace, roster->options.random, PACE_WELL, now_ms, 0));
}

/* Who stays? Returns how many are new. */
static int mark(struct roster *roster, const struct config *config) {
  int fresh = 0;
  for (int i = 0; i < roster->job_count; i++)
    roster->jobs[i]->kept = false;
  for (int i = 0; i < config->organization_count; i++) {
    struct job *job = roster_find(roster, slice_of(config->organizations[i].name));
    if (config->organizations[i].enabled && job != NULL)
      job->kept = true;
    else if (config->organizations[i].enabled)
      fresh++;
  }
  return fresh;
}

void roster_adopt(struct roster *roster, struct generation *before, const struct generation *after) {
  const struct config *config = after->config;
  bool moved = before->shared.watch != after->shared.watch;
  int fresh = mark(roster, config), added = 0;
  for (int i = roster->job_count - 1; i >= 0; i--) {
    struct job *job = roster->jobs[i];
    if (job->organization != NULL && !job->kept)
      drop_job(roster, job, before);
    else if (moved && job->sweep == NULL) /* what is remembered is another database's */
      shutdown_pay(roster->options.shutdown, job, before);
  }
  roster->jobs = memory_resize(roster->jobs, sizeof(struct job *) * ((size_t)roster->job_count + (size_t)fresh + 1));
  for (int i = 0; i < config->organization_count; i++) {
    const struct config_organization *organization = &config->organizations[i];
    struct job *job = roster_find(roster, slice_of(organization->name));
    if (organization->enabled && job != NULL)
      change_job(roster, job, organization, config->sync.jitter, moved);
    else if (organization->enabled)
      add_job(roster, organization, config, added++, fresh);
  }
  for (int i = 0; i < roster->job_count; i++)
    if (roster->jobs[i]->organization != NULL)
      roster->jobs[i]->way_in = way_in_of(&after->shared, roster->jobs[i]->organization);
  forget_names(roster);
}

void roster_init(struct roster *roster, const struct roster_options *options) {
  *roster = (struct roster){.options = *options};
}

void roster_finish(struct roster *roster) {
  while (roster->job_count > 0)
    job_destroy(roster->jobs[--roster->job_count]);
  forget_names(roster);
  memory_free(roster->named);
  memory_free(roster->jobs);
}
