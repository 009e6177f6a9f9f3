/* Keeps records of any number in flat memory. It promises records back in the order they came, or in the one that was asked for: where
 * each of them lies is kept in memory. tmpfile() makes an unlinked file that only we can open; it may land on a disk, so what is in it
 * is gone with the process. */
#include "base/spool.h"
#include "base/memory.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MEMORY_BYTES_MAX = 4 * 1024 * 1024, RECORD_BYTES_MAX = 64 * 1024 * 1024 };

struct place { /* of a record */
  uint64_t at; /* in memory, or in the file, whose bytes count on from MEMORY_BYTES_MAX */
  uint32_t length, tag;
};

struct spool {
  struct buffer memory;
  FILE *file;          /* NULL until memory is full */
  uint64_t file_bytes; /* in it */
  struct place *places;
  size_t count, capacity, next; /* next: while reading */
  struct buffer record;
};

struct spool *spool_create(void) {
  struct spool *spool = memory_allocate(sizeof *spool);
  buffer_init(&spool->memory, MEMORY_BYTES_MAX);
  buffer_init(&spool->record, RECORD_BYTES_MAX);
  return spool;
}

void spool_clear(struct spool *spool) {
  buffer_clear(&spool->memory);
  if (spool->file != NULL)
    fclose(spool->file);
  spool->file = NULL;
  spool->file_bytes = 0;
  spool->count = spool->next = 0;
}

void spool_destroy(struct spool *spool) {
  if (spool == NULL)
    return;
  spool_clear(spool);
  buffer_finish(&spool->memory);
  buffer_finish(&spool->record);
  memory_free(spool->places);
  memory_free(spool);
}

static bool file_error(struct error *error, const char *what) {
  return error_set(error, ERROR_LIMIT, "could not %s a temporary file for what differs: %s (is $TMPDIR full?)", what,
                   strerror(errno));
}

/* tmpfile() insists on /tmp; a service with a private, small /tmp may want $TMPDIR. */
static FILE *open_unlinked(void) {
  const char *directory = getenv("TMPDIR");
  char path[4096];
  if (directory == NULL || directory[0] != '/' || strlen(directory) > sizeof path - 32)
    return tmpfile();
  snprintf(path, sizeof path, "%s/closesyncd.XXXXXX", directory);
  int fd = mkostemp(path, 02000000 /* O_CLOEXEC */);
  if (fd < 0)
    return NULL;
  remove(path);
  return fdopen(fd, "w+");
}

static bool put_in_file(struct spool *spool, const struct slice *pieces, int count, struct error *error) {
  if (spool->file == NULL) {
    spool->file = open_unlinked();
    if (spool->file == NULL)
      return file_error(error, "make");
  }
  bool good = true;
  for (int i = 0; good && i < count; i++)
    good = pieces[i].length == 0 || fwrite(pieces[i].bytes, pieces[i].length, 1, spool->file) == 1;
  return good || file_error(error, "write");
}

static bool put_in_memory(struct spool *spool, const struct slice *pieces, int count, struct error *error) {
  for (int i = 0; i < count; i++)
    buffer_append(&spool->memory, pieces[i].bytes, pieces[i].length);
  return buffer_fits(&spool->memory) || error_set(error, ERROR_BUG, "the spool's memory is full before its limit");
}

static void append_place(struct spool *spool, struct place place) {
  if (spool->count == spool->capacity) {
    spool->capacity = spool->capacity == 0 ? 64 : spool->capacity + spool->capacity / 2;
    spool->places = memory_resize(spool->places, sizeof *spool->places * spool->capacity);
  }
  spool->places[spool->count++] = place;
}

bool spool_put(struct spool *spool, uint32_t tag, const struct slice *pieces, int count, struct error *error) {
  size_t length = 0;
  for (int i = 0; i < count; i++)
    length += pieces[i].length;
  bool filed = spool->file != NULL || spool->memory.length + length > MEMORY_BYTES_MAX;
  struct place place = {.at = filed ? MEMORY_BYTES_MAX + spool->file_bytes : spool->memory.length,
                        .length = (uint32_t)length,
                        .tag = tag};
  if (!(filed ? put_in_file : put_in_memory)(spool, pieces, count, error))
    return false;
  spool->file_bytes += filed ? length : 0;
  append_place(spool, place);
  return true;
}

bool spool_rewind(struct spool *spool, struct error *error) {
  spool->next = 0;
  return spool->file == NULL || fflush(spool->file) == 0 || file_error(error, "read");
}

/* A file that became shorter is an error, wherever it ends. */
static bool read_file(struct spool *spool, const struct place *place, struct slice *ret_record, struct error *error) {
  char chunk[16384];
  off_t at = (off_t)(place->at - MEMORY_BYTES_MAX);
  buffer_clear(&spool->record);
  for (size_t left = place->length; left > 0;) {
    ssize_t got = pread(fileno(spool->file), chunk, left < sizeof chunk ? left : sizeof chunk, at);
    if (got <= 0) {
      errno = got == 0 ? ENODATA : errno;
      return file_error(error, "read");
    }
    buffer_append(&spool->record, chunk, (size_t)got);
    left -= (size_t)got;
    at += got;
  }
  *ret_record = buffer_slice(&spool->record);
  return buffer_fits(&spool->record) || error_set(error, ERROR_LIMIT, "a record of the temporary file is too long");
}

bool spool_next(struct spool *spool, struct slice *ret_record, struct error *error) {
  if (spool->next == spool->count)
    return false;
  const struct place *place = &spool->places[spool->next++];
  if (place->at >= MEMORY_BYTES_MAX)
    return read_file(spool, place, ret_record, error);
  *ret_record = (struct slice){spool->memory.bytes + place->at, place->length};
  return true;
}

struct order {
  spool_order_fn *order;
  const void *context;
};

static int compare_places(const void *left, const void *right, void *context) {
  const struct order *order = context;
  return order->order(order->context, ((const struct place *)left)->tag, ((const struct place *)right)->tag);
}

void spool_sort_next(struct spool *spool, size_t count, spool_order_fn *order, const void *context) {
  struct order by = {order, context};
  size_t left = spool->count - spool->next;
  if (left > 1)
    qsort_r(&spool->places[spool->next], left < count ? left : count, sizeof *spool->places, compare_places, &by);
}

size_t spool_position(const struct spool *spool) { return spool->next; }
