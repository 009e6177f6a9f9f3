/* C's idea of sameness is PostgreSQL's: jsonb takes every canonical text, two texts are equal exactly when their jsonb values are, and
 * what jsonb prints has the same canonical text again. Documents are invented from a seed (tests/fuzz/tree.h). */
#include "crm/account.h"
#include "crm/number.h"
#include "fuzz/tree.h"
#include "support/story.h"
#include <criterion/criterion.h>
#include <string.h>

enum { DOCUMENTS = 1500 };

static struct account_reader *reader;

/* Append the canonical text of a JSON text. */
static void append_canonical(struct buffer *out, struct slice text) {
  struct page_entry entry;
  struct account account;
  struct error error;
  cr_assert(page_read_single(text, 1 << 24, &entry, &error), "%s: %.*s", error.text, (int)text.length, text.bytes);
  enum account_fault fault = account_read(reader, &entry, NULL, &account);
  cr_assert(fault <= ACCOUNT_NO_ID && account.document.length > 0, "%.*s", (int)text.length, text.bytes);
  cr_assert(buffer_append(out, account.document.bytes, account.document.length));
}

/* Small documents, of which many are the same by chance; every third one is the one before in other words. */
static void append_documents(struct buffer *sql) {
  struct arena *arena = arena_create(1 << 26);
  struct buffer text;
  uint64_t seed = 20261123;
  const struct tree *tree = NULL;
  buffer_init(&text, 1 << 20);
  for (int i = 0; i < DOCUMENTS; i++) {
    for (bool more = i % 3 != 2; more; more = tree->kind < TREE_ARRAY && tree_random(&seed, 8) != 0)
      tree = tree_invent(arena, &seed, 1 + (int)tree_random(&seed, 4), 1 + (int)tree_random(&seed, 5));
    buffer_clear(&text);
    cr_assert(tree_scramble(tree, &seed, &text));
    cr_assert(buffer_append_format(sql, "%s(%d, $form$", i == 0 ? "" : ", ", i));
    append_canonical(sql, buffer_slice(&text));
    cr_assert(buffer_append_text(sql, "$form$)"));
  }
  buffer_finish(&text);
  arena_destroy(arena);
}

Test(canonical_agrees, with_the_equality_of_jsonb) {
  struct story *story = story_create(1);
  struct buffer sql;
  reader = account_reader_create(NULL, 0);
  buffer_init(&sql, 1 << 24);
  story_sql(story, "create schema close_crm");
  story_sql(story, "create table form (number int, text text collate \"C\", document jsonb generated always as "
                   "(text::jsonb) stored)");
  cr_assert(buffer_append_text(&sql, "insert into form (number, text) values "));
  append_documents(&sql);
  story_sql(story, sql.bytes);
  buffer_finish(&sql);
  story_expect_sql(story, "0",
                   "select count(*) from form l join form r on l.number < r.number "
                   "where (l.text = r.text) <> (l.document = r.document)");
  cr_assert_geq(story_count(story, "select count(*) - count(distinct text) from form"), DOCUMENTS / 3);
  cr_assert_geq(story_count(story, "select count(distinct document) from form"), DOCUMENTS / 5);
  account_reader_destroy(reader);
  story_destroy(story);
}

Test(canonical_agrees, with_what_jsonb_prints) {
  struct story *story = story_create(1);
  struct buffer sql, ours, theirs;
  reader = account_reader_create(NULL, 0);
  buffer_init(&sql, 1 << 24);
  buffer_init(&ours, 1 << 24);
  buffer_init(&theirs, 1 << 24);
  cr_assert(buffer_append_text(&sql, "with form (number, text) as (values "));
  append_documents(&sql);
  size_t end = sql.length;
  cr_assert(buffer_append_text(&sql, ") select string_agg(text, e'\\n' order by number) || e'\\n' from form"));
  cr_assert(buffer_append_text(&ours, story_sql(story, sql.bytes)));
  sql.length = end;
  cr_assert(
      buffer_append_text(&sql, ") select string_agg(text::jsonb::text, e'\\n' order by number) || e'\\n' from form"));
  for (const char *at = story_sql(story, sql.bytes); *at != '\0'; at = strchr(at, '\n') + 1) {
    append_canonical(&theirs, (struct slice){at, strcspn(at, "\n")});
    cr_assert(buffer_append_text(&theirs, "\n"));
  }
  cr_assert_eq(ours.length, theirs.length);
  cr_assert_eq(memcmp(ours.bytes, theirs.bytes, ours.length), 0);
  buffer_finish(&sql);
  buffer_finish(&ours);
  buffer_finish(&theirs);
  account_reader_destroy(reader);
  story_destroy(story);
}

/* The two constants of number.c, asked around their edges. */
Test(canonical_agrees, on_which_numbers_there_are) {
  static const char *const digits[] = {"1", "-1", "9.9", "0.1", "10", "12.34", "0.001", "-99999999999999999999.5"};
  static const int exponents[] = {131050, 131069, 131070, 131071, 131072, 131073,
                                  -16380, -16381, -16382, -16383, -16384, -16385};
  struct story *story = story_create(1);
  int refused = 0;
  story_sql(story,
            "create function pg_temp.holds(number text) returns bool language plpgsql as $$ begin "
            "perform number::jsonb; return true; exception when numeric_value_out_of_range then return false; end $$");
  for (size_t d = 0; d < sizeof digits / sizeof digits[0]; d++)
    for (size_t e = 0; e < sizeof exponents / sizeof exponents[0]; e++) {
      struct buffer text;
      buffer_init(&text, 1 << 20);
      const char *number = story_format(story, "%se%d", digits[d], exponents[e]);
      bool ours = number_write(&text, slice_of(number)) == NUMBER_GOOD;
      buffer_finish(&text);
      bool theirs = story_count(story, story_format(story, "select pg_temp.holds('%s')::int", number)) == 1;
      /* jsonb counts zeros at a fraction's end ("10e-16384"); the canonical text it is given has none. */
      cr_assert(ours == theirs || (ours && exponents[e] < 0 && strchr(digits[d], '.') == NULL), "%s", number);
      refused += !ours;
    }
  cr_assert_geq(refused, 20);
  story_destroy(story);
}
