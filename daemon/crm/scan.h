#pragma once
/* A strict JSON scanner that never builds anything: it walks one value and says where it ends and what is odd about it.
 *
 * Strict is RFC 8259, with two allowances that lose nothing: bytes in strings that are no UTF-8 and raw control
 * characters are accepted and reported as `dirty`, to be mended by scan_clean() before a parser sees them. */
#include "base/text.h"

enum { SCAN_DEPTH_MAX = 1 << 20 }; /* a page of brackets is refused, not followed */

struct scan {
  const unsigned char *at, *end;
  int depth;            /* deepest nesting met; a scalar has 0, `{}` has 1 */
  bool dirty;           /* something json-c or jsonb would get wrong: see scan_clean() */
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
/* Step over one value of any kind; `ret_value` is its text without surrounding space. */
bool scan_value(struct scan *scan, struct slice *ret_value) __attribute__((warn_unused_result));

/* A copy of one valid value that json-c and jsonb read alike: bytes that are no UTF-8, NUL and lone surrogates become U+FFFD, raw
 * control characters become escapes, and integers of over 18 digits get the exponent `e0`, without which json-c clamps them. */
bool scan_clean(struct slice value, struct buffer *ret_text) __attribute__((warn_unused_result));
