#pragma once
/* What the tests of crm/ share: bytes with NULs in them, long texts, and the way from a text to its canonical text. */
#include "base/memory.h"
#include "crm/canonical.h"
#include "crm/scan.h"
#include <criterion/criterion.h>
#include <string.h>

/* A literal with all its bytes, embedded NULs included. */
#define BYTES(literal) ((struct slice){literal, sizeof(literal) - 1})

static inline struct buffer *append_times(struct buffer *buffer, const char *text, size_t times) {
  size_t length = strlen(text);
  char *all = memory_allocate(length * times + 1);
  for (size_t i = 0; i < times; i++)
    memcpy(all + i * length, text, length);
  cr_assert(buffer_append(buffer, all, length * times));
  memory_free(all);
  return buffer;
}

/* The canonical text of a JSON text, to be freed. */
static inline char *canonical_of(struct slice text) {
  struct canonical *canonical = canonical_create();
  struct scan scan;
  struct slice value;
  scan_init(&scan, text);
  cr_assert(scan_value(&scan, &value) && scan.at == scan.end, "not accepted: %.*s", (int)text.length, text.bytes);
  cr_assert_eq(canonical_write(canonical, value, 1 << 24), CANONICAL_GOOD, "%.*s", (int)text.length, text.bytes);
  char *copy = memory_copy(canonical_text(canonical).bytes, canonical_text(canonical).length);
  scan_finish(&scan);
  canonical_destroy(canonical);
  return copy;
}

static inline void expect_canonical(struct slice text, const char *expected) {
  char *canonical = canonical_of(text);
  cr_assert_str_eq(canonical, expected, "%.*s", (int)text.length, text.bytes);
  memory_free(canonical);
}
