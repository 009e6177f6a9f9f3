/* The arena: zeroed, aligned, bounded, gone at once. */
#include "base/arena.h"
#include <criterion/criterion.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

Test(arena, hands_out_zeroed_aligned_memory) {
  struct arena *arena = arena_create(1 << 20);
  for (size_t i = 1; i < 200; i++) {
    unsigned char *memory = arena_allocate(arena, i);
    cr_assert_not_null(memory);
    cr_assert_eq((uintptr_t)memory % _Alignof(max_align_t), 0);
    for (size_t k = 0; k < i; k++)
      cr_assert_eq(memory[k], 0);
    memset(memory, 0xff, i);
  }
  arena_destroy(arena);
}

Test(arena, refuses_what_exceeds_the_limit) {
  struct arena *arena = arena_create(1000);
  cr_assert_null(arena_allocate(arena, 1001));
  cr_assert_null(arena_allocate(arena, SIZE_MAX));
  cr_assert_null(arena_copy(arena, "", SIZE_MAX));
  cr_assert_not_null(arena_allocate(arena, 1000));
  cr_assert_null(arena_allocate(arena, 1));
  arena_destroy(arena);
}

Test(arena, copies_are_packed) {
  struct arena *arena = arena_create(1 << 20);
  char *first = arena_copy(arena, "abcdef", 3);
  char *second = arena_copy(arena, NULL, 0);
  cr_assert_str_eq(first, "abc");
  cr_assert_str_eq(second, "");
  cr_assert_eq(second, first + 4);
  arena_destroy(arena);
}

Test(arena, large_pieces_do_not_disturb_small_ones) {
  struct arena *arena = arena_create(10 << 20);
  char *small = arena_copy(arena, "small", 5);
  char *large = arena_allocate(arena, 1 << 20);
  memset(large, 'x', 1 << 20);
  char *next = arena_copy(arena, "next", 4);
  cr_assert_eq(next, small + 6, "the newest block goes on being filled");
  cr_assert_str_eq(small, "small");
  arena_destroy(arena);
}

Test(arena, the_first_piece_may_be_a_large_one) {
  struct arena *arena = arena_create(10 << 20);
  char *large = arena_allocate(arena, 2 << 20);
  cr_assert_eq(large[0], 0);
  cr_assert_str_eq(arena_copy(arena, "small", 5), "small");
  arena_destroy(arena);
}

Test(arena, destroy_takes_null) {
  arena_destroy(NULL);
  struct arena *arena = arena_create(0);
  cr_assert_null(arena_allocate(arena, 1));
  arena_destroy(arena);
}
