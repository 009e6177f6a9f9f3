/* Holds a hundred thousand accounts in a few megabytes while pages go by. It promises that an account is parsed only when its text is
 * not the stored one, and that nothing is called missing that was shown. It does not decide what to do about it: that is the sweep's. */
#include "crm/snapshot.h"
#include "base/arena.h"
#include "base/index.h"
#include "base/memory.h"
#include <string.h>

enum {
  REJECTED_MAX = 100000,
  STEP_BYTES = 256 * 1024, /* are scanned at once */
  ID_ARENA_BYTES = 512 * 1024 * 1024,
  SPARE_BYTES = 32 * 1024 * 1024, /* for the numbers of one listing, written out (account.h) */
};

enum {
  FLAG_STORED = 1, /* the database has it */
  FLAG_KNOWN = 2,  /* the digests below are the stored ones, or those of what was shown last */
  FLAG_SHOWN = 4,
  FLAG_DIFFERS = 8, /* handed to the sink */
  FLAG_UNCERTAIN = 16,
  FLAG_STRANGER = 32, /* passed by in this listing */
};

struct item {
  const char *id;
  uint32_t id_length;
  uint16_t flags;
  uint16_t page; /* on which it was shown, modulo 2^16 */
  unsigned char raw_digest[HASH_BYTES], digest[HASH_BYTES];
};

struct items {
  struct item *list;
  uint32_t count, capacity, limit;
};

struct snapshot {
  struct snapshot_options options;
  struct hasher *hasher;
  struct arena *ids;
  struct items accounts, rejected; /* of a rejected entry, `raw_digest` is the key and there is no id */
  struct index *account_index, *rejected_index;
  struct snapshot_counts counts; /* but for those that are missing */
  uint32_t stored_shown;
  char *organization, *other_organization;
  struct slice last_rejected; /* of this page: runs of one and the same entry are hashed once */
  struct error *error;        /* where what is called below puts its error */
  struct page_reader reader;
  size_t spare;
  uint32_t page, fresh;
  bool unstable;
};

static struct slice item_key(const void *context, uint32_t number) {
  const struct items *items = context;
  return (struct slice){items->list[number].id, items->list[number].id_length};
}

static struct slice rejected_key(const void *context, uint32_t number) {
  const struct items *items = context;
  return (struct slice){(const char *)items->list[number].raw_digest, HASH_BYTES};
}

struct snapshot *snapshot_create(const struct snapshot_options *options) {
  struct snapshot *snapshot = memory_allocate(sizeof *snapshot);
  snapshot->options = *options;
  snapshot->spare = SPARE_BYTES;
  snapshot->accounts.limit = options->accounts_max;
  snapshot->rejected.limit = REJECTED_MAX;
  snapshot->hasher = hasher_create();
  snapshot->ids = arena_create(ID_ARENA_BYTES);
  snapshot->account_index = index_create(item_key, &snapshot->accounts, options->seed);
  snapshot->rejected_index = index_create(rejected_key, &snapshot->rejected, options->seed);
  return snapshot;
}

void snapshot_destroy(struct snapshot *snapshot) {
  if (snapshot == NULL)
    return;
  index_destroy(snapshot->account_index);
  index_destroy(snapshot->rejected_index);
  memory_free(snapshot->accounts.list);
  memory_free(snapshot->rejected.list);
  memory_free(snapshot->organization);
  memory_free(snapshot->other_organization);
  arena_destroy(snapshot->ids);
  page_finish(&snapshot->reader);
  hasher_destroy(snapshot->hasher);
  memory_free(snapshot);
}

static struct item *items_append(struct items *items) {
  if (items->count == items->capacity) {
    items->capacity = items->capacity == 0 ? 16 : items->capacity + items->capacity / 2;
    items->list = memory_resize(items->list, sizeof *items->list * items->capacity);
  }
  struct item *item = &items->list[items->count++];
  *item = (struct item){0};
  return item;
}

