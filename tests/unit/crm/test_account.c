/* One entry becomes an account, or the reason why not. */
#include "crm/account.h"
#include "unit/crm/samples.h"

static const char *const volatile_names[] = {"lead_suggestions_updated_at"};
static struct account_reader *reader;

static void set_up(void) { reader = account_reader_create(volatile_names, 1); }
static void tear_down(void) { account_reader_destroy(reader); }
TestSuite(account, .init = set_up, .fini = tear_down);

static enum account_fault read_text(struct slice text, struct account *ret_account) {
  struct page_entry entry;
  struct error error;
  cr_assert(page_read_single(text, 1 << 24, &entry, &error), "%s", error.text);
  return account_read(reader, &entry, NULL, ret_account);
}

static void expect_id(struct slice text, const char *id) {
  struct account account;
  cr_assert_eq(read_text(text, &account), ACCOUNT_GOOD, "%s", text.bytes);
  cr_assert(slice_equals(account.id, id), "%s gave %.*s", text.bytes, (int)account.id.length, account.id.bytes);
}

static void expect_fault(struct slice text, enum account_fault fault, const char *id, const char *document) {
  struct account account;
  cr_assert_eq(read_text(text, &account), fault, "%.80s", text.bytes);
  cr_assert(slice_equals(account.id, id), "%.80s", text.bytes);
  cr_assert(document == NULL || slice_equals(account.document, document), "%.80s", text.bytes);
}

Test(account, tells_what_the_sweep_needs) {
  struct account account;
  cr_assert_eq(read_text(slice_of("{\"user_id\":\"user_1\",\"organization_id\":\"orga_1\",\"id\":\"emailacct_1\","
                                  "\"_type\":\"google\",\"email\":\"a@example.com\",\"n\":[2,1.0]}"),
                         &account),
               ACCOUNT_GOOD);
  cr_assert(slice_equals(account.id, "emailacct_1") && slice_equals(account.organization_id, "orga_1"));
  cr_assert(slice_equals(account.user_id, "user_1") && slice_equals(account.type, "google"));
  cr_assert(slice_equals(account.email, "a@example.com"));
  cr_assert(slice_equals(account.document,
                         "{\"_type\":\"google\",\"email\":\"a@example.com\",\"id\":\"emailacct_1\",\"n\":[1,2],"
                         "\"organization_id\":\"orga_1\",\"user_id\":\"user_1\"}"));
}

/* What was not asked for and comes all the same is in neither document nor digest, of rejected entries neither. */
Test(account, only_what_is_kept_counts) {
  static const char *const kept[] = {"id", "user_id", "lead_suggestions_updated_at"};
  struct account account, all;
  unsigned char digest[HASH_BYTES];
  account_reader_keep(reader, kept, 3);
  cr_assert_eq(read_text(slice_of("{\"id\":\"a\",\"email\":\"x\",\"lead_suggestions_updated_at\":1,\"user_id\":null,"
                                  "\"\\u0065mail\":\"y\"}"),
                         &account),
               ACCOUNT_GOOD);
  cr_assert(slice_equals(account.document, "{\"id\":\"a\",\"lead_suggestions_updated_at\":1,\"user_id\":null}"));
  memcpy(digest, account.digest, HASH_BYTES);
  expect_fault(slice_of("{\"email\":\"x\",\"user_id\":1}"), ACCOUNT_NO_ID, "", "{\"user_id\":1}");
  expect_fault(slice_of("[\"email\"]"), ACCOUNT_NO_OBJECT, "", "[\"email\"]");
  account_reader_keep(reader, NULL, 0);
  cr_assert_eq(read_text(slice_of("{\"id\":\"a\",\"user_id\":null}"), &all), ACCOUNT_GOOD);
  cr_assert_arr_eq(digest, all.digest, HASH_BYTES);
}

Test(account, members_of_another_type_are_absent) {
  struct account account;
  cr_assert_eq(
      read_text(slice_of("{\"id\":\"a\",\"organization_id\":1,\"user_id\":null,\"_type\":[],\"email\":{}}"), &account),
      ACCOUNT_GOOD);
  cr_assert_eq(account.organization_id.length + account.user_id.length + account.type.length + account.email.length, 0);
}

