/* Any JSON value as canonical text: one form for all the ways to say it, its members one by one, and nothing that a key hides. */
#include "crm/canonical.h"
#include "check.h"
#include "crm/scan.h"
#include "tree.h"
#include <string.h>

enum { DEPTH_MAX = 512, LIMIT_BYTES = 1 << 22 };

static bool scan_whole(struct slice text, struct slice *ret_value, int *ret_depth) {
  struct scan scan;
  scan_init(&scan, text);
  scan_space(&scan);
  bool good = scan_value(&scan, ret_value);
  scan_space(&scan);
  good = good && scan.at == scan.end;
  *ret_depth = scan.depth;
  scan_finish(&scan);
  return good;
}

static bool same(struct slice left, struct slice right) {
  return left.length == right.length && (left.length == 0 || memcmp(left.bytes, right.bytes, left.length) == 0);
}

/* Of an object: its members, in order, are its text. */
static void check_members(const struct canonical *canonical, const struct tree *tree) {
  struct canonical_member member;
  struct buffer joined, last;
  buffer_init(&joined, LIMIT_BYTES + 2);
  buffer_init(&last, LIMIT_BYTES);
  size_t count = 0, wanted = 0;
  buffer_append(&joined, "{", 1);
  for (; canonical_member(canonical, count, &member); count++) {
    struct slice before = buffer_slice(&last);
    size_t shorter = before.length < member.name.length ? before.length : member.name.length;
    int order = shorter == 0 ? 0 : memcmp(before.bytes, member.name.bytes, shorter);
    CHECK(count == 0 || order < 0 || (order == 0 && before.length < member.name.length));
    buffer_clear(&last);
    buffer_append(&last, member.name.bytes, member.name.length);
    CHECK(!canonical_key_is_secret(member.name) || slice_equals(member.value, "null") ||
          slice_equals(member.value, "\"[redacted]\""));
    buffer_append(&joined, ",", count > 0 ? 1 : 0);
    buffer_append(&joined, member.text.bytes, member.text.length);
  }
  buffer_append(&joined, "}", 1);
  for (const struct tree *child = tree->first; child != NULL; child = child->next)
    wanted += child->shadowed ? 0 : 1;
  CHECK(count == wanted && same(buffer_slice(&joined), canonical_text(canonical)));
  buffer_finish(&joined);
  buffer_finish(&last);
}

/* Said in other words, and said as it is canonical, it has the same text. */
static void check_form(struct canonical *canonical, const struct tree *tree, struct slice text, uint64_t seed) {
  struct buffer other;
  struct slice value;
  int depth;
  buffer_init(&other, LIMIT_BYTES);
  for (int round = 0; round < 6; round++) {
    buffer_clear(&other);
    bool written = round == 0 ? buffer_append(&other, text.bytes, text.length) : tree_scramble(tree, &seed, &other);
    if (!written)
      break;
    CHECK(scan_whole(buffer_slice(&other), &value, &depth));
    CHECK(canonical_write(canonical, value, LIMIT_BYTES) == CANONICAL_GOOD && same(canonical_text(canonical), text));
  }
  buffer_finish(&other);
}

static void check_value(struct arena *arena, struct canonical *canonical, const struct tree *tree, struct slice value) {
  struct buffer text;
  enum canonical_fault fault = canonical_write(canonical, value, LIMIT_BYTES);
  if (fault == CANONICAL_LARGE)
    return;
  CHECK((fault == CANONICAL_NUMBER) == tree_has_bad_number(tree));
  const struct tree *again = tree_read(arena, canonical_text(canonical), DEPTH_MAX);
  CHECK(again != NULL && !tree_has_bad_number(again) && (fault != CANONICAL_GOOD || tree_equal(tree, again)));
  if (fault == CANONICAL_GOOD && tree->kind == TREE_OBJECT)
    check_members(canonical, tree);
  buffer_init(&text, LIMIT_BYTES);
  CHECK(buffer_append(&text, canonical_text(canonical).bytes, canonical_text(canonical).length));
  if (fault == CANONICAL_GOOD)
    check_form(canonical, tree, buffer_slice(&text), value.length * 0x9E3779B97F4A7C15u + 1);
  buffer_finish(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct slice value = {0};
  int depth;
  bool good = scan_whole((struct slice){(const char *)data, size}, &value, &depth);
  if (!good || depth > DEPTH_MAX)
    return 0;
  struct arena *arena = arena_create((size_t)1 << 30);
  struct canonical *canonical = canonical_create();
  const struct tree *tree = tree_read(arena, value, DEPTH_MAX);
  CHECK(tree != NULL);
  check_value(arena, canonical, tree, value);
  canonical_destroy(canonical);
  arena_destroy(arena);
  return 0;
}
