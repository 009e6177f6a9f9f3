#pragma once
/* What the tests of crm/ share: bytes with NULs in them, long texts, and the way from a text to its canonical text. */
#include "base/memory.h"
#include "crm/canonical.h"
#include "crm/scan.h"
#include <criterion/criterion.h>
#include <json-c/json.h>
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

/* The canonical text of a JSON text, read the way accounts are read; to be freed. */
static inline char *canonical_of(struct slice text) {
  struct scan scan;
  struct slice value;
  struct buffer clean, canonical;
  buffer_init(&clean, 1 << 24);
  buffer_init(&canonical, 1 << 24);
  scan_init(&scan, text);
  cr_assert(scan_value(&scan, &value) && scan.at == scan.end, "not accepted: %.*s", (int)text.length, text.bytes);
  cr_assert(scan_clean(value, &clean));
  scan_finish(&scan);
  struct json_tokener *tokener = json_tokener_new_ex(600);
  struct json_object *object = json_tokener_parse_ex(tokener, clean.bytes, (int)clean.length + 1);
  cr_assert_eq(json_tokener_get_error(tokener), json_tokener_success, "json-c refuses %s", clean.bytes);
  cr_assert_eq(canonical_write(object, NULL, 0, &canonical, NULL), CANONICAL_GOOD, "%s", clean.bytes);
  json_object_put(object);
  json_tokener_free(tokener);
  buffer_finish(&clean);
  return canonical.bytes;
}

static inline void expect_canonical(struct slice text, const char *expected) {
  char *canonical = canonical_of(text);
  cr_assert_str_eq(canonical, expected, "%.*s", (int)text.length, text.bytes);
  memory_free(canonical);
}
