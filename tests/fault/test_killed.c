/* closesyncd itself is killed with SIGKILL: when the server has only a part of what was sent, and when it has answered and nobody is
 * there to hear it. */
#include "fault/trial.h"

#include <criterion/criterion.h>
#include <signal.h>

static const int killed[] = {128 + SIGKILL, 0};

static void kill_at_points(struct trial *trial, enum fault fault) {
  long points = trial_passed(trial)->points, samples = trial_samples(points, 40);
  for (long i = 0; i < samples; i++)
    trial_fault(trial, fault, trial_sample(points, samples, i), killed);
}

static void expect_all_or_nothing(enum plot plot) {
  struct trial *trial = trial_create(plot);
  cr_assert_gt(trial_passed(trial)->points, 10);
  kill_at_points(trial, FAULT_KILL);
  kill_at_points(trial, FAULT_KILL_ANSWERED);
  trial_destroy(trial);
}

Test(killed, in_a_first_fill) { expect_all_or_nothing(FIRST_FILL); }

Test(killed, while_changes_are_written) { expect_all_or_nothing(CHANGES); }

Test(killed, while_accounts_are_removed) { expect_all_or_nothing(REMOVAL); }
