/* From a page's bytes to accounts. Whatever the splitter accepts, a second opinion does too; it finds as many entries, in turns of any size; an account's document
 * means what the text means, in one form only; and equal documents and equal values are one relation (tree.h has the second opinion). */
#include "check.h"
#include "crm/account.h"
#include "crm/scan.h"
#include "tree.h"
#include <string.h>

enum { ENTRIES_MAX = 12, DEPTH_MAX = 512 };

struct entries {
  struct page_entry list[ENTRIES_MAX];
  size_t count;
};

struct document {
  const struct tree *tree;
  struct buffer text;
  unsigned char digest[HASH_BYTES];
  enum account_fault fault;
};

/* In turns, of which the budget makes few or many. */
static bool read_page(struct slice body, size_t budget, struct entries *entries, struct page *page,
                      struct error *error) {
  struct page_reader reader;
  struct page_entry entry;
  enum page_result result;
  page_begin(&reader, body);
  while ((result = page_step(&reader, budget, &entry, error)) == PAGE_MORE || result == PAGE_ENTRY) {
    if (result == PAGE_ENTRY && entries->count < ENTRIES_MAX)
      entries->list[entries->count] = entry;
    entries->count += result == PAGE_ENTRY ? 1 : 0;
  }
  *page = reader.page;
  page_finish(&reader);
  return result == PAGE_END;
}

/* The envelope as the contract wants it; a name in escapes is the same name, so that a twin cannot hide. */
static bool is_list(const struct tree *tree) {
  int data = 0, has_more = 0;
  for (const struct tree *child = tree == NULL ? NULL : tree->first; child != NULL; child = child->next) {
    if (slice_equals(child->key, "data"))
      data += child->kind == TREE_ARRAY ? 1 : 100;
    if (slice_equals(child->key, "has_more"))
      has_more += child->kind == TREE_TRUE || child->kind == TREE_FALSE ? 1 : 100;
  }
  return tree != NULL && tree->kind == TREE_OBJECT && data == 1 && has_more == 1;
}

/* The scanner and both readers agree on the body as a whole. */
static void check_body(struct slice body, const struct tree *tree, bool page_good, const struct page *page) {
  struct scan scan;
  struct slice value;
  scan_init(&scan, body);
  bool accepted = scan_value(&scan, &value);
  scan_space(&scan);
  accepted = accepted && scan.at == scan.end;
  int depth = scan.depth;
  scan_finish(&scan);
  CHECK(accepted || !page_good);
  if (depth > DEPTH_MAX)
    return;
  CHECK(accepted == (tree != NULL));
  CHECK(page_good == is_list(tree));
  if (!accepted)
    return;
  CHECK(tree_depth(tree) == depth);
  size_t count = 0;
  bool more = false;
  for (const struct tree *child = page_good ? tree->first : NULL; child != NULL; child = child->next) {
    if (slice_equals(child->key, "data"))
      for (const struct tree *entry = child->first; entry != NULL; entry = entry->next)
        count++;
    if (slice_equals(child->key, "has_more"))
      more = child->kind == TREE_TRUE;
  }
  CHECK(!page_good || (count == page->entries && more == page->has_more));
}

static enum account_fault read_text(struct account_reader *reader, struct slice text, struct account *account) {
  struct page_entry entry;
  CHECK(page_read_single(text, 1 << 24, &entry, NULL));
  return account_read(reader, &entry, NULL, account);
}

/* Why the contract sets an entry aside, found out from the tree. */
static enum account_fault expected_fault(const struct tree *tree) {
  const struct tree *id = tree_member(tree, "id");
  if (tree->kind != TREE_OBJECT)
    return ACCOUNT_NO_OBJECT;
  if (id == NULL || id->kind != TREE_STRING || id->text.length == 0)
    return ACCOUNT_NO_ID;
  if (tree_depth(tree) > ENTRY_DEPTH_MAX)
    return ACCOUNT_TOO_DEEP;
  if (tree_has_bad_number(tree))
    return ACCOUNT_NUMBER;
  return id->text.length > ACCOUNT_ID_BYTES_MAX ? ACCOUNT_LONG_ID : ACCOUNT_GOOD;
}

