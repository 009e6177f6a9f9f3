#pragma once
/* A snapshot with a sink that writes down what it is told, and a page in one call. */
#include "crm/snapshot.h"
#include "unit/crm/samples.h"

static struct account_reader *reader;
static struct snapshot *snapshot;
static struct buffer told; /* "+a1 " for a differing account with its number, "!no_object " for a rejected entry */
static size_t told_bytes;  /* of the documents that differ */
static bool sink_refuses;
static inline bool note_difference(void *context, uint32_t number, const unsigned char raw_digest[HASH_BYTES],
                                   const struct account *account, struct error *error) {
  (void)context;
  (void)raw_digest;
  if (sink_refuses)
    return error_set(error, ERROR_BUG, "the sink refuses");
  told_bytes += account->document.length;
  return buffer_append_format(&told, "+%.*s%u ", (int)account->id.length, account->id.bytes, number) ||
         error_set(error, ERROR_BUG, "too much is told");
}

static inline bool note_rejection(void *context, const char *fingerprint, enum account_fault fault,
                                  const struct account *account, struct error *error) {
  (void)context;
  if (sink_refuses)
    return error_set(error, ERROR_BUG, "the sink refuses");
  return (strlen(fingerprint) == 64 &&
          buffer_append_format(&told, "!%d%.*s ", fault, (int)account->id.length, account->id.bytes)) ||
         error_set(error, ERROR_BUG, "too much is told");
}

static inline void begin_with(const char *user_id, bool verify, uint32_t accounts_max) {
  static const char *const volatile_names[] = {"v"};
  reader = account_reader_create(volatile_names, 1);
  buffer_init(&told, 1 << 26);
  sink_refuses = false;
  told_bytes = 0;
  snapshot = snapshot_create(&(struct snapshot_options){.reader = reader,
                                                        .sink = {NULL, note_difference, note_rejection},
                                                        .user_id = user_id,
                                                        .verify = verify,
                                                        .accounts_max = accounts_max,
                                                        .seed = 42});
}

static inline void begin(bool verify, uint32_t accounts_max) { begin_with(NULL, verify, accounts_max); }
static inline void end(void) {
  snapshot_destroy(snapshot);
  account_reader_destroy(reader);
  buffer_finish(&told);
}
/* Store an account as if this text had been mirrored. */
static inline void store(const char *text) {
  struct page_entry entry;
  struct account account;
  struct error error;
  unsigned char raw_digest[HASH_BYTES];
  cr_assert(page_read_single(slice_of(text), PAGE_SINGLE_BYTES_MAX, &entry, &error));
  cr_assert_eq(account_read(reader, &entry, NULL, &account), ACCOUNT_GOOD);
  struct hasher *hasher = hasher_create();
  hasher_digest(hasher, entry.raw, raw_digest);
  cr_assert(snapshot_store(snapshot, account.id, raw_digest, account.digest, &error));
  hasher_destroy(hasher);
}

static inline bool read_page(struct slice body, struct page *page, struct error *error) {
  enum page_result result = PAGE_MORE;
  snapshot_page_begin(snapshot, body);
  while (result == PAGE_MORE)
    result = snapshot_page_step(snapshot, page, error);
  return result == PAGE_END;
}

/* A page with these entries; has_more when there is a '+' in front. Forgets what the sink was told before. */
static inline bool show_page(const char *entries, struct error *error) {
  struct page page;
  struct buffer body;
  bool more = *entries == '+';
  buffer_init(&body, 1 << 26);
  buffer_clear(&told);
  error_clear(error);
  cr_assert(buffer_append_text(&body, "{\"data\":[") && buffer_append_text(&body, entries + more) &&
            buffer_append_text(&body, more ? "],\"has_more\":true}" : "],\"has_more\":false}"));
  bool good = read_page(buffer_slice(&body), &page, error);
  cr_assert(!good || page.has_more == more);
  buffer_finish(&body);
  return good;
}

static inline void show(const char *entries, const char *expected) {
  struct error error;
  cr_assert(show_page(entries, &error), "%s: %s", entries, error.text);
  cr_assert_str_eq(told.bytes == NULL ? "" : told.bytes, expected, "%s", entries);
}

static inline void expect_counts(struct snapshot_counts e) {
  struct snapshot_counts c = snapshot_count(snapshot);
  cr_assert(memcmp(&c, &e, sizeof c) == 0, "stored %u, shown %u, missing %u, rejected %u, differing %u, uncertain %u",
            c.stored, c.shown, c.missing, c.rejected, c.differing, c.uncertain);
}