/* The account's item, made when it is new; NULL: it would be one too many. */
static struct item *find_or_add(struct snapshot *snapshot, struct slice id) {
  uint32_t number;
  bool is_new;
  if (index_find(snapshot->account_index, id, &number))
    return &snapshot->accounts.list[number];
  char *copy =
      snapshot->accounts.count < snapshot->accounts.limit ? arena_copy(snapshot->ids, id.bytes, id.length) : NULL;
  if (copy == NULL)
    return NULL;
  struct item *item = items_append(&snapshot->accounts);
  item->id = copy;
  item->id_length = (uint32_t)id.length;
  index_add(snapshot->account_index, id, &is_new);
  return item;
}

static struct item *account_item(struct snapshot *snapshot, struct slice id, struct error *error) {
  struct item *item = find_or_add(snapshot, id);
  if (item == NULL)
    error_set(error, ERROR_LIMIT, "the listing holds more than %u accounts", snapshot->options.accounts_max);
  return item;
}

bool snapshot_store(struct snapshot *snapshot, struct slice id, const unsigned char *raw_digest,
                    const unsigned char *digest, struct error *error) {
  struct item *item = account_item(snapshot, id, error);
  if (item == NULL)
    return false;
  item->flags |= FLAG_STORED;
  snapshot->counts.stored++;
  if (raw_digest != NULL && digest != NULL) {
    memcpy(item->raw_digest, raw_digest, HASH_BYTES);
    memcpy(item->digest, digest, HASH_BYTES);
    item->flags |= FLAG_KNOWN;
  }
  return true;
}

void snapshot_restart(struct snapshot *snapshot) {
  for (uint32_t i = 0; i < snapshot->accounts.count; i++) {
    struct item *item = &snapshot->accounts.list[i];
    if ((item->flags & FLAG_DIFFERS) != 0) /* its digests are no longer the stored ones: PostgreSQL will compare */
      item->flags &= (uint16_t)~FLAG_KNOWN;
    item->flags &= FLAG_STORED | FLAG_KNOWN;
  }
  snapshot->rejected.count = 0;
  index_clear(snapshot->rejected_index);
  snapshot->counts = (struct snapshot_counts){.stored = snapshot->counts.stored};
  snapshot->stored_shown = 0;
  memory_free(snapshot->organization);
  memory_free(snapshot->other_organization);
  snapshot->organization = snapshot->other_organization = NULL;
  snapshot->spare = SPARE_BYTES;
  snapshot->page = 0;
  snapshot->unstable = false;
}

void snapshot_reuse(struct snapshot *snapshot, const struct snapshot_options *options) {
  snapshot->options = *options;
  snapshot_restart(snapshot);
}

static void note_organization(struct snapshot *snapshot, struct slice id) {
  if (id.length == 0)
    return;
  if (snapshot->organization == NULL)
    snapshot->organization = slice_copy(id);
  else if (snapshot->other_organization == NULL && !slice_equals(id, snapshot->organization))
    snapshot->other_organization = slice_copy(id);
}

static bool reject(struct snapshot *snapshot, const struct page_entry *entry, enum account_fault fault,
                   const struct account *account) {
  unsigned char digest[HASH_BYTES];
  char fingerprint[2 * HASH_BYTES + 1];
  struct items *items = &snapshot->rejected;
  struct slice key = {(const char *)digest, HASH_BYTES};
  uint32_t number;
  bool is_new;
  hasher_digest(snapshot->hasher, entry->raw, digest);
  snapshot->last_rejected = entry->raw;
  if (index_find(snapshot->rejected_index, key, &number))
    return true;
  if (items->count == items->limit)
    return error_set(snapshot->error, ERROR_LIMIT, "the listing holds more than %d entries that are no accounts",
                     REJECTED_MAX);
  memcpy(items_append(items)->raw_digest, digest, HASH_BYTES);
  index_add(snapshot->rejected_index, key, &is_new);
  snapshot->fresh++;
  snapshot->counts.rejected++;
  text_hex(digest, HASH_BYTES, fingerprint);
  return snapshot->options.sink.rejected(snapshot->options.sink.context, fingerprint, fault, account, snapshot->error);
}