Test(account, ids_are_decoded_and_the_last_one_counts) {
  expect_id(slice_of("{\"id\":\"../a%2Fb'\\\"\\\\\"}"), "../a%2Fb'\"\\");
  expect_id(slice_of("{\"id\":\"\\u0061\\u00e4\"}"), "a\xc3\xa4");
  expect_id(slice_of("{\"\\u0069d\":\"a\"}"), "a");
  expect_id(slice_of("{\"id\":\"a\",\"\\u0069d\":\"b\"}"), "b");
  expect_id(slice_of("{\"id\":1,\"id\":\"b\"}"), "b");
  expect_id(BYTES("{\"id\":\"a\0b\"}"), "a\xef\xbf\xbd"
                                        "b");
  expect_id(BYTES("{\"id\":\"a\\u0000b\"}"), "a\xef\xbf\xbd"
                                             "b");
  expect_id(BYTES("{\"id\":\"\xff\\ud800\"}"), "\xef\xbf\xbd\xef\xbf\xbd");
  expect_id(slice_of("{\"id\":\" \"}"), " ");
}

Test(account, what_is_no_account) {
  expect_fault(slice_of("null"), ACCOUNT_NO_OBJECT, "", "null");
  expect_fault(slice_of("17"), ACCOUNT_NO_OBJECT, "", "17");
  expect_fault(slice_of("1e400"), ACCOUNT_NO_OBJECT, "", NULL);
  expect_fault(slice_of("\"emailacct_1\""), ACCOUNT_NO_OBJECT, "", "\"emailacct_1\"");
  expect_fault(slice_of("[{\"id\":\"a\",\"token\":1}]"), ACCOUNT_NO_OBJECT, "",
               "[{\"id\":\"a\",\"token\":\"[redacted]\"}]");
  expect_fault(slice_of("{}"), ACCOUNT_NO_ID, "", "{}");
  expect_fault(slice_of("{\"id\":\"\"}"), ACCOUNT_NO_ID, "", "{\"id\":\"\"}");
  expect_fault(slice_of("{\"id\":null}"), ACCOUNT_NO_ID, "", "{\"id\":null}");
  expect_fault(slice_of("{\"id\":12}"), ACCOUNT_NO_ID, "", "{\"id\":12}");
  expect_fault(slice_of("{\"id\":\"a\",\"id\":false}"), ACCOUNT_NO_ID, "", "{\"id\":false}");
  expect_fault(slice_of("{\"id\":\"a\",\"n\":1e131072}"), ACCOUNT_NUMBER, "a", "");
  expect_fault(slice_of("{\"id\":\"a\",\"n\":[[-1E-16384]]}"), ACCOUNT_NUMBER, "a", "");
  expect_fault(slice_of("17e200000"), ACCOUNT_NO_OBJECT, "", "");
}

/* `{"id":"a","x":[[…]]}` with so many levels in all. */
static void put_nested(struct buffer *text, size_t depth) {
  buffer_clear(text);
  append_times(text, "{\"id\":\"a\",\"x\":", 1);
  append_times(append_times(text, "[", depth - 1), "]", depth - 1);
  append_times(text, "}", 1);
}

Test(account, depth) {
  struct buffer text;
  struct account account;
  buffer_init(&text, 1 << 24);
  put_nested(&text, 64);
  cr_assert_eq(read_text(buffer_slice(&text), &account), ACCOUNT_GOOD);
  cr_assert_eq(account.document.length, text.length);
  put_nested(&text, 65);
  expect_fault(buffer_slice(&text), ACCOUNT_TOO_DEEP, "a", text.bytes);
  put_nested(&text, 512);
  expect_fault(buffer_slice(&text), ACCOUNT_TOO_DEEP, "a", text.bytes);
  put_nested(&text, 513);
  expect_fault(buffer_slice(&text), ACCOUNT_TOO_DEEP, "a", "");
  put_nested(&text, 100000);
  expect_fault(buffer_slice(&text), ACCOUNT_TOO_DEEP, "a", "");
  buffer_finish(&text);
}

static void put_long(struct buffer *text, size_t length, const char *filler) {
  buffer_clear(text);
  append_times(text, "{\"id\":\"a\",\"x\":\"", 1);
  append_times(text, filler, length - text->length - 2);
  append_times(text, "\"}", 1);
}

