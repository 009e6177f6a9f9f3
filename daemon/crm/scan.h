#pragma once
/* A strict JSON scanner that never builds anything: it walks one value and says where it ends and what is odd about it. It stops and goes
 * on at any place, so that a text of any size is walked in turns.
 *
 * Strict is RFC 8259, with two allowances that lose nothing: bytes in strings that are no UTF-8 and raw control characters are accepted.
 * scan_decode() mends them. */
#include "base/text.h"

enum { SCAN_DEPTH_MAX = 1 << 20 }; /* a page of brackets is refused, not followed */

enum scan_place { SCAN_VALUE, SCAN_STRING, SCAN_FIRST, SCAN_NAME, SCAN_IN_NAME, SCAN_BEHIND };

struct scan {
  const unsigned char *at, *end;
  int depth;  /* deepest nesting met; a scalar has 0, `{}` has 1 */
  bool dirty; /* a string was not the text it stands for: raw control characters, no UTF-8, NUL, half a character */
  struct slice
      id; /* inside of the string that is the outermost object's last member `id`, escapes untouched; else empty */

  const unsigned char *start, *string; /* of the value, and of the string, that is being walked */
  enum scan_place place;
  int open;             /* brackets */
  bool id_comes;        /* the value that follows is that of `id` */
  unsigned char *kinds; /* one bit per open bracket; grown on demand, freed by scan_finish() */
  size_t kinds_bytes;
};

void scan_init(struct scan *scan, struct slice text);
void scan_finish(struct scan *scan);

void scan_space(struct scan *scan);
/* If the next byte is `byte`, step over it. */
bool scan_take(struct scan *scan, unsigned char byte);
/* Step over one string; `ret_inner` is what stands between the quotes, escapes untouched. */
bool scan_string(struct scan *scan, struct slice *ret_inner) __attribute__((warn_unused_result));

enum scan_result { SCAN_MORE, SCAN_DONE, SCAN_BAD };
/* Walk a value of any kind, from scan_begin() on, and about `budget` bytes of it at once: MORE, and it is called again. `ret_value` is
 * its text without surrounding space. */
void scan_begin(struct scan *scan);
enum scan_result scan_step(struct scan *scan, size_t budget, struct slice *ret_value);
/* The same at once. */
bool scan_value(struct scan *scan, struct slice *ret_value) __attribute__((warn_unused_result));

/* Append what the inside of an accepted string stands for: NUL, halves of characters and bytes that are no UTF-8 become U+FFFD. The
 * buffer's limit must hold three times `inner`. */
void scan_decode(struct slice inner, struct buffer *text);
/* Does it stand for this ASCII text, escapes decoded? */
bool scan_stands_for(struct slice inner, const char *text);
