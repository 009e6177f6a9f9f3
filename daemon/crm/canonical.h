#pragma once
/* The canonical text of a JSON value: secrets redacted, keys sorted, every array sorted by its elements' text, numbers by value, and
 * what is no Unicode U+FFFD. Two values are equal as PostgreSQL's jsonb (arrays taken as bags) exactly when their canonical texts are
 * equal bytes. */
#include "base/text.h"

struct canonical; /* what writes it, reused from value to value */

enum canonical_fault {
  CANONICAL_GOOD,
  CANONICAL_NUMBER, /* a number that jsonb cannot hold */
  CANONICAL_LARGE,  /* the text exceeds the limit */
};

struct canonical *canonical_create(void);
void canonical_destroy(struct canonical *canonical); /* NULL is allowed */

/* `value` is one whole value that the scanner accepted, of less than 4 GiB and not deeper than a caller's stack holds (512 levels). */
enum canonical_fault canonical_write(struct canonical *canonical, struct slice value, size_t limit_bytes)
    __attribute__((warn_unused_result));
/* Of the last value, borrowed until the next one; where a number was bad, it says null. */
struct slice canonical_text(const struct canonical *canonical);

struct canonical_member {
  struct slice name;  /* decoded */
  struct slice text;  /* "name":value, canonical */
  struct slice value; /* canonical */
};
/* The members of a good outermost object, sorted by name, one after the other from 0 on; false: no more. Borrowed like the text. */
bool canonical_member(const struct canonical *canonical, size_t number, struct canonical_member *ret_member);

/* Whether a key's value is to be redacted (contract section 6, "Entries"). */
bool canonical_key_is_secret(struct slice key);
