/* What waits between two steps comes back as it went in: records of a spool, of any size, in memory and in its file; and changes, whose
 * records have heads of their own. Each byte of the input is a record: how long, and of what. */
#include "base/spool.h"
#include "check.h"
#include "store/changes.h"
#include "tree.h"
#include <string.h>

enum { RECORDS_MAX = 64, BIG_BYTES = 5 * 1024 * 1024 };

/* 0 to 31 bytes, about 1 KiB, 128 KiB, or (once) more than a spool keeps in memory. */
static size_t length_of(uint8_t byte, bool *big) {
  if (byte == 255 && !*big) {
    *big = true;
    return BIG_BYTES;
  }
  return byte < 128 ? byte % 32u : byte < 250 ? 1000u + byte : 128u * 1024;
}

static void check_spool(const uint8_t *data, size_t size) {
  static char source[BIG_BYTES + 256];
  size_t count = size < RECORDS_MAX ? size : RECORDS_MAX, lengths[RECORDS_MAX];
  struct error error = {0};
  struct slice record;
  bool big = false;
  struct spool *spool = spool_create();
  if (source[1] == '\0')
    for (size_t i = 0; i < sizeof source; i++)
      source[i] = (char)(i * 7 + i / 256);
  for (size_t i = 0; i < count; i++) {
    lengths[i] = length_of(data[i], &big);
    size_t first = lengths[i] / 3;
    const struct slice pieces[] = {{source + data[i], first}, {source + data[i] + first, lengths[i] - first}};
    if (data[i] == 200 && i > 0 && i + 1 < count) { /* begins again: what was put before must not come back */
      spool_clear(spool);
      for (size_t k = 0; k <= i; k++)
        lengths[k] = SIZE_MAX;
      continue;
    }
    CHECK(spool_put(spool, 0, pieces, 2, &error));
  }
  for (int round = 0; round < 2; round++) {
    CHECK(spool_rewind(spool, &error));
    for (size_t i = 0; i < count; i++) {
      if (lengths[i] == SIZE_MAX)
        continue;
      CHECK(spool_next(spool, &record, &error) && record.length == lengths[i]);
      CHECK(record.length == 0 || memcmp(record.bytes, source + data[i], record.length) == 0);
    }
    CHECK(!spool_next(spool, &record, &error) && error.kind == ERROR_NONE);
  }
  spool_destroy(spool);
}

/* A piece of the input: its length, and so many bytes; or nothing at all. */
static struct slice cut(struct slice *rest) {
  if (rest->length == 0)
    return (struct slice){NULL, 0};
  uint8_t length = (uint8_t)*rest->bytes++;
  rest->length--;
  if (length >= 240)
    return (struct slice){NULL, 0};
  struct slice piece = {rest->bytes, length % 32u < rest->length ? length % 32u : rest->length};
  rest->bytes += piece.length;
  rest->length -= piece.length;
  return piece;
}

static struct change cut_change(struct slice *rest) {
  struct change change = {.kind = (enum change_kind)((uint8_t)*rest->bytes % CHANGE_KINDS)};
  change.account_id = cut(rest);
  change.type = cut(rest);
  change.email = cut(rest);
  change.field = cut(rest);
  change.before = slice_of("[1]"); /* JSON already, from PostgreSQL */
  if (change.account_id.bytes == NULL)
    change.account_id = slice_of("a");
  return change;
}

static bool same(struct slice left, struct slice right) {
  return (left.bytes == NULL) == (right.bytes == NULL) && left.length == right.length &&
         (left.length == 0 || memcmp(left.bytes, right.bytes, left.length) == 0);
}

/* Printed, they are one JSON array, whatever the texts are. */
static void check_json(struct changes *changes) {
  char *text = NULL;
  size_t length = 0;
  struct error error = {0};
  FILE *stream = open_memstream(&text, &length);
  struct arena *arena = arena_create((size_t)64 << 20);
  CHECK(stream != NULL && changes_print_json(changes, stream, &error));
  CHECK(fclose(stream) == 0);
  const struct tree *tree = tree_read(arena, (struct slice){text, length}, 16);
  CHECK(tree != NULL && tree->kind == TREE_ARRAY);
  arena_destroy(arena);
  free(text);
}

static void check_changes(struct slice rest) {
  struct change list[RECORDS_MAX], change;
  struct error error = {0};
  size_t count = 0;
  struct changes *changes = changes_create();
  for (; rest.length > 0 && count < RECORDS_MAX; count++) {
    list[count] = cut_change(&rest);
    CHECK(changes_add(changes, &list[count], &error));
  }
  CHECK(changes_rewind(changes, &error));
  for (size_t i = 0; i < count; i++) {
    CHECK(changes_next(changes, &change, &error));
    CHECK(change.kind == list[i].kind && same(change.account_id, list[i].account_id) &&
          same(change.type, list[i].type));
    CHECK(same(change.email, list[i].email) && same(change.field, list[i].field) && same(change.after, list[i].after));
  }
  CHECK(!changes_next(changes, &change, &error) && error.kind == ERROR_NONE);
  if (count > 0)
    check_json(changes);
  changes_destroy(changes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0)
    return 0;
  if (data[0] % 2 == 0)
    check_spool(data + 1, size - 1);
  else
    check_changes((struct slice){(const char *)data + 1, size - 1});
  return 0;
}
