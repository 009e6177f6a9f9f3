#pragma once
/* Pages become one listing, or do not: which accounts were shown, which of them differ from what is stored, which are missing,
 * and whether the listing held still while it was read. No I/O; what differs goes to a sink at once and is not kept. */
#include "crm/account.h"

struct snapshot;

struct snapshot_sink {
  void *context;
  /* An account whose document is not the stored one. `number` is its place in the snapshot. False: error is set, stop. */
  bool (*differs)(void *context, uint32_t number, const unsigned char raw_digest[HASH_BYTES],
                  const struct account *account, struct error *error);
  /* An entry that was set aside, once per fingerprint. The account's id may be empty, its document too. */
  bool (*rejected)(void *context, const char *fingerprint, enum account_fault fault, const struct account *account,
                   struct error *error);
};

struct snapshot_options {
  struct account_reader *reader; /* borrowed */
  struct snapshot_sink sink;
  const char *user_id; /* only this user's accounts count, borrowed; NULL: everybody's */
  bool verify;         /* every account counts as different: PostgreSQL compares */
  uint32_t accounts_max;
  uint64_t seed;
};

struct snapshot *snapshot_create(const struct snapshot_options *options);
void snapshot_destroy(struct snapshot *snapshot); /* NULL is allowed */

/* For the next sweep of the same organization: what was stored and shown is stored, nothing is shown. Only after a complete
 * listing that showed everything and differed in nothing. */
void snapshot_reuse(struct snapshot *snapshot, const struct snapshot_options *options);

/* What the database holds, before the first page. A NULL digest is unknown and differs from everything. */
bool snapshot_store(struct snapshot *snapshot, struct slice id, const unsigned char *raw_digest,
                    const unsigned char *digest, struct error *error) __attribute__((warn_unused_result));

/* Forget what was shown, keep what is stored: the listing begins again. */
void snapshot_restart(struct snapshot *snapshot);

/* Read one page, from begin on in steps while they say PAGE_MORE: a step is one entry, or a part of a long one. `body` is borrowed until
 * PAGE_END, where `ret_page->has_more` says whether to go on, or PAGE_BAD, with an error: SHAPE, LIMIT, or the sink's. */
void snapshot_page_begin(struct snapshot *snapshot, struct slice body);
enum page_result snapshot_page_step(struct snapshot *snapshot, struct page *ret_page, struct error *error);
/* Take one missing account from the answer of the single endpoint. Errors: SHAPE when it is not that account. */
bool snapshot_single(struct snapshot *snapshot, uint32_t number, struct slice body, struct error *error)
    __attribute__((warn_unused_result));

/* The listing did not hold still: an id on two pages, or a page that brought nothing new while it promised more. */
bool snapshot_is_unstable(const struct snapshot *snapshot);
/* The last page brought nothing new: the listing would go on for ever. */
bool snapshot_is_stuck(const struct snapshot *snapshot);
/* The first organization that an account of this listing named (NULL: none did), and another one if there is (else NULL). */
const char *snapshot_organization(const struct snapshot *snapshot);
const char *snapshot_other_organization(const struct snapshot *snapshot);

struct snapshot_counts {
  uint32_t stored, shown, missing, rejected, differing, uncertain;
};
struct snapshot_counts snapshot_count(const struct snapshot *snapshot);
uint32_t snapshot_shown(const struct snapshot *snapshot); /* the same, without counting what is missing */

struct slice snapshot_id(const struct snapshot *snapshot, uint32_t number);
/* Shown twice with two contents in one listing: neither is certain. */
bool snapshot_is_uncertain(const struct snapshot *snapshot, uint32_t number);
/* The first stored but not shown account at or after `*number`; false when there is no more. */
bool snapshot_next_missing(const struct snapshot *snapshot, uint32_t *number);
bool snapshot_next_uncertain(const struct snapshot *snapshot, uint32_t *number);
/* Its id was no text and was mended (U+FFFD): Close does not know it by what we have. */
bool snapshot_is_mended(const struct snapshot *snapshot, uint32_t number);
/* The control probe: some account that is stored and shown, else one that is shown, else another user's that was passed by, a mended
 * one only where there is no other; false when the list was empty. */
bool snapshot_any_listed(const struct snapshot *snapshot, uint32_t *ret_number);