/* The account was shown; `same` says whether it was shown as before (in the database, or on an earlier page). */
static void show(struct snapshot *snapshot, struct item *item, bool same) {
  if ((item->flags & FLAG_SHOWN) == 0) {
    item->flags |= FLAG_SHOWN;
    item->page = (uint16_t)snapshot->page;
    snapshot->counts.shown++;
    snapshot->stored_shown += (item->flags & FLAG_STORED) != 0 ? 1 : 0;
    snapshot->fresh++;
    return;
  }
  if (item->page != (uint16_t)snapshot->page)
    snapshot->unstable = true;
  if (!same && (item->flags & FLAG_UNCERTAIN) == 0) {
    item->flags |= FLAG_UNCERTAIN;
    snapshot->counts.uncertain++;
    snapshot->unstable = true;
  }
}

/* The first gate: the raw text is the one whose document we have. Needs an id that reads as it stands. */
static bool is_as_stored(struct snapshot *snapshot, const struct page_entry *entry) {
  uint32_t number;
  unsigned char digest[HASH_BYTES];
  if (entry->id.length == 0 || memchr(entry->id.bytes, '\\', entry->id.length) != NULL)
    return false;
  if (!index_find(snapshot->account_index, entry->id, &number))
    return false;
  struct item *item = &snapshot->accounts.list[number];
  bool comparable = (item->flags & FLAG_KNOWN) != 0 && (!snapshot->options.verify || (item->flags & FLAG_SHOWN) != 0);
  if (!comparable)
    return false;
  hasher_digest(snapshot->hasher, entry->raw, digest);
  if (memcmp(digest, item->raw_digest, HASH_BYTES) != 0)
    return false;
  show(snapshot, item, true);
  return true;
}

static bool differ(struct snapshot *snapshot, struct item *item, const struct page_entry *entry,
                   const struct account *account) {
  hasher_digest(snapshot->hasher, entry->raw, item->raw_digest);
  memcpy(item->digest, account->digest, HASH_BYTES);
  if ((item->flags & FLAG_DIFFERS) == 0)
    snapshot->counts.differing++;
  item->flags |= FLAG_DIFFERS | FLAG_KNOWN;
  const struct snapshot_sink *sink = &snapshot->options.sink;
  uint32_t number = (uint32_t)(item - snapshot->accounts.list);
  return sink->differs(sink->context, number, item->raw_digest, account, snapshot->error);
}

/* Another user's account, where only one user's are wanted: a server may not know the filter and ignore it (close-api.md 1.1).
 * What is stored stays this mirror's business until it is proven gone. */
static bool is_stranger(const struct snapshot *snapshot, const struct item *item, const struct account *account) {
  const char *wanted = snapshot->options.user_id;
  return wanted != NULL && (item->flags & FLAG_STORED) == 0 && account->user_id.length > 0 &&
         !slice_equals(account->user_id, wanted);
}

static void pass_by(struct snapshot *snapshot, struct item *item) {
  snapshot->fresh += (item->flags & FLAG_STRANGER) == 0 ? 1 : 0;
  item->flags |= FLAG_STRANGER;
}

static bool read_account(struct snapshot *snapshot, const struct page_entry *entry, const struct account *account) {
  struct item *item = account_item(snapshot, account->id, snapshot->error);
  if (item == NULL)
    return false;
  note_organization(snapshot, account->organization_id);
  if (is_stranger(snapshot, item, account)) {
    pass_by(snapshot, item);
    return true;
  }
  bool shown = (item->flags & FLAG_SHOWN) != 0;
  bool same = (item->flags & FLAG_KNOWN) != 0 && memcmp(item->digest, account->digest, HASH_BYTES) == 0;
  show(snapshot, item, same);
  if (shown || (same && !snapshot->options.verify))
    return true;
  return differ(snapshot, item, entry, account);
}

static bool read_entry(struct snapshot *snapshot, const struct page_entry *entry) {
  struct account account;
  if (is_as_stored(snapshot, entry))
    return true;
  struct slice last = snapshot->last_rejected;
  if (last.length == entry->raw.length && last.length > 0 && memcmp(last.bytes, entry->raw.bytes, last.length) == 0)
    return true;
  enum account_fault fault = account_read(snapshot->options.reader, entry, &snapshot->spare, &account);
  return fault == ACCOUNT_GOOD ? read_account(snapshot, entry, &account) : reject(snapshot, entry, fault, &account);
}

