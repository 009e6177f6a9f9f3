/* Slices, and buffers with a maximum. */
#include "base/buffer.h"
#include "base/memory.h"
#include <criterion/criterion.h>
#include <string.h>

Test(buffer, slices) {
  cr_assert_eq(slice_of(NULL).length, 0);
  cr_assert(slice_equals(slice_of(NULL), ""));
  cr_assert(slice_equals((struct slice){"abcd", 3}, "abc"));
  cr_assert_not(slice_equals((struct slice){"abcd", 4}, "abc"));
  cr_assert_not(slice_equals((struct slice){"abc", 3}, "abd"));
}

Test(buffer, grows_to_its_limit_and_not_past_it) {
  struct buffer buffer;
  buffer_init(&buffer, 1000);
  for (int i = 0; i < 1000; i++)
    cr_assert(buffer_append(&buffer, "x", 1));
  cr_assert_not(buffer_append(&buffer, "x", 1));
  cr_assert_not(buffer_append_format(&buffer, "%d", 1));
  cr_assert_eq(buffer.length, 1000);
  cr_assert_eq(strlen(buffer.bytes), 1000);
  cr_assert_leq(buffer.capacity, 1001);
  buffer_clear(&buffer);
  cr_assert_str_eq(buffer.bytes, "");
  cr_assert(buffer_append_text(&buffer, "again"));
  buffer_finish(&buffer);
  cr_assert_null(buffer.bytes);
}

Test(slice, is_copied) {
  char *copy = slice_copy((struct slice){"abcd", 3}), *empty = slice_copy(slice_of(""));
  cr_assert_str_eq(copy, "abc");
  cr_assert_str_eq(empty, "");
  cr_assert_null(slice_copy(slice_of(NULL)));
  memory_free(copy);
  memory_free(empty);
}

Test(buffer, refuses_overflow) {
  struct buffer buffer;
  buffer_init(&buffer, SIZE_MAX);
  cr_assert(buffer_append_text(&buffer, "abc"));
  cr_assert_not(buffer_append(&buffer, "x", SIZE_MAX - 2));
  cr_assert_str_eq(buffer.bytes, "abc");
  buffer_finish(&buffer);
}

/* A text with a hole in it must never be taken for the whole. */
Test(buffer, stays_overflowed_until_it_is_cleared) {
  struct buffer buffer;
  buffer_init(&buffer, 4);
  cr_assert(buffer_append_text(&buffer, "abc"));
  cr_assert_not(buffer_append_text(&buffer, "de"));
  cr_assert_not(buffer_append_text(&buffer, "f"), "what would fit again comes too late");
  cr_assert_not(buffer_append(&buffer, NULL, 0));
  cr_assert_not(buffer_fits(&buffer));
  buffer_clear(&buffer);
  cr_assert(buffer_fits(&buffer));
  cr_assert(buffer_append_text(&buffer, "f"));
  cr_assert(slice_equals(buffer_slice(&buffer), "f"));
  buffer_finish(&buffer);
}

/* Its bytes move whenever it grows, and are all there. */
Test(buffer, a_secret_one_grows_like_any_other) {
  struct buffer buffer;
  buffer_init_secret(&buffer, 4096);
  for (int i = 0; i < 100; i++)
    cr_assert(buffer_append_format(&buffer, "%02d,", i));
  cr_assert_eq(buffer.length, 300);
  cr_assert(strncmp(buffer.bytes, "00,01,02,", 9) == 0 && strcmp(buffer.bytes + 294, "98,99,") == 0);
  buffer_finish(&buffer);
  cr_assert(buffer.is_secret && buffer.bytes == NULL);
}
