#pragma once
/* Every (or every named) organization once, concurrently: what `sync` and `plan` do. */
#include "sweep/sweep.h"

struct oneshot;

struct oneshot_options {
  const struct sweep_context *shared;
  const struct config_organization *const *organizations;
  int count;
  enum sweep_mode mode;
  struct sweep_progress *progress; /* or NULL */
  bool verify, allow_removals;
};

/* Comes once per organization, as each ends; the report is borrowed. */
typedef void oneshot_report_fn(void *context, const struct report *report);
typedef void oneshot_done_fn(void *context);

/* Completions come from the loop; it is gone when `done` returns. */
struct oneshot *oneshot_start(const struct oneshot_options *options, oneshot_report_fn *report, oneshot_done_fn *done,
                              void *context);
void oneshot_stop(struct oneshot *oneshot);
void oneshot_lock_lost(struct oneshot *oneshot);
