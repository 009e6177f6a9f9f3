/* What is counted, what is owed, what is paid. */
#include "store/write_behind.h"
#include <criterion/criterion.h>

enum { SECOND = 1000 * 1000 };

static struct ledger_entry sweep_at(int64_t started_us, enum outcome outcome, const char *error) {
  return (struct ledger_entry){.outcome = outcome,
                               .error = error,
                               .covers = outcome == OUTCOME_UNCHANGED || outcome == OUTCOME_GUARDED,
                               .started_at_us = started_us,
                               .ended_at_us = started_us + SECOND,
                               .gap_us = 180LL * SECOND};
}

Test(ledger, unchanged_sweeps_add_up) {
  struct ledger ledger;
  ledger_init(&ledger);
  for (int i = 0; i < 5; i++) {
    struct ledger_entry entry = sweep_at(60LL * SECOND * i, OUTCOME_UNCHANGED, "");
    cr_assert(ledger_add(&ledger, &entry));
  }
  cr_assert(ledger_owes(&ledger));
  cr_assert_eq(ledger.coverage.sweeps, 5);
  cr_assert_eq(ledger.coverage.until_at_us, 240LL * SECOND);
  cr_assert_eq(ledger.complete_at_us, 240LL * SECOND);
  ledger_paid(&ledger, 1);
  cr_assert_not(ledger_owes(&ledger));
  cr_assert_eq(ledger.complete_at_us, 240LL * SECOND, "knowing is not owing");
}

Test(ledger, a_gap_must_be_paid_before) {
  struct ledger ledger;
  ledger_init(&ledger);
  struct ledger_entry first = sweep_at(0, OUTCOME_UNCHANGED, ""),
                      late = sweep_at(181LL * SECOND, OUTCOME_UNCHANGED, "");
  cr_assert(ledger_add(&ledger, &first));
  cr_assert_not(ledger_add(&ledger, &late));
  cr_assert_eq(ledger.coverage.sweeps, 1);
}

Test(ledger, incomplete_and_failed_sweeps_cover_nothing) {
  struct ledger ledger;
  ledger_init(&ledger);
  struct ledger_entry incomplete = sweep_at(SECOND, OUTCOME_INCOMPLETE, "why"),
                      failed = sweep_at(2 * SECOND, OUTCOME_FAILED, "no");
  cr_assert(ledger_add(&ledger, &incomplete));
  cr_assert_eq(ledger.listed_at_us, SECOND, "its listing was seen");
  cr_assert_eq(ledger.complete_at_us, MOMENT_UNKNOWN);
  cr_assert(ledger_add(&ledger, &failed));
  cr_assert_eq(ledger.listed_at_us, SECOND, "a failed one has no listing");
  cr_assert_eq(ledger.coverage.sweeps, 0);
}

Test(ledger, repeats_are_the_same_outcome_and_text) {
  struct ledger ledger;
  ledger_init(&ledger);
  cr_assert_not(ledger_repeats(&ledger, OUTCOME_UNCHANGED, ""), "after a start nothing is known");
  ledger_wrote(&ledger, OUTCOME_FAILED, "one reason", 1);
  cr_assert(ledger_repeats(&ledger, OUTCOME_FAILED, "one reason"));
  cr_assert_not(ledger_repeats(&ledger, OUTCOME_FAILED, "another"));
  cr_assert_not(ledger_repeats(&ledger, OUTCOME_INCOMPLETE, "one reason"));
}

/* What was owed of another outcome is coverage, which is kept; or it was paid before (sweep_write.c). */
Test(ledger, attempts_are_of_one_outcome) {
  struct ledger ledger;
  ledger_init(&ledger);
  struct ledger_entry well = sweep_at(SECOND, OUTCOME_UNCHANGED, ""),
                      failed = sweep_at(2 * SECOND, OUTCOME_FAILED, "no"),
                      other = sweep_at(3 * SECOND, OUTCOME_FAILED, "neither");
  for (int i = 0; i < 15; i++)
    cr_assert(ledger_add(&ledger, &well));
  cr_assert_eq(ledger.attempts, 15);
  cr_assert(ledger_add(&ledger, &failed));
  cr_assert_eq(ledger.attempts, 1, "%d", ledger.attempts);
  cr_assert(ledger_add(&ledger, &failed));
  cr_assert_eq(ledger.attempts, 2, "%d", ledger.attempts);
  cr_assert(ledger_add(&ledger, &other));
  cr_assert_eq(ledger.attempts, 1, "%d", ledger.attempts);
  cr_assert_eq(ledger.coverage.sweeps, 1, "what was covered is still owed");
}

Test(ledger, the_statement_says_what_is_owed) {
  struct ledger ledger;
  struct ledger_texts texts;
  struct db_statement statement;
  ledger_init(&ledger);
  for (int i = 0; i < 3; i++) {
    struct ledger_entry entry = sweep_at(60LL * SECOND * i, OUTCOME_UNCHANGED, "");
    cr_assert(ledger_add(&ledger, &entry));
  }
  ledger_statement(&ledger, "orga_1", 180LL * SECOND, &texts, &statement);
  cr_assert(slice_equals(statement.values[1], "unchanged"));
  cr_assert_null(statement.values[2].bytes);
  cr_assert(slice_equals(statement.values[6], "1970-01-01T00:00:00.000000Z"));
  cr_assert(slice_equals(statement.values[8], "1970-01-01T00:02:00.000000Z"));
  cr_assert(slice_equals(statement.values[9], "3"));
  cr_assert(slice_equals(statement.values[10], "61000000 microseconds"), "%s", texts.longest);
  cr_assert(slice_equals(statement.values[12], "1970-01-01T00:02:00.000000Z"));
}
