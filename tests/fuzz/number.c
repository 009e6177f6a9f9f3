/* Numbers by value: the canonical form is plain, means the same, and does not change when read again; a number is refused exactly when
 * PostgreSQL's numeric cannot hold it. */
#include "crm/number.h"
#include "check.h"
#include "tree.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct arena *arena = arena_create(1 << 26);
  struct slice number = {(const char *)data, size};
  const struct tree *tree = tree_read(arena, number, 0);
  if (tree != NULL && tree->kind == TREE_NUMBER && memchr("-0123456789", data[0], 11) != NULL &&
      data[size - 1] >= '0' && data[size - 1] <= '9') {
    struct buffer text, again;
    buffer_init(&text, 1 << 20);
    buffer_init(&again, 1 << 20);
    enum number_fault fault = number_write(&text, number);
    CHECK(fault == (tree_has_bad_number(tree) ? NUMBER_BEYOND : NUMBER_GOOD));
    if (fault == NUMBER_GOOD) {
      const struct tree *plain = tree_read(arena, buffer_slice(&text), 0);
      CHECK(plain != NULL && tree_equal(tree, plain));
      CHECK(strspn(text.bytes, "-.0123456789") == text.length);
      CHECK(strchr(text.bytes, '.') == NULL || text.bytes[text.length - 1] != '0');
      CHECK(number_write(&again, buffer_slice(&text)) == NUMBER_GOOD);
      CHECK(again.length == text.length && memcmp(again.bytes, text.bytes, text.length) == 0);
    }
    buffer_finish(&text);
    buffer_finish(&again);
  }
  arena_destroy(arena);
  return 0;
}
