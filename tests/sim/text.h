/* A growable run of bytes: what the simulator reads, renders and sends. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* All zero is an empty text. bytes is NUL-terminated whenever it is not NULL. Out of memory aborts. */
struct text {
  char *bytes;
  size_t length;
  size_t capacity;
};

void text_finish(struct text *text);
void text_reserve(struct text *text, size_t more_bytes);
void text_add(struct text *text, const char *bytes, size_t length);
void text_string(struct text *text, const char *string);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds string as a JSON string, quotes included. */
void text_json(struct text *text, const char *string);

/* Adds what base64 stands for; false when it is no base64. */
bool text_base64(struct text *text, const char *base64) __attribute__((warn_unused_result));

/* Adds a whole file; false (errno set) when it cannot be read. */
bool text_file(struct text *text, const char *path) __attribute__((warn_unused_result));

/* Adds the gzip form of length bytes followed by zeros zero bytes. */
void text_gzip(struct text *text, const char *bytes, size_t length, size_t zeros);

/* The bytes, owned by the caller from now on; the text is empty again. Never NULL. */
char *text_take(struct text *text);

/* Like strdup and calloc, but abort when memory is out. */
char *copy_string(const char *string);
void *new_zeroed(size_t count, size_t size);
void *grow(void *array, size_t count, size_t size);
