/* A chain of blocks. The newest ordinary block is filled from its start; what is larger than a block gets one of its own,
 * behind it, so that the rest of the newest is not lost. The limit counts what was handed out. */
#include "base/arena.h"
#include "base/memory.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)64 * 1024)
#define FIRST_BLOCK_BYTES \
  ((size_t)1024) /* each further one is twice as large, up to BLOCK_BYTES: there are arenas by the thousand */

struct block {
  struct block *next;
  size_t used, size;
  _Alignas(max_align_t) char bytes[];
};

struct arena {
  struct block *newest;
  size_t used, limit;
  size_t next_bytes; /* of the next ordinary block */
};

struct arena *arena_create(size_t limit_bytes) {
  struct arena *arena = memory_allocate(sizeof *arena);
  arena->limit = limit_bytes;
  arena->next_bytes = FIRST_BLOCK_BYTES;
  return arena;
}

static void free_chain(struct block *block) {
  while (block) {
    struct block *next = block->next;
    free(block);
    block = next;
  }
}

void arena_destroy(struct arena *arena) {
  if (!arena)
    return;
  free_chain(arena->newest);
  free(arena);
}

static struct block *add_block(struct arena *arena, size_t bytes) {
  bool ordinary = bytes <= BLOCK_BYTES / 4;
  while (ordinary && arena->next_bytes < BLOCK_BYTES && bytes > arena->next_bytes / 4)
    arena->next_bytes *= 2;
  size_t size = ordinary ? arena->next_bytes : bytes;
  struct block *block = memory_allocate(sizeof *block + size);
  block->size = size;
  if (ordinary && arena->next_bytes < BLOCK_BYTES)
    arena->next_bytes *= 2;
  if (arena->newest && !ordinary) {
    block->next = arena->newest->next;
    arena->newest->next = block;
  } else {
    block->next = arena->newest;
    arena->newest = block;
  }
  return block;
}

/* `alignment` is a power of two. Padding counts as used: it is memory all the same. */
static void *take(struct arena *arena, size_t bytes, size_t alignment) {
  struct block *block = arena->newest;
  size_t padding = block ? (alignment - block->used % alignment) % alignment : 0;
  bool fits = block && padding <= block->size - block->used && bytes <= block->size - block->used - padding;
  if (!fits)
    padding = 0;
  if (bytes > arena->limit - arena->used || padding > arena->limit - arena->used - bytes)
    return NULL;
  if (!fits)
    block = add_block(arena, bytes);
  void *memory = block->bytes + block->used + padding;
  block->used += padding + bytes;
  arena->used += padding + bytes;
  return memory;
}

void *arena_allocate(struct arena *arena, size_t bytes) {
  return take(arena, bytes ? bytes : 1, _Alignof(max_align_t));
}

char *arena_copy(struct arena *arena, const void *bytes, size_t length) {
  char *copy = length < SIZE_MAX ? take(arena, length + 1, 1) : NULL;
  if (copy && length)
    memcpy(copy, bytes, length);
  return copy;
}
