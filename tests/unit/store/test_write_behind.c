/* What is counted, what is owed, what is paid. */
#include "store/write_behind.h"
#include <criterion/criterion.h>
#include <stdio.h>

enum { SECOND = 1000 * 1000 };

static struct write_behind_entry sweep_at(int64_t started_us, enum outcome outcome, const char *error) {
  return (struct write_behind_entry){.outcome = outcome,
                                     .error = error,
                                     .covers = outcome == OUTCOME_UNCHANGED || outcome == OUTCOME_GUARDED,
                                     .started_at_us = started_us,
                                     .ended_at_us = started_us + SECOND,
                                     .gap_us = 180LL * SECOND};
}

Test(write_behind, unchanged_sweeps_add_up) {
  struct write_behind write_behind;
  write_behind_init(&write_behind);
  for (int i = 0; i < 5; i++) {
    struct write_behind_entry entry = sweep_at(60LL * SECOND * i, OUTCOME_UNCHANGED, "");
    cr_assert(write_behind_add(&write_behind, &entry));
  }
  cr_assert(write_behind_owes(&write_behind));
  cr_assert_eq(write_behind.coverage.sweeps, 5);
  cr_assert_eq(write_behind.coverage.until_at_us, 240LL * SECOND);
  cr_assert_eq(write_behind.complete_at_us, 240LL * SECOND);
  write_behind_paid(&write_behind, 1);
  cr_assert_not(write_behind_owes(&write_behind));
  cr_assert_eq(write_behind.complete_at_us, 240LL * SECOND, "knowing is not owing");
}

Test(write_behind, a_gap_must_be_paid_before) {
  struct write_behind write_behind;
  write_behind_init(&write_behind);
  struct write_behind_entry first = sweep_at(0, OUTCOME_UNCHANGED, ""),
                            late = sweep_at(181LL * SECOND, OUTCOME_UNCHANGED, "");
  cr_assert(write_behind_add(&write_behind, &first));
  cr_assert_not(write_behind_add(&write_behind, &late));
  cr_assert_eq(write_behind.coverage.sweeps, 1);
}

Test(write_behind, incomplete_and_failed_sweeps_cover_nothing) {
  struct write_behind write_behind;
  write_behind_init(&write_behind);
  struct write_behind_entry incomplete = sweep_at(SECOND, OUTCOME_INCOMPLETE, "why"),
                            failed = sweep_at(2 * SECOND, OUTCOME_FAILED, "no");
  cr_assert(write_behind_add(&write_behind, &incomplete));
  cr_assert_eq(write_behind.listed_at_us, SECOND, "its listing was seen");
  cr_assert_eq(write_behind.complete_at_us, MOMENT_UNKNOWN);
  cr_assert(write_behind_add(&write_behind, &failed));
  cr_assert_eq(write_behind.listed_at_us, SECOND, "a failed one has no listing");
  cr_assert_eq(write_behind.coverage.sweeps, 0);
}

Test(write_behind, repeats_are_the_same_outcome_and_text) {
  struct write_behind write_behind;
  write_behind_init(&write_behind);
  cr_assert_not(write_behind_repeats(&write_behind, OUTCOME_UNCHANGED, ""), "after a start nothing is known");
  struct write_behind_entry failed = sweep_at(SECOND, OUTCOME_FAILED, "one reason");
  cr_assert(write_behind_add(&write_behind, &failed));
  cr_assert(write_behind_repeats(&write_behind, OUTCOME_FAILED, "one reason"));
  cr_assert_not(write_behind_repeats(&write_behind, OUTCOME_FAILED, "another"));
  cr_assert_not(write_behind_repeats(&write_behind, OUTCOME_INCOMPLETE, "one reason"));
}

/* What was owed of another outcome is coverage, which is kept; or it was paid before (sweep_write.c). */
Test(write_behind, attempts_are_of_one_outcome) {
  struct write_behind write_behind;
  write_behind_init(&write_behind);
  struct write_behind_entry well = sweep_at(SECOND, OUTCOME_UNCHANGED, ""),
                            failed = sweep_at(2 * SECOND, OUTCOME_FAILED, "no"),
                            other = sweep_at(3 * SECOND, OUTCOME_FAILED, "neither");
  for (int i = 0; i < 15; i++)
    cr_assert(write_behind_add(&write_behind, &well));
  cr_assert_eq(write_behind.attempts, 15);
  cr_assert(write_behind_add(&write_behind, &failed));
  cr_assert_eq(write_behind.attempts, 1, "%d", write_behind.attempts);
  cr_assert(write_behind_add(&write_behind, &failed));
  cr_assert_eq(write_behind.attempts, 2, "%d", write_behind.attempts);
  cr_assert(write_behind_add(&write_behind, &other));
  cr_assert_eq(write_behind.attempts, 1, "%d", write_behind.attempts);
  cr_assert_eq(write_behind.coverage.sweeps, 1, "what was covered is still owed");
}

/* ---- what is remembered, and the row as it is read with the lock ---- */

