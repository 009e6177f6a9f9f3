/* Slots hold number + 1 and the key's hash, so that a probe reads a key only when it is most likely the right one, and growing reads
 * none. The seed keeps a hostile choice of keys from making every probe a long one. */
#include "base/index.h"
#include "base/memory.h"
#include <string.h>

struct slot {
  uint32_t number_plus_one, hash;
};

struct index {
  index_key_fn *key;
  const void *context;
  uint64_t seed;
  struct slot *slots;
  uint32_t slot_count, count; /* slot_count is a power of two */
};

enum { SLOTS_MIN = 16 };

static uint64_t mix(uint64_t value) {
  value ^= value >> 32;
  value *= 0x9E3779B97F4A7C15u;
  value ^= value >> 29;
  value *= 0xBF58476D1CE4E5B9u;
  return value ^ value >> 32;
}

static uint32_t hash_key(const struct index *index, struct slice key) {
  uint64_t hash = index->seed ^ key.length;
  size_t i = 0;
  for (; i + 8 <= key.length; i += 8) {
    uint64_t word;
    memcpy(&word, key.bytes + i, 8);
    hash = mix(hash ^ word);
  }
  uint64_t tail = 0;
  if (i < key.length)
    memcpy(&tail, key.bytes + i, key.length - i);
  return (uint32_t)mix(hash ^ tail);
}

struct index *index_create(index_key_fn *key, const void *context, uint64_t seed) {
  struct index *index = memory_allocate(sizeof *index);
  *index = (struct index){.key = key, .context = context, .seed = seed, .slot_count = SLOTS_MIN};
  index->slots = memory_allocate(sizeof(struct slot) * SLOTS_MIN);
  return index;
}

void index_destroy(struct index *index) {
  if (index == NULL)
    return;
  memory_free(index->slots);
  memory_free(index);
}

void index_clear(struct index *index) {
  memset(index->slots, 0, sizeof(struct slot) * index->slot_count);
  index->count = 0;
}

/* The slot of the key, or the free one where it would go. */
static struct slot *probe(const struct index *index, struct slice key, uint32_t hash) {
  uint32_t mask = index->slot_count - 1;
  for (uint32_t at = hash & mask;; at = (at + 1) & mask) {
    struct slot *slot = &index->slots[at];
    if (slot->number_plus_one == 0)
      return slot;
    if (slot->hash != hash)
      continue;
    struct slice other = index->key(index->context, slot->number_plus_one - 1);
    if (other.length == key.length && memcmp(other.bytes, key.bytes, key.length) == 0)
      return slot;
  }
}

static void grow(struct index *index) {
  struct slot *old = index->slots;
  uint32_t old_count = index->slot_count;
  index->slot_count *= 2;
  index->slots = memory_allocate(sizeof(struct slot) * index->slot_count);
  for (uint32_t i = 0; i < old_count; i++)
    if (old[i].number_plus_one != 0) {
      uint32_t at = old[i].hash & (index->slot_count - 1);
      while (index->slots[at].number_plus_one != 0)
        at = (at + 1) & (index->slot_count - 1);
      index->slots[at] = old[i];
    }
  memory_free(old);
}

uint32_t index_add(struct index *index, struct slice key, bool *ret_new) {
  if (index->count >= index->slot_count / 4 * 3)
    grow(index);
  uint32_t hash = hash_key(index, key);
  struct slot *slot = probe(index, key, hash);
  *ret_new = slot->number_plus_one == 0;
  if (*ret_new)
    *slot = (struct slot){++index->count, hash};
  return slot->number_plus_one - 1;
}

bool index_find(const struct index *index, struct slice key, uint32_t *ret_number) {
  const struct slot *slot = probe(index, key, hash_key(index, key));
  if (slot->number_plus_one == 0)
    return false;
  *ret_number = slot->number_plus_one - 1;
  return true;
}

uint32_t index_count(const struct index *index) { return index->count; }
