#pragma once
/* Every (or every named) organization once, concurrently: what `sync` and `plan` do. */
#include "sweep/sweep.h"

struct round;

struct round_options {
  const struct tools *tools;
  const struct config_organization *const *organizations;
  int count;
  enum sweep_mode mode;
  struct sweep_progress *progress; /* or NULL */
  bool verify, allow_removals;
};

/* Comes once per organization, as each ends; the report is borrowed. */
typedef void round_report_fn(void *context, const struct report *report);
typedef void round_done_fn(void *context);

/* Completions come from the loop; the round is gone when `done` returns. */
struct round *round_start(const struct round_options *options, round_report_fn *report, round_done_fn *done,
                          void *context);
void round_stop(struct round *round);
void round_lock_lost(struct round *round);
