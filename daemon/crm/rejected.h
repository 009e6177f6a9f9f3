#pragma once
/* What one listing set aside, for the table rejected_account: each entry once, as a JSON array, and the digest over their fingerprints. */
#include "base/hash.h"
#include "crm/account.h"

struct rejected {
  struct buffer list;         /* the array, not closed yet */
  struct buffer fingerprints; /* one behind the other */
  struct buffer entry;        /* the one that is being added */
  bool closed;
};

void rejected_init(struct rejected *rejected);
void rejected_finish(struct rejected *rejected);
void rejected_clear(struct rejected *rejected); /* the listing begins again */

/* An entry that is new. When there is much already, it is kept without its document; error LIMIT: not even so. */
bool rejected_add(struct rejected *rejected, const char *fingerprint, enum account_fault fault,
                  const struct account *account, struct error *error) __attribute__((warn_unused_result));

/* The JSON array; nothing may be added after it. */
struct slice rejected_list(struct rejected *rejected);
/* Over the sorted fingerprints, in hexadecimal: what sql/query/begin.sql computes of the table. */
void rejected_digest(struct rejected *rejected, char ret_hex[2 * HASH_BYTES + 1]);
