/* Listings that move while they are read, listings that are read again, and listings where PostgreSQL compares. */
#include "crm/snapshot.h"
#include "unit/crm/snapshot_fixture.h"

#define A  "{\"id\":\"a\",\"n\":1}"
#define A2 "{\"id\":\"a\",\"n\":2}"
#define B  "{\"id\":\"b\",\"n\":1}"

static void set_up(void) { begin(false, 1000); }
TestSuite(snapshot_unstable, .init = set_up, .fini = end);

Test(snapshot_unstable, an_id_on_two_pages) {
  show("+" A "," B, "+a0 +b1 ");
  cr_assert_not(snapshot_is_unstable(snapshot));
  show("+" B ",{\"id\":\"c\"}", "+c2 ");
  cr_assert(snapshot_is_unstable(snapshot));
  cr_assert_not(snapshot_is_stuck(snapshot), "it went on");
  expect_counts((struct snapshot_counts){0, 3, 0, 0, 3, 0});
  cr_assert_not(snapshot_is_uncertain(snapshot, 1), "both pages said the same");
}

Test(snapshot_unstable, a_stored_id_on_two_pages) {
  store(A);
  store(B);
  show("+" A, "");
  show(B "," A, "");
  cr_assert(snapshot_is_unstable(snapshot));
  expect_counts((struct snapshot_counts){2, 2, 0, 0, 0, 0});
}

Test(snapshot_unstable, twins_on_one_page_are_one) {
  show(A "," A ",{\"n\":1.0,\"id\":\"a\"}", "+a0 ");
  cr_assert_not(snapshot_is_unstable(snapshot));
  expect_counts((struct snapshot_counts){0, 1, 0, 0, 1, 0});
}

Test(snapshot_unstable, two_contents_are_uncertain) {
  show("+" A "," B, "+a0 +b1 ");
  show(A2, "");
  cr_assert(snapshot_is_unstable(snapshot));
  cr_assert(snapshot_is_uncertain(snapshot, 0) && !snapshot_is_uncertain(snapshot, 1));
  uint32_t number = 0;
  cr_assert(snapshot_next_uncertain(snapshot, &number) && number == 0);
  number++;
  cr_assert_not(snapshot_next_uncertain(snapshot, &number));
  expect_counts((struct snapshot_counts){0, 2, 0, 0, 2, 1});
}

Test(snapshot_unstable, two_contents_on_one_page) {
  show(A "," A2 "," A, "+a0 ");
  cr_assert(snapshot_is_unstable(snapshot));
  expect_counts((struct snapshot_counts){0, 1, 0, 0, 1, 1});
}

Test(snapshot_unstable, the_stored_content_and_another) {
  store(A);
  show(A "," A2, "");
  cr_assert(snapshot_is_uncertain(snapshot, 0));
  snapshot_restart(snapshot);
  show(A2 "," A, "+a0 ");
  cr_assert(snapshot_is_uncertain(snapshot, 0), "whichever comes first");
}

Test(snapshot_unstable, a_page_that_brings_nothing_new) {
  show("+" A, "+a0 ");
  cr_assert_not(snapshot_is_stuck(snapshot));
  show("+", "");
  cr_assert(snapshot_is_unstable(snapshot));
  cr_assert(snapshot_is_stuck(snapshot));
  snapshot_restart(snapshot);
  cr_assert_not(snapshot_is_unstable(snapshot));
  show("", "");
  cr_assert_not(snapshot_is_unstable(snapshot), "an empty last page is an end");
}

Test(snapshot_unstable, a_page_that_brings_only_known_rubbish) {
  show("+17", "!1 ");
  cr_assert_not(snapshot_is_unstable(snapshot));
  show("+17,17", "");
  cr_assert(snapshot_is_unstable(snapshot));
}

/* A server that ignores _skip shows the same page for ever. */
Test(snapshot_unstable, the_same_page_again) {
  show("+" A "," B, "+a0 +b1 ");
  show("+" A "," B, "");
  cr_assert(snapshot_is_unstable(snapshot));
}

Test(snapshot_unstable, a_restart_forgets_what_was_shown) {
  store(A);
  show(A2 "," B, "+a0 +b1 ");
  snapshot_restart(snapshot);
  expect_counts((struct snapshot_counts){1, 0, 1, 0, 0, 0});
  cr_assert_not(snapshot_is_unstable(snapshot));
  show(A, "+a0 ");
  expect_counts((struct snapshot_counts){1, 1, 0, 0, 1, 0});
  uint32_t number = 0;
  cr_assert_not(snapshot_next_missing(snapshot, &number), "b was never stored");
}

Test(snapshot_unstable, a_restart_keeps_what_is_stored) {
  store(A);
  store(B);
  show(A, "");
  snapshot_restart(snapshot);
  show(A "," B, "");
  expect_counts((struct snapshot_counts){2, 2, 0, 0, 0, 0});
}

Test(snapshot_unstable, verifying_compares_everything_once) {
  end();
  begin(true, 1000);
  store(A);
  store(B);
  show("+" A "," B "," A, "+a0 +b1 ");
  cr_assert_not(snapshot_is_unstable(snapshot));
  show(B, "");
  cr_assert(snapshot_is_unstable(snapshot));
  expect_counts((struct snapshot_counts){2, 2, 0, 0, 2, 0});
  snapshot_restart(snapshot);
  show(A "," A2, "+a0 ");
  expect_counts((struct snapshot_counts){2, 1, 1, 0, 1, 1});
}

Test(snapshot_unstable, reused_for_the_next_sweep) {
  store(A);
  show(A, "");
  snapshot_reuse(snapshot, &(struct snapshot_options){.reader = reader,
                                                      .sink = {NULL, note_difference, note_rejection},
                                                      .accounts_max = 1000,
                                                      .seed = 42});
  expect_counts((struct snapshot_counts){1, 0, 1, 0, 0, 0});
  show(A "," B, "+b1 ");
}

/* ---- a missing account whose own endpoint answers ---- */

static bool take(uint32_t number, const char *body, struct error *error) {
  buffer_clear(&told);
  return snapshot_single(snapshot, number, slice_of(body), error);
}

Test(snapshot_unstable, a_missing_account_is_taken_from_its_own_answer) {
  struct error error;
  store(A);
  store(B);
  show("", "");
  cr_assert(take(0, A, &error), "%s", error.text);
  cr_assert_str_eq(told.bytes == NULL ? "" : told.bytes, "");
  cr_assert(take(1, " {\"n\":2,\"id\":\"b\"} ", &error));
  cr_assert_str_eq(told.bytes, "+b1 ");
  expect_counts((struct snapshot_counts){2, 2, 0, 0, 1, 0});
  cr_assert_not(snapshot_is_unstable(snapshot));
}

Test(snapshot_unstable, another_answer_is_not_that_account) {
  static const char *const bodies[] = {B,
                                       "{}",
                                       "[]",
                                       "null",
                                       "",
                                       "{\"data\":[" A "],\"has_more\":false}",
                                       A A,
                                       "{\"id\":\"aa\"}",
                                       "{\"id\":\"A\"}",
                                       "{\"id\":\"a\",\"n\":1e999999}"};
  struct error error;
  store(A);
  show("", "");
  for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    cr_assert_not(take(0, bodies[i], &error), "%s", bodies[i]);
    cr_assert_eq(error.kind, ERROR_SHAPE, "%s", bodies[i]);
  }
  expect_counts((struct snapshot_counts){1, 0, 1, 0, 0, 0});
}
