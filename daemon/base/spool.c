#include "base/spool.h"
#include "base/memory.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What this file is for: a first fill of any size in flat memory. It promises records back in the order they came. tmpfile()
 * makes an unlinked file that only we can open; it may land on a disk, so what is in it is gone with the process. */

enum { MEMORY_BYTES_MAX = 4 * 1024 * 1024, RECORD_BYTES_MAX = 64 * 1024 * 1024 };

struct spool {
  struct buffer memory;
  size_t memory_at; /* while reading */
  FILE *file;       /* NULL until memory is full */
  uint64_t filed;   /* records in it */
  uint64_t left;    /* of them, while reading */
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
  spool->memory_at = 0;
  if (spool->file != NULL)
    fclose(spool->file);
  spool->file = NULL;
  spool->filed = 0;
}

void spool_destroy(struct spool *spool) {
  if (spool == NULL)
    return;
  spool_clear(spool);
  buffer_finish(&spool->memory);
  buffer_finish(&spool->record);
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

static bool put_in_file(struct spool *spool, const struct slice *pieces, int count, uint32_t length,
                        struct error *error) {
  if (spool->file == NULL) {
    spool->file = open_unlinked();
    if (spool->file == NULL)
      return file_error(error, "make");
  }
  bool good = fwrite(&length, sizeof length, 1, spool->file) == 1;
  for (int i = 0; good && i < count; i++)
    good = pieces[i].length == 0 || fwrite(pieces[i].bytes, pieces[i].length, 1, spool->file) == 1;
  spool->filed += good ? 1 : 0;
  return good || file_error(error, "write");
}

bool spool_put(struct spool *spool, const struct slice *pieces, int count, struct error *error) {
  size_t length = 0;
  for (int i = 0; i < count; i++)
    length += pieces[i].length;
  uint32_t prefix = (uint32_t)length;
  if (spool->file != NULL || spool->memory.length + sizeof prefix + length > MEMORY_BYTES_MAX)
    return put_in_file(spool, pieces, count, prefix, error);
  bool good = buffer_append(&spool->memory, &prefix, sizeof prefix);
  for (int i = 0; good && i < count; i++)
    good = buffer_append(&spool->memory, pieces[i].bytes, pieces[i].length);
  return good || error_set(error, ERROR_BUG, "the spool's memory is full before its limit");
}

bool spool_rewind(struct spool *spool, struct error *error) {
  spool->memory_at = 0;
  spool->left = spool->filed;
  if (spool->file == NULL || (fflush(spool->file) == 0 && fseek(spool->file, 0, SEEK_SET) == 0))
    return true;
  return file_error(error, "read");
}

/* A file that became shorter is an error, wherever it ends. */
static bool read_file(struct spool *spool, void *bytes, size_t length, struct error *error) {
  errno = ENODATA;
  return fread(bytes, length, 1, spool->file) == 1 || file_error(error, "read");
}

static bool next_in_file(struct spool *spool, struct slice *ret_record, struct error *error) {
  uint32_t length;
  char chunk[16384];
  if (spool->left == 0)
    return false;
  spool->left--;
  if (!read_file(spool, &length, sizeof length, error))
    return false;
  buffer_clear(&spool->record);
  for (size_t left = length; left > 0;) {
    size_t piece = left < sizeof chunk ? left : sizeof chunk;
    if (!read_file(spool, chunk, piece, error))
      return false;
    buffer_append(&spool->record, chunk, piece);
    left -= piece;
  }
  *ret_record = buffer_slice(&spool->record);
  return buffer_fits(&spool->record) || error_set(error, ERROR_LIMIT, "a record of the temporary file is too long");
}

bool spool_next(struct spool *spool, struct slice *ret_record, struct error *error) {
  uint32_t length;
  if (spool->memory_at >= spool->memory.length)
    return next_in_file(spool, ret_record, error);
  memcpy(&length, spool->memory.bytes + spool->memory_at, sizeof length);
  *ret_record = (struct slice){spool->memory.bytes + spool->memory_at + sizeof length, length};
  spool->memory_at += sizeof length + length;
  return true;
}
