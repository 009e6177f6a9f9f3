#include "schedule/oneshot.h"
#include "base/memory.h"

/* What this file is for: a bounded number of sweeps side by side. A sweep that timed out once no longer counts against the bound, so
 * that a few dead organizations cannot hold up the living; the lane bounds what it sends. */

enum { LOOK_AGAIN_MS = 200 };

struct turn {
  struct round *round;
  const struct config_organization *organization;
  struct sweep *sweep;  /* NULL before and after */
  struct ledger ledger; /* one sweep long: everything is paid with it */
};

struct round {
  struct round_options options;
  round_report_fn *report;
  round_done_fn *done;
  void *context;
  struct turn *turns;
  int next, live;
  bool stopping;
  struct timer *timer; /* looks again whether a sweep became slow, while others wait */
};

static void conclude(struct round *round) {
  round_done_fn *done = round->done;
  void *context = round->context;
  timer_close(round->timer);
  memory_free(round->turns);
  memory_free(round);
  done(context);
}

static void pump(void *context);

/* Sweeps that count against the bound. */
static int count_quick(const struct round *round) {
  int quick = 0;
  for (int i = 0; i < round->next; i++)
    quick += round->turns[i].sweep != NULL && !sweep_is_slow(round->turns[i].sweep) ? 1 : 0;
  return quick;
}

static void on_swept(void *context, struct report *report, const struct exchange_traffic *traffic) {
  struct turn *turn = context;
  struct round *round = turn->round;
  (void)traffic;
  turn->sweep = NULL;
  ledger_finish(&turn->ledger);
  round->live--;
  round->report(round->context, report);
  report_finish(report);
  pump(round);
}

static void pump(void *context) {
  struct round *round = context;
  const struct tools *tools = round->options.tools;
  int width = 2 * tools->config->api.max_requests, quick = count_quick(round);
  while (!round->stopping && round->next < round->options.count && quick < width) {
    struct turn *turn = &round->turns[round->next++];
    struct sweep_options options = {.tools = tools,
                                    .organization = turn->organization,
                                    .mode = round->options.mode,
                                    .progress = round->options.progress,
                                    .verify = round->options.verify,
                                    .allow_removals = round->options.allow_removals,
                                    .wait_for_lock = true,
                                    .ledger = &turn->ledger};
    ledger_init(&turn->ledger);
    round->live++;
    quick++;
    turn->sweep = sweep_start(&options, on_swept, turn);
  }
  if (round->live == 0)
    conclude(round);
  else if (round->next < round->options.count && !round->stopping)
    timer_start(round->timer, LOOK_AGAIN_MS);
}

struct round *round_start(const struct round_options *options, round_report_fn *report, round_done_fn *done,
                          void *context) {
  struct round *round = memory_allocate(sizeof *round);
  *round = (struct round){.options = *options, .report = report, .done = done, .context = context};
  round->turns = memory_allocate(sizeof *round->turns * ((size_t)options->count + 1));
  for (int i = 0; i < options->count; i++)
    round->turns[i] = (struct turn){.round = round, .organization = options->organizations[i]};
  round->timer = timer_open(options->tools->loop, pump, round);
  timer_start(round->timer, 0);
  return round;
}

static void each(struct round *round, void (*act)(struct sweep *)) {
  for (int i = 0; i < round->next; i++)
    if (round->turns[i].sweep != NULL)
      act(round->turns[i].sweep);
}

void round_stop(struct round *round) {
  round->stopping = true;
  each(round, sweep_stop);
}

void round_lock_lost(struct round *round) { each(round, sweep_lock_lost); }
