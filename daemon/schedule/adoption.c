/* A new configuration takes the place of the old one. It promises that nobody is disturbed whom it does not name, that who was waiting
 * for an administrator is tried again at once, and that no turn of the loop is long, however many organizations there are.
 *
 * It goes over the new configuration to see who stays, over those who are here to let the others go, and over the new configuration
 * again to change and to add. Between two turns some are here as the old configuration has them and some as the new one: both are
 * held, and nobody's sweep begins meanwhile (queue_pause()). Sweeps under way end as they would have, and hold their own. */
#include "schedule/adoption.h"
#include "base/memory.h"

struct adoption {
  struct adoption_options options;
  struct timer *timer;
  bool (*phase)(struct adoption *adoption); /* one organization of it; false: there is no more */
  int at;                                   /* in this phase */
  int fresh, added;                         /* those that are new; of them, here already */
  bool moved;                               /* to another database */
};

static bool let_go(struct adoption *adoption);
static bool take_on(struct adoption *adoption);

static void begin(struct adoption *adoption, bool (*phase)(struct adoption *adoption)) {
  adoption->phase = phase;
  adoption->at = 0;
}

static const struct config_organization *next(struct adoption *adoption) {
  const struct config *config = adoption->options.after->config;
  return adoption->at < config->organization_count ? &config->organizations[adoption->at++] : NULL;
}

static bool see_who_stays(struct adoption *adoption) {
  const struct config_organization *organization = next(adoption);
  if (organization == NULL) {
    begin(adoption, let_go);
    adoption->at = adoption->options.roster->job_count;
    return true;
  }
  struct job *job = roster_find(adoption->options.roster, slice_of(organization->name));
  if (organization->enabled && job != NULL)
    job->kept_by = adoption->options.roster->adoptions;
  else if (organization->enabled)
    adoption->fresh++;
  return true;
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

/* The last one first, for who leaves is replaced by the last one. */
static bool let_go(struct adoption *adoption) {
  struct roster *roster = adoption->options.roster;
  if (adoption->at > roster->job_count)
    adoption->at = roster->job_count;
  if (adoption->at == 0) {
    begin(adoption, take_on);
    return true;
  }
  struct job *job = roster->jobs[--adoption->at];
  if (job->organization != NULL && job->kept_by != roster->adoptions)
    drop_job(roster, job, adoption->options.before);
  else if (adoption->moved && job->sweep == NULL) /* what is remembered is another database's */
    shutdown_pay(roster->options.shutdown, job, adoption->options.before);
  return true;
}

/* What was refused before the reload is the same after it: somebody thinks to have changed it. */
static void tell_same_key(const struct roster *roster, const struct job *job,
                          const struct config_organization *organization) {
  if (job->key_dead && organization->way == CONFIG_API_KEY && organization->key != NULL &&
      config_same_way(job->organization, organization))
    log_event(roster->options.shared->log, LOG_EVENT_KEY_REFUSED, LOG_LEVEL_WARNING,
              "the key that Close refuses is the same after the reload: %s organization=%s",
              organization->key_is_credential ? "systemd copied the credential when the service started, so restart it"
                                              : "write the new one into its file, and reload again",
              job->name);
}

/* Whoever failed, or has another key, another rhythm or another database, is planned anew. */
static void change_job(struct adoption *adoption, struct job *job, const struct config_organization *organization) {
  struct roster *roster = adoption->options.roster;
  double jitter = adoption->options.after->config->sync.jitter;
  int64_t now_ms = loop_now_ms(roster->options.shared->loop);
  bool again = adoption->moved || job->pace.failures > 0 || !config_same_way(job->organization, organization);
  bool other_rhythm = job->pace.interval_ms != organization->interval_ms;
  tell_same_key(roster, job, organization);
  job->organization = organization;
  job->way_in = way_in_of(&adoption->options.after->shared, organization);
  job->pace.jitter = jitter;
  if (other_rhythm)
    pace_init(&job->pace, organization->interval_ms, jitter, now_ms);
  job->health.interval_ms = organization->interval_ms;
  job->asked = job->asked || (again && job->sweep != NULL);
  if (job->sweep != NULL || job->queued)
    return;
  if (again)
    queue_plan(job, now_ms + random_between(roster->options.shared->random, 0,
                                            pace_spread_ms(roster->job_count, organization->interval_ms)));
  else if (other_rhythm)
    queue_plan(job, pace_next(&job->pace, roster->options.shared->random, PACE_WELL, now_ms, 0));
}

static void add_job(struct adoption *adoption, const struct config_organization *organization) {
  struct roster *roster = adoption->options.roster;
  int64_t now_ms = loop_now_ms(roster->options.shared->loop),
          span_ms = pace_spread_ms(adoption->fresh, organization->interval_ms);
  struct job *job = roster_add(roster, organization, now_ms);
  int64_t first_ms = now_ms + span_ms * adoption->added++ / adoption->fresh;
  pace_init(&job->pace, organization->interval_ms, adoption->options.after->config->sync.jitter, first_ms);
  job->way_in = way_in_of(&adoption->options.after->shared, organization);
  job->foreign = adoption->options.after->config->fleet.enabled; /* until its slot is ours */
  queue_plan(job, first_ms);
}

static bool take_on(struct adoption *adoption) {
  const struct config_organization *organization = next(adoption);
  if (organization == NULL)
    return false;
  struct job *job = roster_find(adoption->options.roster, slice_of(organization->name));
  if (organization->enabled && job != NULL)
    change_job(adoption, job, organization);
  else if (organization->enabled)
    add_job(adoption, organization);
  return true;
}

static void finish(struct adoption *adoption) {
  struct adoption_options options = adoption->options;
  roster_forget_names(options.roster);
  timer_close(adoption->timer);
  memory_free(adoption);
  options.done(options.context);
  generation_release(options.before);
  generation_release(options.after);
}

static void on_turn(void *context) {
  struct adoption *adoption = context;
  bool more;
  do
    more = adoption->phase(adoption);
  while (more && loop_has_time(adoption->options.roster->options.shared->loop));
  if (more)
    timer_continue(adoption->timer);
  else
    finish(adoption);
}

void adoption_start(const struct adoption_options *options) {
  struct adoption *adoption = memory_allocate(sizeof *adoption);
  *adoption =
      (struct adoption){.options = *options, .moved = options->before->shared.watch != options->after->shared.watch};
  generation_hold(options->before);
  generation_hold(options->after);
  adoption->timer = timer_open(options->roster->options.shared->loop, on_turn, adoption);
  options->roster->adoptions++;
  begin(adoption, see_who_stays);
  timer_start(adoption->timer, 0);
}