static const struct backend OURS = {100, 5}, REUSED = {100, 6};
static const char A[] = "aaaaaaaa-0000-0000-0000-000000000000", B[] = "bbbbbbbb-0000-0000-0000-000000000000";

static struct mirror_state row_of(const char *revision, int64_t swept_us, struct backend backend) {
  struct mirror_state row = {.organization_id = "orga_1",
                             .clock_us = 1000LL * SECOND,
                             .last_swept_at_us = swept_us,
                             .listed_at_us = swept_us,
                             .outcome_at_us = swept_us,
                             .backend = backend};
  snprintf(row.revision, sizeof row.revision, "%s", revision);
  return row;
}

/* Revision A was read at 10 s; sweeps at 70 s and 130 s found it unchanged, and are owed. */
static void remember_two(struct write_behind *write_behind) {
  struct mirror_state row = row_of(A, 10LL * SECOND, OURS);
  write_behind_init(write_behind);
  cr_assert_not(write_behind_settle(write_behind, &row));
  write_behind_adopt(write_behind, &row);
  for (int i = 1; i <= 2; i++) {
    struct write_behind_entry entry = sweep_at((10LL + 60 * i) * SECOND, OUTCOME_UNCHANGED, "");
    cr_assert(write_behind_add(write_behind, &entry));
  }
}

static bool is_forgotten(const struct write_behind *write_behind) {
  return write_behind->listed_at_us == MOMENT_UNKNOWN && write_behind->complete_at_us == MOMENT_UNKNOWN;
}

Test(write_behind, what_is_remembered_is_good_while_the_row_is_the_same) {
  struct write_behind write_behind;
  remember_two(&write_behind);
  struct mirror_state row = row_of(A, 10LL * SECOND, OURS);
  cr_assert_not(write_behind_settle(&write_behind, &row));
  cr_assert_eq(write_behind.listed_at_us, 130LL * SECOND);
  cr_assert_eq(write_behind.complete_at_us, 130LL * SECOND);
  cr_assert_eq(write_behind.coverage.sweeps, 2);
}

Test(write_behind, another_revision_is_another_mirror) {
  struct write_behind write_behind;
  remember_two(&write_behind);
  struct mirror_state row = row_of(B, 10LL * SECOND, OURS);
  cr_assert(write_behind_settle(&write_behind, &row), "what is owed has to be paid under the old one's name");
  cr_assert_str_eq(write_behind.revision, A);
  cr_assert(is_forgotten(&write_behind));
  cr_assert_not(write_behind_repeats(&write_behind, OUTCOME_UNCHANGED, ""));
  write_behind_paid(&write_behind, 1);
  write_behind_adopt(&write_behind, &row);
  cr_assert_str_eq(write_behind.revision, B);
  cr_assert_not(write_behind_settle(&write_behind, &row));
}

Test(write_behind, a_lost_session_takes_along_what_is_known_of_the_mirror) {
  struct write_behind write_behind;
  remember_two(&write_behind);
  struct mirror_state row = row_of(A, 10LL * SECOND, REUSED);
  cr_assert_not(write_behind_settle(&write_behind, &row));
  cr_assert(is_forgotten(&write_behind));
  cr_assert_eq(write_behind.coverage.sweeps, 2, "what is owed is of the same revision, and true");
  cr_assert(write_behind_repeats(&write_behind, OUTCOME_UNCHANGED, ""));
}

Test(write_behind, a_row_that_grew_younger_was_restored) {
  struct write_behind write_behind;
  remember_two(&write_behind);
  write_behind_paid(&write_behind, 1); /* the database has them */
  struct mirror_state row = row_of(A, 130LL * SECOND, OURS);
  cr_assert_not(write_behind_settle(&write_behind, &row));
  cr_assert_not(is_forgotten(&write_behind));
  row = row_of(A, 10LL * SECOND, OURS);
  cr_assert_not(write_behind_settle(&write_behind, &row));
  cr_assert(is_forgotten(&write_behind));
  remember_two(&write_behind);
  row = row_of(A, MOMENT_UNKNOWN, OURS);
  cr_assert_not(write_behind_settle(&write_behind, &row));
  cr_assert(is_forgotten(&write_behind), "as if it had never been swept");
}

Test(write_behind, what_was_written_is_of_the_new_revision) {
  struct write_behind write_behind;
  remember_two(&write_behind);
  struct write_behind_entry entry = sweep_at(190LL * SECOND, OUTCOME_UNCHANGED, "");
  write_behind_wrote(&write_behind, &entry, OUTCOME_CHANGED, B, 1);
  struct mirror_state row = row_of(B, 190LL * SECOND, OURS);
  cr_assert_not(write_behind_settle(&write_behind, &row));
  cr_assert_eq(write_behind.complete_at_us, 190LL * SECOND);
  row = row_of(A, 10LL * SECOND, OURS); /* the commit was lost */
  cr_assert_not(write_behind_settle(&write_behind, &row));
  cr_assert(is_forgotten(&write_behind));
}
