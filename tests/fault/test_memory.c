/* The k-th allocation fails, whosever it is: ours, libpq's, libcurl's, json-c's. closesyncd says so and aborts, every time; no library
 * gets the chance to go on with a part of a document. The sanitized build leaves this out. */
#include "fault/trial.h"

#include <criterion/criterion.h>
#include <signal.h>

enum { SAMPLES = 40 };

static const int aborted[] = {128 + SIGABRT, 0};

static void expect_a_clean_end(enum plot plot) {
  struct trial *trial = trial_create(plot);
  long allocations = trial_allocations(trial), samples = trial_samples(allocations, SAMPLES);
  cr_assert_gt(allocations, 1000);
  for (long i = 0; i < samples; i++)
    trial_exhaust(trial, trial_sample(allocations, samples, i), aborted);
  trial_destroy(trial);
}

Test(memory, may_run_out_in_a_first_fill) { expect_a_clean_end(FIRST_FILL); }

Test(memory, may_run_out_while_changes_are_written) { expect_a_clean_end(CHANGES); }

Test(memory, may_run_out_while_accounts_are_removed) { expect_a_clean_end(REMOVAL); }
