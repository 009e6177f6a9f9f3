/* Finds the rate limit of a key. A key is known by its digest, so that a limit outlives the configuration that named the key and no copy
 * of a secret is made. */
#include "remote/rate_limits.h"
#include "base/hash.h"
#include "base/index.h"
#include "base/memory.h"
#include <string.h>

struct entry {
  unsigned char digest[HASH_BYTES];
  struct rate_limit rate_limit;
};

struct rate_limits {
  struct hasher *hasher;
  struct index *index;
  struct entry **entries;
  uint32_t capacity;
};

static struct slice entry_key(const void *context, uint32_t number) {
  const struct rate_limits *rate_limits = context;
  return (struct slice){(const char *)rate_limits->entries[number]->digest, HASH_BYTES};
}

struct rate_limits *rate_limits_create(void) {
  struct rate_limits *rate_limits = memory_allocate(sizeof *rate_limits);
  rate_limits->hasher = hasher_create();
  rate_limits->index = index_create(entry_key, rate_limits, 0);
  return rate_limits;
}

void rate_limits_destroy(struct rate_limits *rate_limits) {
  if (rate_limits == NULL)
    return;
  for (uint32_t i = 0; i < index_count(rate_limits->index); i++)
    memory_free(rate_limits->entries[i]);
  memory_free(rate_limits->entries);
  index_destroy(rate_limits->index);
  hasher_destroy(rate_limits->hasher);
  memory_free(rate_limits);
}

struct rate_limit *rate_limits_of(struct rate_limits *rate_limits, struct slice credential) {
  unsigned char digest[HASH_BYTES];
  bool is_new;
  uint32_t count = index_count(rate_limits->index);
  if (count == rate_limits->capacity) {
    rate_limits->capacity = count == 0 ? 8 : 2 * count;
    rate_limits->entries = memory_resize(rate_limits->entries, sizeof(struct entry *) * rate_limits->capacity);
  }
  hasher_digest(rate_limits->hasher, credential, digest);
  uint32_t number = index_add(rate_limits->index, (struct slice){(const char *)digest, HASH_BYTES}, &is_new);
  if (!is_new)
    return &rate_limits->entries[number]->rate_limit;
  struct entry *entry = memory_allocate(sizeof *entry);
  memcpy(entry->digest, digest, HASH_BYTES);
  rate_limit_init(&entry->rate_limit);
  rate_limits->entries[number] = entry;
  return &entry->rate_limit;
}
