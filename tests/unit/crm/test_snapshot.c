/* Pages become one listing: what differs, what is missing, what is set aside. */
#include "crm/snapshot.h"
#include "unit/crm/snapshot_fixture.h"
#include <malloc.h>

#define A "{\"id\":\"a\",\"n\":1}"
#define B "{\"id\":\"b\",\"n\":1}"
#define C "{\"id\":\"c\",\"n\":1}"

static void set_up(void) { begin(false, 1000); }
TestSuite(snapshot, .init = set_up, .fini = end);

Test(snapshot, a_first_listing_is_all_new) {
  show("+" A "," B, "+a0 +b1 ");
  show(C, "+c2 ");
  expect_counts((struct snapshot_counts){0, 3, 0, 0, 3, 0});
  cr_assert_not(snapshot_is_unstable(snapshot));
  cr_assert(slice_equals(snapshot_id(snapshot, 1), "b"));
}

Test(snapshot, what_is_as_stored_is_told_to_nobody) {
  store(A);
  store(B);
  show(A "," B, "");
  expect_counts((struct snapshot_counts){2, 2, 0, 0, 0, 0});
}

Test(snapshot, other_words_for_the_same_are_no_difference) {
  store("{\"id\":\"a\",\"n\":[1,2],\"v\":7,\"password\":\"x\"}");
  show("{ \"password\":\"y\", \"n\" : [2, 1.0], \"id\" : \"\\u0061\", \"v\": null }", "");
  expect_counts((struct snapshot_counts){1, 1, 0, 0, 0, 0});
}

Test(snapshot, changed_and_new_and_missing) {
  store(A);
  store(B);
  store(C);
  show("{\"id\":\"d\"},{\"id\":\"b\",\"n\":2}", "+d3 +b1 ");
  expect_counts((struct snapshot_counts){3, 2, 2, 0, 2, 0});
  uint32_t number = 0;
  cr_assert(snapshot_next_missing(snapshot, &number) && number == 0);
  number++;
  cr_assert(snapshot_next_missing(snapshot, &number) && number == 2);
  number++;
  cr_assert_not(snapshot_next_missing(snapshot, &number), "d was never stored");
}

Test(snapshot, an_unknown_digest_differs) {
  struct error error;
  unsigned char digest[HASH_BYTES] = {0};
  cr_assert(snapshot_store(snapshot, slice_of("a"), NULL, NULL, &error));
  cr_assert(snapshot_store(snapshot, slice_of("b"), digest, NULL, &error));
  cr_assert(snapshot_store(snapshot, slice_of("c"), NULL, digest, &error));
  show(A "," B "," C, "+a0 +b1 +c2 ");
}

Test(snapshot, an_empty_listing_misses_everything) {
  store(A);
  show("", "");
  expect_counts((struct snapshot_counts){1, 0, 1, 0, 0, 0});
  uint32_t number;
  cr_assert_not(snapshot_any_listed(snapshot, &number));
}

/* The text may be the stored one although it does not read as it stands: the parser decides whose it is. */
Test(snapshot, the_id_is_the_decoded_one) {
  store(A);
  show("{\"id\":\"a\",\"n\":1,\"\\u0069d\":\"b\"}", "+b1 ");
  expect_counts((struct snapshot_counts){1, 1, 1, 0, 1, 0});
}

Test(snapshot, the_control_probe_is_a_stored_one) {
  uint32_t number;
  store(C);
  show(A "," C, "+a1 ");
  cr_assert(snapshot_any_listed(snapshot, &number));
  cr_assert(slice_equals(snapshot_id(snapshot, number), "c"));
  snapshot_restart(snapshot);
  show(A, "+a1 ");
  cr_assert(snapshot_any_listed(snapshot, &number));
  cr_assert(slice_equals(snapshot_id(snapshot, number), "a"));
}

/* A list of strangers alone is not empty: one of them has to answer. */
Test(snapshot, else_the_control_probe_is_a_stranger) {
  uint32_t number;
  end();
  begin_with("user_1", false, 1000);
  store("{\"id\":\"a\",\"user_id\":\"user_1\"}");
  show("{\"id\":\"b\",\"user_id\":\"user_2\"}", "");
  expect_counts((struct snapshot_counts){1, 0, 1, 0, 0, 0});
  cr_assert(snapshot_any_listed(snapshot, &number));
  cr_assert(slice_equals(snapshot_id(snapshot, number), "b"));
  snapshot_restart(snapshot);
  show("", "");
  cr_assert_not(snapshot_any_listed(snapshot, &number));
}

