/* What was set aside: all of it is told, or the listing fails. */
#include "base/memory.h"
#include "crm/rejected.h"
#include <criterion/criterion.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

enum { LIST_BYTES_MAX = 16 * 1024 * 1024, FINGERPRINT_HEX = 64 };

static struct rejected rejected;
static int count;
static void set_up(void) { rejected_init(&rejected); }
static void tear_down(void) { rejected_finish(&rejected); }
TestSuite(rejected, .init = set_up, .fini = tear_down);

static bool add(const char *id, struct slice document, struct error *error) {
  struct account account = {.id = slice_of(id), .document = document};
  char fingerprint[FINGERPRINT_HEX + 1];
  snprintf(fingerprint, sizeof fingerprint, "%064d", (count++ * 7919) % 100003);
  return rejected_add(&rejected, fingerprint, ACCOUNT_TOO_DEEP, &account, error);
}

static size_t array_length(void) {
  struct slice list = rejected_list(&rejected);
  struct json_object *array = json_tokener_parse(list.bytes);
  size_t length = json_object_array_length(array);
  cr_assert(json_object_is_type(array, json_type_array));
  json_object_put(array);
  return length;
}

Test(rejected, nothing_is_an_empty_array) {
  cr_assert(slice_equals(rejected_list(&rejected), "[]"));
  cr_assert_eq(array_length(), 0);
}

Test(rejected, each_as_it_is) {
  cr_assert(add("a\"b", slice_of("{\"x\":1}"), NULL) && add("", slice_of(""), NULL));
  struct slice list = rejected_list(&rejected);
  struct json_object *array = json_tokener_parse(list.bytes), *first = json_object_array_get_idx(array, 0),
                     *second = json_object_array_get_idx(array, 1), *document;
  cr_assert_str_eq(json_object_get_string(json_object_object_get(first, "account_id")), "a\"b");
  cr_assert_str_eq(json_object_get_string(json_object_object_get(first, "reason")),
                   "the entry is deeper than 64 levels");
  cr_assert_str_eq(json_object_to_json_string_ext(json_object_object_get(first, "document"), JSON_C_TO_STRING_PLAIN),
                   "{\"x\":1}");
  cr_assert_null(json_object_object_get(second, "account_id"));
  cr_assert_not(json_object_object_get_ex(second, "document", &document));
  json_object_put(array);
  cr_assert_eq(array_length(), 2, "asked twice it is the same");
  rejected_clear(&rejected);
  cr_assert(add("c", slice_of("1"), NULL));
  cr_assert_eq(array_length(), 1);
}

/* The array may come to any length up to its bound, also to exactly that, and holds what was counted. */
Test(rejected, a_list_of_every_length_about_the_bound) {
  char *ones = memory_allocate(LIST_BYTES_MAX);
  memset(ones, '1', LIST_BYTES_MAX);
  for (int beyond = -2; beyond <= 2; beyond++) {
    rejected_clear(&rejected);
    cr_assert(add("a", slice_of("1"), NULL));
    size_t own = rejected.list.length - 2; /* of an entry, without bracket and document */
    cr_assert(add("b", (struct slice){ones, LIST_BYTES_MAX / 2 - 1000}, NULL));
    size_t left = LIST_BYTES_MAX - rejected.list.length - own - 1;
    cr_assert(add("c", (struct slice){ones, (size_t)((long)left + beyond)}, NULL));
    size_t length = rejected_list(&rejected).length;
    cr_assert(beyond > 0 ? length < LIST_BYTES_MAX - 1000 : length == (size_t)(LIST_BYTES_MAX + beyond + 1), "%zu",
              length);
    cr_assert_eq(array_length(), 3, "%d", beyond);
  }
  memory_free(ones);
}

Test(rejected, without_documents_when_there_is_much_and_an_error_at_the_end) {
  struct error error = {0};
  char *ones = memory_allocate(LIST_BYTES_MAX);
  memset(ones, '1', LIST_BYTES_MAX);
  cr_assert(add("a", (struct slice){ones, LIST_BYTES_MAX / 2 + 1}, &error));
  int good = 1;
  for (; add("b", (struct slice){ones, 1000}, &error); good++)
    cr_assert_lt(good, 200000);
  cr_assert_eq(error.kind, ERROR_LIMIT);
  cr_assert_gt(good, 50000);
  cr_assert_null(memmem(rejected.list.bytes + LIST_BYTES_MAX / 2 + 1000,
                        rejected.list.length - LIST_BYTES_MAX / 2 - 1000, "1111111111", 10));
  memory_free(ones);
}

Test(rejected, the_digest_does_not_depend_on_the_order) {
  char digest[2 * HASH_BYTES + 1], again[2 * HASH_BYTES + 1], none[2 * HASH_BYTES + 1];
  rejected_digest(&rejected, none);
  cr_assert_str_eq(none, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  struct account account = {0};
  for (int round = 0; round < 2; round++) {
    rejected_clear(&rejected);
    for (int i = 0; i < 100; i++) {
      char fingerprint[FINGERPRINT_HEX + 1];
      snprintf(fingerprint, sizeof fingerprint, "%064d", round == 0 ? i : 99 - i);
      cr_assert(rejected_add(&rejected, fingerprint, ACCOUNT_NO_ID, &account, NULL));
    }
    rejected_digest(&rejected, round == 0 ? digest : again);
  }
  cr_assert_str_eq(digest, again);
  cr_assert_str_neq(digest, none);
}
