/* Numbers for keys, in the order of their first appearance. */
#include "base/index.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { MANY = 200000 };

struct keys {
  char texts[MANY][12];
};

static struct slice key_of(const void *context, uint32_t number) {
  return slice_of(((const struct keys *)context)->texts[number]);
}

static struct keys keys;

static uint32_t add(struct index *index, const char *key, bool expect_new) {
  bool is_new;
  uint32_t number = index_add(index, slice_of(key), &is_new);
  cr_assert_eq(is_new, expect_new, "%s", key);
  if (is_new)
    snprintf(keys.texts[number], sizeof keys.texts[number], "%s", key);
  return number;
}

Test(index, numbers_in_order) {
  struct index *index = index_create(key_of, &keys, 1);
  uint32_t number = 99;
  cr_assert_not(index_find(index, slice_of("a"), &number));
  cr_assert_eq(number, 99, "untouched");
  cr_assert_eq(add(index, "a", true), 0);
  cr_assert_eq(add(index, "b", true), 1);
  cr_assert_eq(add(index, "a", false), 0);
  cr_assert_eq(add(index, "", true), 2);
  cr_assert_eq(add(index, "", false), 2);
  cr_assert(index_find(index, slice_of("b"), &number) && number == 1);
  cr_assert_eq(index_count(index), 3);
  index_destroy(index);
  index_destroy(NULL);
}

Test(index, keys_are_bytes_of_any_length) {
  struct index *index = index_create(key_of, &keys, 1);
  uint32_t number;
  add(index, "12345678", true);
  cr_assert_not(index_find(index, slice_of("1234567"), &number));
  cr_assert_not(index_find(index, slice_of("123456789"), &number));
  cr_assert_not(index_find(index, (struct slice){"12345678\0", 9}, &number));
  cr_assert(index_find(index, (struct slice){"12345678x", 8}, &number));
  index_destroy(index);
}

Test(index, many_keys_and_any_seed) {
  static const uint64_t seeds[] = {0, 1, UINT64_MAX};
  for (size_t s = 0; s < sizeof seeds / sizeof seeds[0]; s++) {
    struct index *index = index_create(key_of, &keys, seeds[s]);
    char key[12];
    bool good = true; /* an assertion in a loop is what would take long */
    for (uint32_t i = 0; i < MANY; i++) {
      bool is_new;
      snprintf(keys.texts[i], sizeof keys.texts[i], "k%u", i);
      good = good && index_add(index, slice_of(keys.texts[i]), &is_new) == i && is_new;
    }
    cr_assert_eq(index_count(index), MANY);
    for (uint32_t i = 0; i < MANY; i++) {
      uint32_t number;
      snprintf(key, sizeof key, "k%u", i);
      good = good && index_find(index, slice_of(key), &number) && number == i;
      snprintf(key, sizeof key, "x%u", i);
      good = good && !index_find(index, slice_of(key), &number);
    }
    cr_assert(good);
    index_destroy(index);
  }
}

Test(index, cleared_it_begins_at_zero_again) {
  struct index *index = index_create(key_of, &keys, 7);
  char key[12];
  for (int i = 0; i < 1000; i++) {
    snprintf(key, sizeof key, "%d", i);
    add(index, key, true);
  }
  index_clear(index);
  uint32_t number;
  cr_assert_eq(index_count(index), 0);
  cr_assert_not(index_find(index, slice_of("0"), &number));
  cr_assert_eq(add(index, "999", true), 0);
  index_destroy(index);
}
