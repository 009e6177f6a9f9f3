#pragma once
/* Which number belongs to a key: an open-addressing hash index over keys that the caller keeps. Numbers count from 0. */
#include "base/text.h"

struct index;

/* Tells the key of a number that was handed out before. */
typedef struct slice index_key_fn(const void *context, uint32_t number);

struct index *index_create(index_key_fn *key, const void *context, uint64_t seed);
void index_destroy(struct index *index); /* NULL is allowed */
void index_clear(struct index *index);

/* The number of `key`; when it is new, the next number (index_count() before the call) is given and *ret_new says so: the
 * caller must keep the key under that number before the next call. */
uint32_t index_add(struct index *index, struct slice key, bool *ret_new);
/* False when the key is not there. */
bool index_find(const struct index *index, struct slice key, uint32_t *ret_number);
uint32_t index_count(const struct index *index);
