#pragma once
/* The canonical text of a JSON value: secrets redacted, keys sorted, every array sorted by its elements' text, numbers by value.
 * Two values are equal as PostgreSQL's jsonb (arrays taken as bags) exactly when their canonical texts are equal bytes. */
#include "base/text.h"

struct json_object;

enum canonical_fault {
  CANONICAL_GOOD,
  CANONICAL_NUMBER, /* a number that jsonb cannot hold */
  CANONICAL_LARGE,  /* the text exceeds the buffer's limit */
};

/* Append the canonical text of `value` (NULL is JSON's null). For an outermost object, the members named in `volatile_names` are
 * also cut out of what is appended to `ret_lasting` (may be NULL). */
enum canonical_fault canonical_write(struct json_object *value, const char *const *volatile_names, int volatile_count,
                                     struct buffer *text, struct buffer *ret_lasting)
    __attribute__((warn_unused_result));

/* Whether a key's value is to be redacted (contract section 6, "Entries"). */
bool canonical_key_is_secret(const char *key);

/* Append a JSON number by value, in plain decimal: 1.0 and 1e0 are 1, -0 is 0. On a fault the text may hold a part of it. */
enum canonical_fault canonical_number(struct buffer *text, struct slice number) __attribute__((warn_unused_result));
