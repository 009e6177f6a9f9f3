#pragma once
/* One reply of the list endpoint, `{"data": […], "has_more": bool}`, cut into the raw text of each entry, in turns. */
#include "base/error.h"
#include "crm/scan.h"

enum { ENTRY_DEPTH_MAX = 64, ENTRY_BYTES_MAX = 1024 * 1024 };

struct page_entry { /* borrowed from the body */
  struct slice raw; /* the entry's text, byte for byte */
  struct slice id;  /* inside of the string under the key `id` of the outermost object, escapes untouched; else empty */
  int depth;        /* nesting: `{}` is 1 */
  bool object;
};

struct page {
  size_t entries;
  bool has_more;
};

enum page_place {
  PAGE_OPEN,
  PAGE_NAME,
  PAGE_COLON,
  PAGE_VALUE,
  PAGE_FIRST,
  PAGE_IN_ENTRY,
  PAGE_NEXT,
  PAGE_MEMBER, /* behind one */
  PAGE_CLOSED,
};

struct page_reader {
  struct scan scan;
  enum page_place place;
  struct page page;
  struct slice name; /* of the member that is being read */
  bool data_seen, more_seen;
};

enum page_result {
  PAGE_MORE,  /* a turn's worth was read: call again */
  PAGE_ENTRY, /* an entry was found: call again */
  PAGE_END,   /* the whole body was read, and is such a reply */
  PAGE_BAD,   /* it is none: the entries that were found are void; error SHAPE */
};

/* `body` is borrowed until page_finish(). */
void page_begin(struct page_reader *reader, struct slice body);
/* Reads about `budget` bytes. An absent `has_more` is an error, not an end (contract section 6). */
enum page_result page_step(struct page_reader *reader, size_t budget, struct page_entry *ret_entry,
                           struct error *error);
void page_finish(struct page_reader *reader);
/* A guess from the two ends of a reply, before it is read: whether its `has_more` is true. */
bool page_seems_to_have_more(struct slice body);

enum { PAGE_SINGLE_BYTES_MAX = 2 * ENTRY_BYTES_MAX };
/* The reply of the single endpoint: the body is one entry. It is read at once, so it must not be longer than `bytes_max`. */
bool page_read_single(struct slice body, size_t bytes_max, struct page_entry *ret_entry, struct error *error)
    __attribute__((warn_unused_result));
