/* The backend is terminated at each statement and at each end of a transaction: nothing is left by halves, and the sweep says that
 * the database went away. */
#include "fault/trial.h"

#include <criterion/criterion.h>

static const int gone[] = {69, 0};

static void expect_all_or_nothing(enum plot plot) {
  struct trial *trial = trial_create(plot);
  long points = trial_passed(trial)->points, samples = trial_samples(points, 40);
  cr_assert_gt(trial_passed(trial)->statements, 10);
  for (long i = 0; i < samples; i++)
    trial_fault(trial, FAULT_TERMINATE, trial_sample(points, samples, i), gone);
  trial_destroy(trial);
}

Test(backend, may_be_terminated_in_a_first_fill) { expect_all_or_nothing(FIRST_FILL); }

Test(backend, may_be_terminated_while_changes_are_written) { expect_all_or_nothing(CHANGES); }

Test(backend, may_be_terminated_while_accounts_are_removed) { expect_all_or_nothing(REMOVAL); }
