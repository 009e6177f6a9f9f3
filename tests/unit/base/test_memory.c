/* Memory is there or the process ends. */
#include "base/memory.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

Test(memory, is_zeroed) {
  unsigned char *memory = memory_allocate(1000);
  for (size_t i = 0; i < 1000; i++)
    cr_assert_eq(memory[i], 0);
  free(memory);
}

Test(memory, nothing_is_something) {
  void *memory = memory_allocate(0);
  memory = memory_resize(memory, 0);
  cr_assert_not_null(memory);
  free(memory);
}

Test(memory, copies_end_with_nul) {
  char *text = memory_copy_text("abc");
  char *part = memory_copy("abcdef", 2);
  char *none = memory_copy(NULL, 0);
  cr_assert_str_eq(text, "abc");
  cr_assert_str_eq(part, "ab");
  cr_assert_str_eq(none, "");
  free(text);
  free(part);
  free(none);
}

#ifndef __SANITIZE_ADDRESS__
static void starve(void) {
  struct rlimit limit = {1 << 28, 1 << 28};
  setrlimit(RLIMIT_AS, &limit);
}

Test(memory, none_left_ends_the_process, .signal = SIGABRT) {
  starve();
  free(memory_allocate((size_t)1 << 30));
  cr_assert_fail("the process should have ended");
}
#endif
