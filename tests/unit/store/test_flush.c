/* What is owed, as PostgreSQL reads it: an element for each organization, NULL for what is not known. */
#include "store/flush.h"
#include <criterion/criterion.h>

enum { SECOND = 1000 * 1000 };

static void sweep_at(struct write_behind *write_behind, int64_t started_us, enum outcome outcome, const char *error) {
  struct write_behind_entry entry = {.outcome = outcome,
                                     .error = error,
                                     .covers = outcome == OUTCOME_UNCHANGED,
                                     .started_at_us = started_us,
                                     .ended_at_us = started_us + SECOND,
                                     .gap_us = 180LL * SECOND};
  cr_assert(write_behind_add(write_behind, &entry));
}

static void expect(const struct db_statement *statement, int parameter, const char *text) {
  cr_assert(slice_equals(statement->values[parameter - 1], text), "$%d is %.*s", parameter,
            (int)statement->values[parameter - 1].length, statement->values[parameter - 1].bytes);
}

Test(flush, says_what_is_owed) {
  struct write_behind three, failed;
  struct flush flush;
  write_behind_init(&three);
  write_behind_init(&failed);
  for (int i = 0; i < 3; i++)
    sweep_at(&three, 60LL * SECOND * i, OUTCOME_UNCHANGED, "");
  sweep_at(&failed, 30LL * SECOND, OUTCOME_FAILED, "a \"reason\"");
  flush_init(&flush);
  flush_add(&flush, &three, "orga_1", 180LL * SECOND);
  flush_add(&flush, &failed, "orga_2", 90LL * SECOND);
  struct db_statement statement = flush_statement(&flush), hold = flush_hold_statement(&flush, slice_of(""));
  cr_assert_eq(statement.count, FLUSH_COLUMNS);
  expect(&statement, 1, "{\"orga_1\",\"orga_2\"}");
  expect(&statement, 2, "{\"unchanged\",\"failed\"}");
  expect(&statement, 3, "{null,\"a \\\"reason\\\"\"}");
  expect(&statement, 4, "{\"3\",\"1\"}");
  expect(&statement, 6, "{\"180000000 microseconds\",\"90000000 microseconds\"}");
  expect(&statement, 7, "{\"1970-01-01T00:00:00.000000Z\",null}");
  expect(&statement, 9, "{\"1970-01-01T00:02:00.000000Z\",null}");
  expect(&statement, 10, "{\"3\",null}");
  expect(&statement, 11, "{\"61000000 microseconds\",null}");
  expect(&statement, 13, "{\"1970-01-01T00:02:00.000000Z\",\"1970-01-01T00:00:30.000000Z\"}");
  expect(&statement, 14, "{null,null}");
  expect(&hold, 1, "{\"orga_1\",\"orga_2\"}");
  cr_assert_null(hold.values[1].bytes);
  hold = flush_hold_statement(&flush, slice_of("{f,t}"));
  expect(&hold, 2, "{f,t}");
  flush_finish(&flush);
}
