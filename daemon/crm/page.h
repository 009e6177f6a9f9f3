#pragma once
/* One reply of the list endpoint, `{"data": […], "has_more": bool}`, cut into the raw text of each entry. */
#include "base/error.h"
#include "base/text.h"

enum { ENTRY_DEPTH_MAX = 64, ENTRY_BYTES_MAX = 1024 * 1024 };

struct page_entry { /* borrowed from the body */
  struct slice raw; /* the entry's text, byte for byte */
  struct slice id;  /* inside of the string under the key `id` of the outermost object, escapes untouched; else empty */
  int depth;        /* nesting: `{}` is 1 */
  bool object, dirty; /* dirty: scan_clean() before parsing */
};

/* Returns false to end the reading early; page_read() then returns false and leaves `error` to the callback. */
typedef bool page_entry_fn(void *context, const struct page_entry *entry);

struct page {
  size_t entries;
  bool has_more;
};

/* Calls back for each entry in order. Errors: SHAPE when the body is no such reply; the whole body is checked, so entries that
 * were called back for before that are void. An absent `has_more` is an error, not an end (contract section 6). */
bool page_read(struct slice body, page_entry_fn *entry, void *context, struct page *ret_page, struct error *error)
    __attribute__((warn_unused_result));

/* The reply of the single endpoint: the body is one entry. */
bool page_read_single(struct slice body, struct page_entry *ret_entry, struct error *error)
    __attribute__((warn_unused_result));