void snapshot_page_begin(struct snapshot *snapshot, struct slice body) {
  snapshot->page++;
  snapshot->fresh = 0;
  snapshot->last_rejected = (struct slice){0};
  page_finish(&snapshot->reader);
  page_begin(&snapshot->reader, body);
}

enum page_result snapshot_page_step(struct snapshot *snapshot, struct page *ret_page, struct error *error) {
  struct page_entry entry;
  enum page_result result = page_step(&snapshot->reader, STEP_BYTES, &entry, error);
  snapshot->error = error;
  if (result == PAGE_ENTRY)
    result = read_entry(snapshot, &entry) ? PAGE_MORE : PAGE_BAD;
  if (result == PAGE_END) {
    *ret_page = snapshot->reader.page;
    snapshot->unstable |= ret_page->has_more && snapshot->fresh == 0;
  }
  return result;
}

bool snapshot_single(struct snapshot *snapshot, uint32_t number, struct slice body, struct error *error) {
  struct page_entry entry;
  struct account account;
  if (!page_read_single(body, PAGE_SINGLE_BYTES_MAX, &entry, error))
    return false;
  enum account_fault fault = account_read(snapshot->options.reader, &entry, &snapshot->spare, &account);
  struct slice id = snapshot_id(snapshot, number);
  if (fault != ACCOUNT_GOOD || account.id.length != id.length || memcmp(account.id.bytes, id.bytes, id.length) != 0)
    return error_set(error, ERROR_SHAPE, "the answer is not the account that was asked for");
  snapshot->error = error;
  return read_account(snapshot, &entry, &account);
}

bool snapshot_is_unstable(const struct snapshot *snapshot) { return snapshot->unstable; }
bool snapshot_is_stuck(const struct snapshot *snapshot) { return snapshot->fresh == 0; }
const char *snapshot_organization(const struct snapshot *snapshot) { return snapshot->organization; }
const char *snapshot_other_organization(const struct snapshot *snapshot) { return snapshot->other_organization; }

struct snapshot_counts snapshot_count(const struct snapshot *snapshot) {
  struct snapshot_counts counts = snapshot->counts;
  counts.missing = counts.stored - snapshot->stored_shown;
  return counts;
}

uint32_t snapshot_shown(const struct snapshot *snapshot) { return snapshot->counts.shown; }

struct slice snapshot_id(const struct snapshot *snapshot, uint32_t number) {
  return item_key(&snapshot->accounts, number);
}

bool snapshot_is_uncertain(const struct snapshot *snapshot, uint32_t number) {
  return (snapshot->accounts.list[number].flags & FLAG_UNCERTAIN) != 0;
}

static bool next_flagged(const struct snapshot *snapshot, uint32_t *number, uint16_t mask, uint16_t wanted) {
  for (; *number < snapshot->accounts.count; ++*number)
    if ((snapshot->accounts.list[*number].flags & mask) == wanted)
      return true;
  return false;
}

bool snapshot_next_missing(const struct snapshot *snapshot, uint32_t *number) {
  return next_flagged(snapshot, number, FLAG_STORED | FLAG_SHOWN, FLAG_STORED);
}

bool snapshot_next_uncertain(const struct snapshot *snapshot, uint32_t *number) {
  return next_flagged(snapshot, number, FLAG_UNCERTAIN, FLAG_UNCERTAIN);
}

bool snapshot_is_mended(const struct snapshot *snapshot, uint32_t number) {
  struct slice id = snapshot_id(snapshot, number);
  return memmem(id.bytes, id.length, "\xef\xbf\xbd", 3) != NULL;
}

bool snapshot_any_listed(const struct snapshot *snapshot, uint32_t *ret_number) {
  static const uint16_t best_first[] = {FLAG_STORED | FLAG_SHOWN, FLAG_SHOWN, FLAG_STRANGER};
  bool any = false;
  for (size_t i = 0; i < sizeof best_first / sizeof *best_first; i++)
    for (uint32_t number = 0; next_flagged(snapshot, &number, best_first[i], best_first[i]); number++) {
      *ret_number = number;
      any = true;
      if (!snapshot_is_mended(snapshot, number)) /* else Close cannot be asked for it */
        return true;
    }
  return any;
}