Test(snapshot, organizations) {
  cr_assert_null(snapshot_organization(snapshot));
  show("+{\"id\":\"a\"},{\"id\":\"b\",\"organization_id\":\"orga_1\"}", "+a0 +b1 ");
  cr_assert_str_eq(snapshot_organization(snapshot), "orga_1");
  cr_assert_null(snapshot_other_organization(snapshot));
  show("+{\"id\":\"c\",\"organization_id\":\"orga_2\"},{\"id\":\"d\",\"organization_id\":\"orga_3\"}", "+c2 +d3 ");
  cr_assert_str_eq(snapshot_organization(snapshot), "orga_1");
  cr_assert_str_eq(snapshot_other_organization(snapshot), "orga_2");
  snapshot_restart(snapshot);
  cr_assert_null(snapshot_organization(snapshot));
  cr_assert_null(snapshot_other_organization(snapshot));
}

/* ---- entries that are set aside ---- */

Test(snapshot, rejected_entries_are_told_once) {
  show("+null,null,{\"id\":\"x\",\"n\":1e999999}," A ",{\"id\":\"x\",\"n\":1e999999},17", "!1 !6x +a0 !1 ");
  show("null,{\"id\":\"x\",\"n\":1e999999}", "");
  expect_counts((struct snapshot_counts){0, 1, 0, 3, 1, 0});
  cr_assert_not(snapshot_is_unstable(snapshot), "a rejected entry has no place in the listing");
}

Test(snapshot, bytes_make_the_fingerprint) {
  show("{\"id\":null},{\"id\": null}", "!2 !2 ");
  expect_counts((struct snapshot_counts){0, 0, 0, 2, 0, 0});
}

Test(snapshot, a_rejected_account_is_missing) {
  store(A);
  show("{\"id\":\"a\",\"n\":1e999999}", "!6a ");
  expect_counts((struct snapshot_counts){1, 0, 1, 1, 0, 0});
}

Test(snapshot, a_restart_tells_rejected_entries_again) {
  show("17", "!1 ");
  snapshot_restart(snapshot);
  expect_counts((struct snapshot_counts){0, 0, 0, 0, 0, 0});
  show("17", "!1 ");
  expect_counts((struct snapshot_counts){0, 0, 0, 1, 0, 0});
}

/* ---- bounds ---- */

#ifdef __SANITIZE_ADDRESS__
size_t __sanitizer_get_current_allocated_bytes(void);
#endif

/* What is allocated right now. */
static size_t heap_bytes(void) {
#ifdef __SANITIZE_ADDRESS__
  return __sanitizer_get_current_allocated_bytes();
#else
  struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
#endif
}

/* A daemon reads the same junk every minute. */
Test(snapshot, junk_that_stays_takes_no_more_memory) {
  struct buffer entries;
  buffer_init(&entries, 1 << 20);
  cr_assert(buffer_append_text(&entries, "{\"n\":0}"));
  for (int i = 1; i < 2000; i++)
    cr_assert(buffer_append_format(&entries, ",{\"n\":%d}", i));
  struct error error;
  cr_assert(show_page(entries.bytes, &error));
  size_t before = heap_bytes();
  for (int i = 0; i < 20; i++) {
    snapshot_restart(snapshot);
    cr_assert(show_page(entries.bytes, &error));
  }
  expect_counts((struct snapshot_counts){0, 0, 0, 2000, 0, 0});
  cr_assert_lt(heap_bytes(), before + 65536, "%zu bytes more", heap_bytes() - before);
  buffer_finish(&entries);
}

