/* Growable bytes. Memory that runs out ends the simulator: a test tool has nothing better to do. */
#include "sim/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

char *copy_string(const char *string) {
  char *copy = strdup(string);
  if (!copy)
    abort();
  return copy;
}

void *new_zeroed(size_t count, size_t size) {
  void *memory = calloc(count ? count : 1, size);
  if (!memory)
    abort();
  return memory;
}

void *grow(void *array, size_t count, size_t size) {
  void *memory = realloc(array, (count ? count : 1) * size);
  if (!memory)
    abort();
  return memory;
}

void text_finish(struct text *text) {
  free(text->bytes);
  *text = (struct text){0};
}

void text_reserve(struct text *text, size_t more_bytes) {
  size_t needed = text->length + more_bytes + 1;
  if (needed <= text->capacity)
    return;
  size_t capacity = text->capacity ? text->capacity * 2 : 256;
  if (capacity < needed)
    capacity = needed;
  text->bytes = grow(text->bytes, capacity, 1);
  text->capacity = capacity;
}

void text_add(struct text *text, const char *bytes, size_t length) {
  text_reserve(text, length);
  if (length)
    memcpy(text->bytes + text->length, bytes, length);
  text->length += length;
  text->bytes[text->length] = '\0';
}

void text_string(struct text *text, const char *string) { text_add(text, string, strlen(string)); }

void text_format(struct text *text, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (length < 0)
    abort();
  text_reserve(text, (size_t)length);
  va_start(arguments, format);
  vsnprintf(text->bytes + text->length, (size_t)length + 1, format, arguments);
  va_end(arguments);
  text->length += (size_t)length;
}

void text_json(struct text *text, const char *string) {
  text_string(text, "\"");
  for (const char *at = string; *at; at++) {
    unsigned char byte = (unsigned char)*at;
    if (byte == '"' || byte == '\\')
      text_format(text, "\\%c", byte);
    else if (byte < 0x20)
      text_format(text, "\\u%04x", byte);
    else
      text_add(text, at, 1);
  }
  text_string(text, "\"");
}

static int base64_value(char letter) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const char *at = letter ? strchr(alphabet, letter) : NULL;
  return at ? (int)(at - alphabet) : -1;
}

bool text_base64(struct text *text, const char *base64) {
  unsigned int bits = 0;
  int bit_count = 0;
  const char *at = base64;
  text_reserve(text, strlen(base64));
  for (; *at && *at != '='; at++) {
    int value = base64_value(*at);
    if (value < 0)
      return false;
    bits = (bits << 6 | (unsigned int)value) & 0xffffu;
    bit_count += 6;
    if (bit_count >= 8) {
      bit_count -= 8;
      char byte = (char)(bits >> bit_count & 0xffu);
      text_add(text, &byte, 1);
    }
  }
  return at[strspn(at, "=")] == '\0';
}

bool text_file(struct text *text, const char *path) {
  FILE *file = fopen(path, "re");
  if (!file)
    return false;
  char buffer[65536];
  size_t length;
  while ((length = fread(buffer, 1, sizeof buffer, file)) > 0)
    text_add(text, buffer, length);
  bool good = !ferror(file);
  fclose(file);
  return good;
}

static void deflate_into(struct text *text, z_stream *stream, int flush) {
  do {
    text_reserve(text, 65536);
    stream->next_out = (Bytef *)(text->bytes + text->length);
    stream->avail_out = 65536;
    if (deflate(stream, flush) == Z_STREAM_ERROR)
      abort();
    text->length += 65536 - stream->avail_out;
  } while (stream->avail_out == 0);
}

void text_gzip(struct text *text, const char *bytes, size_t length, size_t zeros) {
  enum { GZIP_WINDOW = 15 + 16 };
  static const Bytef nothing[65536];
  z_stream stream = {0};
  if (deflateInit2(&stream, 1, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    abort();
  stream.next_in = (const Bytef *)bytes;
  stream.avail_in = (uInt)length;
  deflate_into(text, &stream, Z_NO_FLUSH);
  for (size_t left = zeros; left > 0;) {
    size_t piece = left < sizeof nothing ? left : sizeof nothing;
    stream.next_in = nothing;
    stream.avail_in = (uInt)piece;
    deflate_into(text, &stream, Z_NO_FLUSH);
    left -= piece;
  }
  deflate_into(text, &stream, Z_FINISH);
  deflateEnd(&stream);
  text->bytes[text->length] = '\0';
}

char *text_take(struct text *text) {
  if (!text->bytes)
    text_add(text, "", 0);
  char *bytes = text->bytes;
  *text = (struct text){0};
  return bytes;
}