Test(account, size) {
  struct buffer text;
  struct account account;
  buffer_init(&text, 1 << 24);
  put_long(&text, ENTRY_BYTES_MAX, "x");
  cr_assert_eq(read_text(buffer_slice(&text), &account), ACCOUNT_GOOD);
  put_long(&text, ENTRY_BYTES_MAX + 1, "x");
  expect_fault(buffer_slice(&text), ACCOUNT_TOO_LARGE, "a", "");
  put_long(&text, ENTRY_BYTES_MAX, "\x01");
  cr_assert_eq(read_text(buffer_slice(&text), &account), ACCOUNT_GOOD, "mending makes six bytes of one");
  put_long(&text, ENTRY_BYTES_MAX, "\xff");
  cr_assert_eq(read_text(buffer_slice(&text), &account), ACCOUNT_GOOD);
  cr_assert_eq(account.document.length, ENTRY_BYTES_MAX + 2 * (ENTRY_BYTES_MAX - strlen("{\"id\":\"a\",\"x\":\"\"}")));
  buffer_finish(&text);
}

/* `{"id":"a","x":[0,1e131071,…]}` */
static struct slice put_numbers(struct buffer *text, size_t count) {
  buffer_clear(text);
  append_times(append_times(append_times(text, "{\"id\":\"a\",\"x\":[0", 1), ",1e131071", count), "]}", 1);
  return buffer_slice(text);
}

Test(account, size_with_its_numbers_written_out) {
  struct buffer text;
  struct account account;
  buffer_init(&text, 1 << 24);
  cr_assert_eq(read_text(put_numbers(&text, 15), &account), ACCOUNT_GOOD);
  expect_fault(put_numbers(&text, 16), ACCOUNT_TOO_LARGE, "a", "");
  buffer_finish(&text);
}

/* `text` is a good account; what jsonb prints of it, a blank behind each comma and colon, has the same digest. The texts have no
 * comma or colon inside of strings. */
static void expect_same_digest(struct slice text) {
  struct account account;
  struct buffer stored;
  unsigned char digest[HASH_BYTES];
  buffer_init(&stored, 1 << 24);
  cr_assert_eq(read_text(text, &account), ACCOUNT_GOOD);
  for (size_t i = 0; i < account.document.length; i++) {
    const char *at = account.document.bytes + i;
    cr_assert(buffer_append(&stored, at, 1) && (strchr(",:", *at) == NULL || buffer_append(&stored, " ", 1)));
  }
  cr_assert_gt(stored.length, ENTRY_BYTES_MAX);
  cr_assert(account_digest_stored(reader, buffer_slice(&stored), digest));
  cr_assert_eq(memcmp(digest, account.digest, HASH_BYTES), 0);
  buffer_finish(&stored);
}

Test(account, is_longer_in_the_mirror_than_an_entry_may_be) {
  struct buffer text;
  unsigned char digest[HASH_BYTES];
  buffer_init(&text, 1 << 24);
  expect_same_digest(put_numbers(&text, 15));
  buffer_clear(&text);
  append_times(append_times(append_times(&text, "{\"id\":\"a\",\"x\":[0", 1), ",0", 524000), "]}", 1);
  expect_same_digest(buffer_slice(&text));
  buffer_clear(&text);
  append_times(append_times(append_times(&text, "{\"id\":\"a\",\"x\":[0", 1), ",1e18", 209000), "]}", 1);
  expect_same_digest(buffer_slice(&text));
  put_nested(&text, 65);
  cr_assert_not(account_digest_stored(reader, buffer_slice(&text), digest));
  cr_assert_not(account_digest_stored(reader, slice_of("{\"id\":\"a\""), digest));
  cr_assert_not(account_digest_stored(reader, slice_of("{\"x\":\"a\"}"), digest));
  put_long(&text, 10 * ENTRY_BYTES_MAX, "x");
  cr_assert_not(account_digest_stored(reader, buffer_slice(&text), digest));
  buffer_finish(&text);
}

/* The id of what is not parsed is told only where it reads as it stands. */
Test(account, an_id_that_was_not_decoded_is_not_told) {
  struct buffer text;
  buffer_init(&text, 1 << 24);
  append_times(append_times(append_times(&text, "{\"id\":\"a\\u0062\",\"x\":", 1), "[", 600), "]", 600);
  expect_fault(buffer_slice(append_times(&text, "}", 1)), ACCOUNT_TOO_DEEP, "", "");
  buffer_finish(&text);
}

