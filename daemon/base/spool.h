#pragma once
/* What differs waits here until the listing is complete: in memory up to 4 MiB, then in an unlinked file of mode 0600. */
#include "base/error.h"
#include "base/text.h"

struct spool;

struct spool *spool_create(void);
void spool_destroy(struct spool *spool); /* NULL is allowed */
void spool_clear(struct spool *spool);

/* Append one record made of pieces; `tag` tells spool_sort_next() which it is. Errors: LIMIT when the disk is full or no temporary file can
 * be made. */
bool spool_put(struct spool *spool, uint32_t tag, const struct slice *pieces, int count, struct error *error)
    __attribute__((warn_unused_result));

/* Reading starts at the first record again; nothing may be put after it. */
bool spool_rewind(struct spool *spool, struct error *error) __attribute__((warn_unused_result));
/* The next record, borrowed until the next call. False: no more (error untouched), or it could not be read (error set). */
bool spool_next(struct spool *spool, struct slice *ret_record, struct error *error);

/* How many records were read since the beginning. */
size_t spool_position(const struct spool *spool);
/* Puts the next `count` records in order (as qsort_r() does). */
typedef int spool_order_fn(const void *context, uint32_t left_tag, uint32_t right_tag);
void spool_sort_next(struct spool *spool, size_t count, spool_order_fn *order, const void *context);
