#include "sync/budgets.h"
#include "base/index.h"
#include "base/memory.h"

/* What this file is for: finding the budget of a key. Keys are compared in place, never copied. */

struct entry {
  const struct secret *key;
  struct budget budget;
};

struct budgets {
  struct index *index;
  struct entry **entries;
  uint32_t capacity;
};

static struct slice entry_key(const void *context, uint32_t number) {
  const struct budgets *budgets = context;
  return slice_of(secret_expose(budgets->entries[number]->key));
}

struct budgets *budgets_create(void) {
  struct budgets *budgets = memory_allocate(sizeof *budgets);
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
  memory_free(budgets);
}

struct budget *budgets_of(struct budgets *budgets, const struct secret *key) {
  bool is_new;
  uint32_t count = index_count(budgets->index);
  if (count == budgets->capacity) {
    budgets->capacity = count == 0 ? 8 : 2 * count;
    budgets->entries = memory_resize(budgets->entries, sizeof(struct entry *) * budgets->capacity);
  }
  uint32_t number = index_add(budgets->index, slice_of(secret_expose(key)), &is_new);
  if (!is_new)
    return &budgets->entries[number]->budget;
  struct entry *entry = memory_allocate(sizeof *entry);
  entry->key = key;
  budget_init(&entry->budget);
  budgets->entries[number] = entry;
  return &entry->budget;
}