/* The same said in other words, and the canonical form itself, have the same canonical form. */
static void check_form(struct account_reader *reader, const struct document *document, uint64_t seed) {
  struct account account;
  struct buffer other;
  buffer_init(&other, 1 << 22);
  /* Written out, numbers may make a text that is too large to be an entry itself. */
  for (int oneshot = document->text.length > ENTRY_BYTES_MAX ? 1 : 0; oneshot < 3; oneshot++) {
    buffer_clear(&other);
    bool written = oneshot == 0 ? buffer_append(&other, document->text.bytes, document->text.length)
                                : tree_scramble(document->tree, &seed, &other);
    if (!written)
      break;
    enum account_fault fault = read_text(reader, buffer_slice(&other), &account);
    CHECK(fault == document->fault);
    CHECK(account.document.length == document->text.length);
    CHECK(memcmp(account.document.bytes, document->text.bytes, account.document.length) == 0);
    CHECK(fault != ACCOUNT_GOOD || memcmp(account.digest, document->digest, HASH_BYTES) == 0);
  }
  buffer_finish(&other);
}

/* Characters that its numbers come to, at most. */
static uint64_t written_out(const struct tree *tree) {
  uint64_t sum = tree->text.length;
  if (tree->kind == TREE_NUMBER)
    sum += (uint64_t)(tree->exponent < 0 ? -tree->exponent : tree->exponent);
  for (const struct tree *child = tree->first; child != NULL; child = child->next)
    sum += written_out(child);
  return sum;
}

static void check_entry(struct arena *arena, struct account_reader *reader, const struct page_entry *entry,
                        struct document *document) {
  struct account account;
  document->fault = account_read(reader, entry, NULL, &account);
  document->tree = entry->depth > DEPTH_MAX ? NULL : tree_read(arena, entry->raw, DEPTH_MAX);
  buffer_init(&document->text, 1 << 24);
  bool large = document->tree != NULL && written_out(document->tree) > ENTRY_BYTES_MAX;
  CHECK(large || document->tree == NULL || document->fault != ACCOUNT_TOO_LARGE);
  if (document->tree == NULL || document->fault == ACCOUNT_TOO_LARGE) {
    document->tree = NULL;
    return;
  }
  CHECK(document->fault == expected_fault(document->tree));
  bool bad = tree_has_bad_number(document->tree);
  CHECK(account.document.length == 0 ? bad || large : !bad);
  const struct tree *id = tree_member(document->tree, "id");
  if (id != NULL && id->kind == TREE_STRING)
    CHECK(account.id.length == id->text.length &&
          (id->text.length == 0 || memcmp(account.id.bytes, id->text.bytes, id->text.length) == 0));
  if (account.document.length == 0)
    return;
  CHECK(buffer_append(&document->text, account.document.bytes, account.document.length));
  if (document->fault == ACCOUNT_GOOD)
    memcpy(document->digest, account.digest, HASH_BYTES);
  const struct tree *again = tree_read(arena, buffer_slice(&document->text), DEPTH_MAX);
  CHECK(again != NULL && tree_equal(document->tree, again));
  check_form(reader, document, entry->raw.length * 2654435761u + 1);
}

static void check_pairs(const struct document *documents, size_t count) {
  for (size_t i = 0; i < count; i++)
    for (size_t k = 0; k < i; k++) {
      const struct document *left = &documents[i], *right = &documents[k];
      if (left->text.length == 0 || right->text.length == 0)
        continue;
      bool same = left->text.length == right->text.length &&
                  memcmp(left->text.bytes, right->text.bytes, left->text.length) == 0;
      CHECK(same == tree_equal(left->tree, right->tree));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct slice body = {(const char *)data, size};
  struct arena *arena = arena_create((size_t)1 << 30);
  struct account_reader *reader = account_reader_create(NULL, 0);
  struct entries entries = {.count = 0};
  struct document documents[ENTRIES_MAX];
  struct page page;
  struct error error = {0};
  struct entries again = {.count = 0};
  struct page page_again;
  bool good = read_page(body, SIZE_MAX, &entries, &page, &error);
  CHECK(read_page(body, 1 + size % 7, &again, &page_again, NULL) == good && again.count == entries.count);
  CHECK(good ? error.kind == ERROR_NONE : error.kind == ERROR_SHAPE);
  CHECK(!good || page.entries == entries.count);
  check_body(body, tree_read(arena, body, DEPTH_MAX), good, &page);
  size_t count = !good ? 0 : entries.count < ENTRIES_MAX ? entries.count : ENTRIES_MAX;
  for (size_t i = 0; i < count; i++)
    check_entry(arena, reader, &entries.list[i], &documents[i]);
  check_pairs(documents, count);
  for (size_t i = 0; i < count; i++)
    buffer_finish(&documents[i].text);
  account_reader_destroy(reader);
  arena_destroy(arena);
  return 0;
}