Test(account, long_ids) {
  struct buffer text;
  struct account account;
  for (size_t length = 499; length <= 501; length++) {
    buffer_init(&text, 1000);
    append_times(append_times(append_times(&text, "{\"id\":\"", 1), "x", length), "\"}", 1);
    cr_assert_eq(read_text(buffer_slice(&text), &account), length <= 500 ? ACCOUNT_GOOD : ACCOUNT_LONG_ID);
    cr_assert_eq(account.id.length, length);
    buffer_finish(&text);
  }
  buffer_init(&text, 2000); /* 251 times two bytes, written as six */
  append_times(append_times(append_times(&text, "{\"id\":\"", 1), "\\u00e4", 251), "\"}", 1);
  cr_assert_eq(read_text(buffer_slice(&text), &account), ACCOUNT_LONG_ID, "bytes as decoded count");
  buffer_finish(&text);
}

static bool same_digest(const char *left, const char *right) {
  struct account first, second;
  cr_assert_eq(read_text(slice_of(left), &first), ACCOUNT_GOOD, "%s", left);
  cr_assert_eq(read_text(slice_of(right), &second), ACCOUNT_GOOD, "%s", right);
  return memcmp(first.digest, second.digest, HASH_BYTES) == 0;
}

Test(account, the_digest_is_blind_to_what_is_no_change) {
  static const char *const same[][2] = {
      {"{\"id\":\"a\",\"b\":[1,2]}", "{ \"b\" : [2,1.0], \"id\" : \"\\u0061\" }"},
      {"{\"id\":\"a\",\"lead_suggestions_updated_at\":1}", "{\"id\":\"a\",\"lead_suggestions_updated_at\":null}"},
      {"{\"id\":\"a\",\"lead_suggestions_updated_at\":1}", "{\"id\":\"a\"}"},
      {"{\"id\":\"a\",\"password\":\"x\"}", "{\"id\":\"a\",\"password\":\"y\"}"},
      {"{\"id\":\"a\",\"n\":-0}", "{\"id\":\"a\",\"n\":0.0}"},
      {"{\"id\":\"a\",\"n\":1,\"n\":2}", "{\"id\":\"a\",\"n\":2}"},
  };
  static const char *const different[][2] = {
      {"{\"id\":\"a\",\"b\":null}", "{\"id\":\"a\"}"},
      {"{\"id\":\"a\",\"b\":[1,1]}", "{\"id\":\"a\",\"b\":[1]}"},
      {"{\"id\":\"a\",\"b\":1}", "{\"id\":\"a\",\"b\":\"1\"}"},
      {"{\"id\":\"a\",\"b\":{}}", "{\"id\":\"a\",\"b\":[]}"},
      {"{\"id\":\"a\",\"password\":null}", "{\"id\":\"a\",\"password\":\"\"}"},
      {"{\"id\":\"a\",\"b\":{\"lead_suggestions_updated_at\":1}}",
       "{\"id\":\"a\",\"b\":{\"lead_suggestions_updated_at\":2}}"},
      {"{\"id\":\"a\",\"b\":9007199254740993}", "{\"id\":\"a\",\"b\":9007199254740992}"},
      {"{\"id\":\"a\",\"b\":99999999999999999999}", "{\"id\":\"a\",\"b\":99999999999999999998}"},
      {"{\"id\":\"a\",\"b\":0.1}", "{\"id\":\"a\",\"b\":0.10000000000000000001}"},
  };
  for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
    cr_assert(same_digest(same[i][0], same[i][1]), "%s", same[i][0]);
  for (size_t i = 0; i < sizeof different / sizeof different[0]; i++)
    cr_assert_not(same_digest(different[i][0], different[i][1]), "%s", different[i][0]);
}

Test(account, one_reader_reads_many) {
  struct account account;
  cr_assert_eq(read_text(slice_of("{\"id\":\"a\",\"email\":\"x\"}"), &account), ACCOUNT_GOOD);
  expect_fault(slice_of("{\"id\":\"b\",\"n\":1e999999}"), ACCOUNT_NUMBER, "b", "");
  cr_assert_eq(read_text(slice_of("{\"id\":\"c\"}"), &account), ACCOUNT_GOOD);
  cr_assert(slice_equals(account.id, "c") && account.email.length == 0 &&
            slice_equals(account.document, "{\"id\":\"c\"}"));
}

Test(account, every_fault_has_its_sentence) {
  cr_assert_str_eq(account_fault_text(ACCOUNT_GOOD), "");
  for (int fault = ACCOUNT_NO_OBJECT; fault <= ACCOUNT_NUMBER; fault++)
    cr_assert_gt(strlen(account_fault_text((enum account_fault)fault)), 10);
}
