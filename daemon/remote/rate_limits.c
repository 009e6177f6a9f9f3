#include "remote/rate_limits.h"
#include "base/hash.h"
#include "base/index.h"
#include "base/memory.h"
#include <string.h>

/* What this file is for: finding the budget of a key. A key is known by its digest, so that a budget outlives the configuration
 * that named the key and no copy of a secret is made. */

struct entry {
  unsigned char digest[HASH_BYTES];
  struct budget budget;
};

struct budgets {
  struct hasher *hasher;
  struct index *index;
  struct entry **entries;
  uint32_t capacity;
};

static struct slice entry_key(const void *context, uint32_t number) {
  const struct budgets *budgets = context;
  return (struct slice){(const char *)budgets->entries[number]->digest, HASH_BYTES};
}

struct budgets *budgets_create(void) {
  struct budgets *budgets = memory_allocate(sizeof *budgets);
  budgets->hasher = hasher_create();
  budgets->index = index_create(entry_key, budgets, 0);
  return budgets;
}

void budgets_destroy(struct budgets *budgets) {
  if (budgets == NULL)
    return;
  for (uint32_t i = 0; i < index_count(budgets->index); i++)
    memory_free(budgets->entries[i]);
  memory_free(budgets->entries);
  index_destroy(budgets->index);
  hasher_destroy(budgets->hasher);
  memory_free(budgets);
}

struct budget *budgets_of(struct budgets *budgets, const struct secret *key) {
  unsigned char digest[HASH_BYTES];
  bool is_new;
  uint32_t count = index_count(budgets->index);
  if (count == budgets->capacity) {
    budgets->capacity = count == 0 ? 8 : 2 * count;
    budgets->entries = memory_resize(budgets->entries, sizeof(struct entry *) * budgets->capacity);
  }
  hasher_digest(budgets->hasher, slice_of(secret_expose(key)), digest);
  uint32_t number = index_add(budgets->index, (struct slice){(const char *)digest, HASH_BYTES}, &is_new);
  if (!is_new)
    return &budgets->entries[number]->budget;
  struct entry *entry = memory_allocate(sizeof *entry);
  memcpy(entry->digest, digest, HASH_BYTES);
  budget_init(&entry->budget);
  budgets->entries[number] = entry;
  return &entry->budget;
}
