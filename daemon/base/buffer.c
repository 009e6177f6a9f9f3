/* Slices and buffers. Every growing thing has a limit. A buffer that has overflowed stays so until it is cleared, so that a text with
 * a hole in it is never taken for the whole: the rule of SQLite's sqlite3_str. */
#include "base/buffer.h"
#include "base/memory.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct slice slice_of(const char *text) {
  return (struct slice){.bytes = text, .length = text ? strlen(text) : 0};
}

bool slice_equals(struct slice slice, const char *text) {
  return slice.length == strlen(text) && (slice.length == 0 || memcmp(slice.bytes, text, slice.length) == 0);
}

char *slice_copy(struct slice slice) { return slice.bytes == NULL ? NULL : memory_copy(slice.bytes, slice.length); }

void buffer_init(struct buffer *buffer, size_t limit_bytes) {
  *buffer = (struct buffer){.limit = limit_bytes < SIZE_MAX ? limit_bytes : SIZE_MAX - 1};
}

void buffer_init_secret(struct buffer *buffer, size_t limit_bytes) {
  buffer_init(buffer, limit_bytes);
  buffer->is_secret = true;
}

static void give_back(const struct buffer *buffer) {
  if (buffer->is_secret && buffer->bytes != NULL)
    explicit_bzero(buffer->bytes, buffer->capacity);
  free(buffer->bytes);
}

void buffer_finish(struct buffer *buffer) {
  give_back(buffer);
  *buffer = (struct buffer){.limit = buffer->limit, .is_secret = buffer->is_secret};
}

struct buffer buffer_take(struct buffer *buffer) {
  struct buffer taken = *buffer;
  *buffer = (struct buffer){.limit = taken.limit, .is_secret = taken.is_secret};
  return taken;
}

void buffer_clear(struct buffer *buffer) {
  buffer->length = 0;
  buffer->overflowed = false;
  if (buffer->bytes)
    buffer->bytes[0] = '\0';
}

/* realloc() would leave a copy where the bytes were. */
static void move(struct buffer *buffer, size_t capacity) {
  char *bytes = memory_allocate(capacity);
  if (buffer->bytes != NULL)
    memcpy(bytes, buffer->bytes, buffer->length + 1);
  give_back(buffer);
  buffer->bytes = bytes;
}

/* Room for `length` more bytes and a NUL. */
static bool reserve(struct buffer *buffer, size_t length) {
  if (length > buffer->limit - buffer->length)
    buffer->overflowed = true;
  if (buffer->overflowed)
    return false;
  size_t needed = buffer->length + length + 1;
  if (needed <= buffer->capacity)
    return true;
  size_t doubled = buffer->capacity > buffer->limit / 2 ? buffer->limit + 1 : 2 * buffer->capacity;
  size_t capacity = needed > doubled ? needed : doubled;
  if (capacity < 64)
    capacity = 64;
  if (buffer->is_secret)
    move(buffer, capacity);
  else
    buffer->bytes = memory_resize(buffer->bytes, capacity);
  buffer->capacity = capacity;
  return true;
}

bool buffer_append(struct buffer *buffer, const void *bytes, size_t length) {
  if (!reserve(buffer, length))
    return false;
  if (length)
    memcpy(buffer->bytes + buffer->length, bytes, length);
  buffer->length += length;
  buffer->bytes[buffer->length] = '\0';
  return true;
}

bool buffer_append_text(struct buffer *buffer, const char *text) { return buffer_append(buffer, text, strlen(text)); }

bool buffer_append_format(struct buffer *buffer, const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int wanted = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  assert(wanted >= 0); /* vsnprintf fails for a wrong format alone */
  bool fits = reserve(buffer, (size_t)wanted);
  if (fits) {
    vsnprintf(buffer->bytes + buffer->length, (size_t)wanted + 1, format, again);
    buffer->length += (size_t)wanted;
  }
  va_end(again);
  return fits;
}

bool buffer_fits(const struct buffer *buffer) { return !buffer->overflowed; }

struct slice buffer_slice(const struct buffer *buffer) {
  return (struct slice){.bytes = buffer->bytes, .length = buffer->length};
}
