#pragma once
/* One entry of a listing made ready for the mirror: its id, its canonical, redacted document and the digest that decides whether it
 * changed. */
#include "base/hash.h"
#include "crm/page.h"

enum { ACCOUNT_ID_BYTES_MAX = 500 }; /* with the other keys it must fit a btree page third (platform.md: 2,704 bytes) */

/* Why an entry cannot become an account (contract 5.5); the sentence for rejected_account.reason is account_fault_text(). */
enum account_fault {
  ACCOUNT_GOOD,
  ACCOUNT_NO_OBJECT,
  ACCOUNT_NO_ID,
  ACCOUNT_LONG_ID,
  ACCOUNT_TOO_DEEP,
  ACCOUNT_TOO_LARGE,
  ACCOUNT_NUMBER,
};

struct account {                                          /* borrowed until the next read */
  struct slice id, organization_id, user_id, type, email; /* decoded; empty when absent or no string */
  struct slice document;            /* canonical text; for a rejected entry empty when jsonb cannot hold it */
  unsigned char digest[HASH_BYTES]; /* of the document without its volatile fields */
};

struct account_reader;

/* `volatile_names` is borrowed for the reader's life. */
struct account_reader *account_reader_create(const char *const *volatile_names, int volatile_count);
/* Of each entry only the members with these names count, whatever came; before they are set, all do. Borrowed likewise. */
void account_reader_keep(struct account_reader *reader, const char *const *names, int count);
void account_reader_destroy(struct account_reader *reader); /* NULL is allowed */

/* A few characters may be a number of 100,000 digits: `spare` is what the documents of one listing may still come to beyond a few
 * times their entries' texts, and is lessened by what this one took, good or not. NULL: only the one document is bounded. */
enum account_fault account_read(struct account_reader *reader, const struct page_entry *entry, size_t *spare,
                                struct account *ret_account);
/* The digest of a good account's document made anew from what jsonb prints of it, which may be far longer than an entry may be: numbers
 * are written out, blanks are put between. False for what account_read() cannot have accepted. */
bool account_digest_stored(struct account_reader *reader, struct slice document, unsigned char ret_digest[HASH_BYTES])
    __attribute__((warn_unused_result));
const char *account_fault_text(enum account_fault fault);

const char *account_library_version(void); /* of json-c */
