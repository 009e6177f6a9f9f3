/* A bounded number of sweeps side by side. A sweep that timed out once no longer counts against the bound, so that a few dead
 * organizations cannot hold up the living; the request queue bounds what it sends. */
#include "schedule/oneshot.h"
#include "base/memory.h"
#include "sweep/people.h"

enum { LOOK_AGAIN_MS = 200 };

struct turn {
  struct oneshot *oneshot;
  const struct config_organization *organization;
  struct sweep *sweep;              /* NULL before and after */
  struct write_behind write_behind; /* one sweep long: everything is paid with it */
  struct people *people;            /* asked for after the sweep, as long as api.connect_timeout */
  struct timer *patience;           /* of that question */
};

struct oneshot {
  struct oneshot_options options;
  oneshot_report_fn *report;
  oneshot_done_fn *done;
  void *context;
  struct turn *turns;
  int next, live;
  bool stopping;
  struct timer *timer; /* looks again whether a sweep became slow, while others wait */
};

static void conclude(struct oneshot *oneshot) {
  oneshot_done_fn *done = oneshot->done;
  void *context = oneshot->context;
  timer_close(oneshot->timer);
  memory_free(oneshot->turns);
  memory_free(oneshot);
  done(context);
}

static void pump(void *context);

/* Sweeps that count against the bound. */
static int count_quick(const struct oneshot *oneshot) {
  int quick = 0;
  for (int i = 0; i < oneshot->next; i++)
    quick += oneshot->turns[i].sweep != NULL && !sweep_is_slow(oneshot->turns[i].sweep) ? 1 : 0;
  return quick;
}

static void on_people(void *context, bool asked, const struct error *error) {
  struct turn *turn = context;
  struct oneshot *oneshot = turn->oneshot;
  (void)asked;
  turn->people = NULL;
  timer_close(turn->patience);
  if (error != NULL && error->kind != ERROR_CANCELLED)
    log_write(oneshot->options.shared->log, LOG_LEVEL_WARNING, "could not read the members: %s organization=%s",
              error->text, turn->organization->name);
  oneshot->live--;
  pump(oneshot);
}

static void on_impatient(void *context) {
  struct turn *turn = context;
  if (turn->people != NULL)
    people_cancel(turn->people);
}

/* True when the turn goes on with a question about the organization's people. */
static bool ask_people(struct turn *turn, const struct report *report) {
  const struct oneshot *oneshot = turn->oneshot;
  const struct sweep_context *shared = oneshot->options.shared;
  bool unknown_alone = !report->verified;
  if (oneshot->options.mode != SWEEP_WRITE || oneshot->stopping || report->outcome == OUTCOME_FAILED ||
      report->organization_id == NULL)
    return false;
  if (unknown_alone && (report->added + report->changed + report->rescoped == 0 || !shared->config->sync.members))
    return false;
  struct people_options options = {.shared = shared,
                                   .organization = turn->organization,
                                   .organization_id = report->organization_id,
                                   .unknown_alone = unknown_alone};
  turn->patience = timer_open(shared->loop, on_impatient, turn);
  timer_start(turn->patience, shared->config->api.connect_timeout_ms);
  turn->people = people_start(&options, on_people, turn);
  return true;
}

static void on_swept(void *context, struct report *report, const struct api_request_traffic *traffic) {
  struct turn *turn = context;
  struct oneshot *oneshot = turn->oneshot;
  (void)traffic;
  turn->sweep = NULL;
  write_behind_forget_digests(&turn->write_behind);
  oneshot->report(oneshot->context, report);
  oneshot->live -= ask_people(turn, report) ? 0 : 1;
  report_finish(report);
  pump(oneshot);
}

static void pump(void *context) {
  struct oneshot *oneshot = context;
  const struct sweep_context *shared = oneshot->options.shared;
  int width = 2 * shared->config->api.max_requests, quick = count_quick(oneshot);
  while (!oneshot->stopping && oneshot->next < oneshot->options.count && quick < width) {
    struct turn *turn = &oneshot->turns[oneshot->next++];
    struct sweep_options options = {.shared = shared,
                                    .organization = turn->organization,
                                    .mode = oneshot->options.mode,
                                    .progress = oneshot->options.progress,
                                    .verify = oneshot->options.verify,
                                    .allow_removals = oneshot->options.allow_removals,
                                    .wait_for_lock = true,
                                    .write_behind = &turn->write_behind};
    write_behind_init(&turn->write_behind);
    oneshot->live++;
    quick++;
    turn->sweep = sweep_start(&options, on_swept, turn);
  }
  if (oneshot->live == 0)
    conclude(oneshot);
  else if (oneshot->next < oneshot->options.count && !oneshot->stopping)
    timer_start(oneshot->timer, LOOK_AGAIN_MS);
}

struct oneshot *oneshot_start(const struct oneshot_options *options, oneshot_report_fn *report, oneshot_done_fn *done,
                              void *context) {
  struct oneshot *oneshot = memory_allocate(sizeof *oneshot);
  *oneshot = (struct oneshot){.options = *options, .report = report, .done = done, .context = context};
  oneshot->turns = memory_allocate(sizeof *oneshot->turns * ((size_t)options->count + 1));
  for (int i = 0; i < options->count; i++)
    oneshot->turns[i] = (struct turn){.oneshot = oneshot, .organization = options->organizations[i]};
  oneshot->timer = timer_open(options->shared->loop, pump, oneshot);
  timer_start(oneshot->timer, 0);
  return oneshot;
}

static void each(struct oneshot *oneshot, void (*act)(struct sweep *)) {
  for (int i = 0; i < oneshot->next; i++)
    if (oneshot->turns[i].sweep != NULL)
      act(oneshot->turns[i].sweep);
}

void oneshot_stop(struct oneshot *oneshot) {
  oneshot->stopping = true;
  for (int i = 0; i < oneshot->next; i++)
    on_impatient(&oneshot->turns[i]);
  each(oneshot, sweep_stop);
}

void oneshot_lock_lost(struct oneshot *oneshot) { each(oneshot, sweep_lock_lost); }
