/* The connection is cut: before and behind the server's answer to each point (behind that to a Sync nobody knows whether the
 * transaction was committed), and after any byte in either direction. */
#include "fault/trial.h"

#include <criterion/criterion.h>

enum { BYTES = 12 };

static const int gone[] = {69, 0};

static void cut_at_points(struct trial *trial, enum fault fault) {
  long points = trial_passed(trial)->points, samples = trial_samples(points, 40);
  for (long i = 0; i < samples; i++)
    trial_fault(trial, fault, trial_sample(points, samples, i), gone);
}

/* The number of bytes differs a little from sweep to sweep: behind the last one nothing is cut. */
static void cut_at_bytes(struct trial *trial, enum fault fault, long bytes) {
  long samples = trial_samples(bytes, BYTES);
  for (long i = 0; i < samples; i++)
    trial_fault(trial, fault, trial_sample(bytes, samples, i), gone);
}

static void expect_all_or_nothing(enum plot plot) {
  struct trial *trial = trial_create(plot);
  cr_assert_gt(trial_passed(trial)->syncs, 2);
  cut_at_points(trial, FAULT_CUT);
  cut_at_points(trial, FAULT_CUT_ANSWERED);
  cut_at_bytes(trial, FAULT_CUT_UP, trial_passed(trial)->up_bytes);
  cut_at_bytes(trial, FAULT_CUT_DOWN, trial_passed(trial)->down_bytes);
  trial_destroy(trial);
}

Test(connection, may_be_cut_in_a_first_fill) { expect_all_or_nothing(FIRST_FILL); }

Test(connection, may_be_cut_while_changes_are_written) { expect_all_or_nothing(CHANGES); }

Test(connection, may_be_cut_while_accounts_are_removed) { expect_all_or_nothing(REMOVAL); }
