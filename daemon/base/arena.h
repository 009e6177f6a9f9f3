#pragma once
/* Memory that is given back all at once, with a hard limit from birth. */
#include <stddef.h>

struct arena;

struct arena *arena_create(size_t limit_bytes);
void arena_destroy(struct arena *arena); /* NULL is allowed */

/* Zeroed, aligned for any type. NULL only when `limit_bytes` would be exceeded: the caller's ERROR_LIMIT. */
void *arena_allocate(struct arena *arena, size_t bytes) __attribute__((warn_unused_result));
char *arena_copy(struct arena *arena, const void *bytes, size_t length)
    __attribute__((warn_unused_result)); /* NUL added */
