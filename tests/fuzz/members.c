/* Any bytes as the answer of /organization/: nothing, or a text that jsonb takes: one object, in UTF-8, without NUL, no deeper than an
 * account, each key once, each number one that numeric holds. PostgreSQL takes it apart (sql/query/member.sql). */
#include "check.h"
#include "crm/answer.h"
#include "crm/page.h"
#include "tree.h"
#include <string.h>

enum { BYTES_MAX = 8 * 1024 * 1024 };

static void check_text(struct slice text) {
  for (size_t i = 0; i < text.length;) {
    size_t step = text_utf8_character((struct slice){text.bytes + i, text.length - i}, NULL);
    CHECK(step > 0 && (unsigned char)text.bytes[i] >= 0x20);
    i += step;
  }
  CHECK(memmem(text.bytes, text.length, "\\u0000", 6) == NULL ||
        memmem(text.bytes, text.length, "\\\\u0000", 7) != NULL);
  CHECK(memmem(text.bytes, text.length, "\\ud", 3) == NULL || memmem(text.bytes, text.length, "\\\\ud", 4) != NULL);
}

static void check_once(const struct tree *tree) {
  for (const struct tree *child = tree->first; child != NULL; child = child->next) {
    CHECK(!child->shadowed);
    check_once(child);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct slice text = {0}, body = {(const char *)data, size};
  struct canonical *canonical = canonical_create();
  struct arena *arena = arena_create((size_t)1 << 30);
  const struct tree *told = tree_read(arena, body, ENTRY_DEPTH_MAX);
  bool good = answer_read(canonical, body, BYTES_MAX, &text);
  CHECK(good == (told != NULL && told->kind == TREE_OBJECT) || (!good && told != NULL)); /* too large, written out */
  if (good) {
    const struct tree *tree = tree_read(arena, text, ENTRY_DEPTH_MAX);
    check_text(text);
    CHECK(tree != NULL && tree->kind == TREE_OBJECT && !tree_has_bad_number(tree));
    CHECK(tree_has_bad_number(told) || tree_equal(told, tree));
    check_once(tree);
  }
  arena_destroy(arena);
  canonical_destroy(canonical);
  return 0;
}