/* Each is small, and written out not too large; all of them would be 160 MB. What is like its text is taken also behind them. */
Test(snapshot, numbers_are_not_written_out_without_end) {
  enum { MANY = 1000, SPARE = 32 << 20 };
  struct buffer entries;
  struct error error;
  buffer_init(&entries, 1 << 20);
  bool good = true;
  for (int i = 0; good && i < MANY; i++)
    good = buffer_append_format(&entries, "{\"id\":\"%d\",\"x\":[1e16000,2e16000,3e16000,4e16000,5e-16000,1,1,1,1,1]},",
                                i);
  cr_assert(good && buffer_append_text(&entries, A));
  end();
  begin(false, 2 * MANY);
  for (int again = 0; again < 2; again++) {
    told_bytes = 0;
    cr_assert(show_page(entries.bytes, &error), "%s", error.text);
    cr_assert_lt(told_bytes, SPARE + 6 * entries.length);
    cr_assert_gt(told_bytes, SPARE - 100000, "%zu", told_bytes);
    struct snapshot_counts counts = snapshot_count(snapshot);
    cr_assert_eq(counts.shown + counts.rejected, MANY + 1);
    cr_assert_not_null(strstr(told.bytes, "+a"));
    snapshot_restart(snapshot);
  }
  buffer_finish(&entries);
}

Test(snapshot, too_many_accounts) {
  struct error error;
  end();
  begin(false, 2);
  store(A);
  store(B);
  show("{\"id\":\"a\",\"n\":2}," B, "+a0 ");
  snapshot_restart(snapshot);
  cr_assert_not(show_page(A "," C, &error));
  cr_assert_eq(error.kind, ERROR_LIMIT);
  cr_assert_str_eq(error.text, "the listing holds more than 2 accounts");
  cr_assert_not(snapshot_store(snapshot, slice_of("z"), NULL, NULL, &error));
}

Test(snapshot, too_many_rejected_entries) {
  struct buffer entries;
  struct error error;
  buffer_init(&entries, 1 << 24);
  bool good = buffer_append_text(&entries, "0"); /* an assertion in a loop is what would take long */
  for (int i = 1; good && i < 100000; i++)
    good = buffer_append_format(&entries, ",%d", i);
  cr_assert(good);
  cr_assert(show_page(entries.bytes, &error), "%s", error.text);
  cr_assert(buffer_append_text(&entries, ",-1"));
  cr_assert_not(show_page(entries.bytes, &error));
  cr_assert_eq(error.kind, ERROR_LIMIT);
  buffer_finish(&entries);
}

Test(snapshot, the_sinks_error_is_the_pages) {
  struct error error;
  sink_refuses = true;
  cr_assert_not(show_page(A, &error));
  cr_assert_str_eq(error.text, "the sink refuses");
  cr_assert_not(show_page("17", &error));
  cr_assert_str_eq(error.text, "the sink refuses");
}

Test(snapshot, a_page_that_is_none) {
  struct error error;
  struct page page;
  cr_assert_not(read_page(slice_of("{\"data\":[" A "]}"), &page, &error));
  cr_assert_eq(error.kind, ERROR_SHAPE);
}

Test(snapshot, a_hundred_thousand_accounts_in_a_few_megabytes) {
  enum { ACCOUNTS = 100000, PER_PAGE = 1000 };
  struct buffer body;
  struct page page;
  struct error error;
  end();
  size_t before = heap_bytes();
  begin(false, ACCOUNTS);
  buffer_init(&body, 1 << 22);
  unsigned char digest[HASH_BYTES] = {0};
  bool good = true;
  for (int i = 0; good && i < ACCOUNTS; i++) {
    char id[64];
    snprintf(id, sizeof id, "emailacct_%043d", i);
    good = snapshot_store(snapshot, slice_of(id), digest, digest, &error);
  }
  for (int at = 0; good && at < ACCOUNTS; at += PER_PAGE) {
    buffer_clear(&body);
    buffer_clear(&told);
    good = buffer_append_text(&body, "{\"data\":[");
    for (int i = at; good && i < at + PER_PAGE; i++)
      good = buffer_append_format(&body, "%s{\"id\":\"emailacct_%043d\"}", i == at ? "" : ",", i);
    good = good && buffer_append_format(&body, "],\"has_more\":%s}", at + PER_PAGE < ACCOUNTS ? "true" : "false") &&
           read_page(buffer_slice(&body), &page, &error);
  }
  cr_assert(good, "%s", error.text);
  expect_counts((struct snapshot_counts){ACCOUNTS, ACCOUNTS, 0, 0, ACCOUNTS, 0});
  cr_assert_not(snapshot_is_unstable(snapshot));
  cr_assert_lt(heap_bytes() - before, (size_t)24 << 20, "%zu bytes", heap_bytes() - before);
  buffer_finish(&body);
}
