#pragma once
/* Bytes: borrowed slices, and growable buffers with a maximum from birth. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
  const char *bytes; /* not NUL-terminated, borrowed */
  size_t length;
};

struct header { /* one HTTP header as received, name in lower case */
  struct slice name, value;
};

struct buffer {
  char *bytes; /* NUL-terminated when not NULL */
  size_t length, capacity, limit;
  bool overflowed; /* something did not fit; true until the buffer is cleared */
  bool is_secret;  /* nothing of it stays in memory that is given back, also when it grows */
};

struct slice slice_of(const char *text);                 /* NULL becomes the empty slice */
bool slice_equals(struct slice slice, const char *text); /* bytewise */
char *slice_copy(struct slice slice); /* NUL added; free with memory_free(); NULL where bytes are NULL */

void buffer_init(struct buffer *buffer, size_t limit_bytes);
void buffer_init_secret(struct buffer *buffer, size_t limit_bytes);
void buffer_finish(struct buffer *buffer);
struct buffer buffer_take(struct buffer *buffer); /* what it holds is the caller's from now on; `buffer` is empty */
void buffer_clear(struct buffer *buffer);         /* keeps the memory */

/* An append that does not fit is left out, and so is every later one. Each returns whether everything so far has fitted, so the
 * caller of many asks once, at the end: buffer_fits(). */
bool buffer_append(struct buffer *buffer, const void *bytes, size_t length);
bool buffer_append_text(struct buffer *buffer, const char *text);
bool buffer_append_format(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool buffer_fits(const struct buffer *buffer) __attribute__((warn_unused_result));
/* The bytes, borrowed until the next append: of a buffer that has overflowed, what fitted. */
struct slice buffer_slice(const struct buffer *buffer);
