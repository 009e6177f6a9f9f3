/* Notations. An append that does not fit leaves the buffer overflowed: see base/buffer.h. */
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

bool text_equals(const char *left, const char *right) {
  return left == NULL || right == NULL ? left == right : strcmp(left, right) == 0;
}

bool text_percent_encode(struct buffer *buffer, struct slice slice) {
  static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  static const char digits[] = "0123456789ABCDEF";
  for (size_t i = 0; i < slice.length; i++) {
    unsigned char byte = (unsigned char)slice.bytes[i];
    char encoded[3] = {'%', digits[byte >> 4], digits[byte & 15]};
    if (byte && strchr(unreserved, byte))
      buffer_append(buffer, slice.bytes + i, 1);
    else
      buffer_append(buffer, encoded, sizeof encoded);
  }
  return buffer_fits(buffer);
}

size_t text_utf8_character(struct slice slice, size_t *ret_skip) {
  const unsigned char *bytes = (const unsigned char *)slice.bytes;
  size_t ignored;
  size_t *skip = ret_skip ? ret_skip : &ignored;
  *skip = slice.length ? 1 : 0;
  if (slice.length == 0)
    return 0;
  unsigned char first = bytes[0];
  if (first < 0x80)
    return 1;
  size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4)
    return 0;
  /* Unicode table 3-7: only the second byte's range depends on the first one. */
  unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  for (size_t i = 1; i < length; i++) {
    if (i >= slice.length || bytes[i] < low || bytes[i] > high)
      return 0;
    low = 0x80;
    high = 0xbf;
    *skip = i + 1;
  }
  return length;
}

size_t text_utf8_floor(struct slice slice, size_t length) {
  if (length > slice.length)
    length = slice.length;
  for (size_t back = 1; back <= 3 && back <= length; back++) {
    unsigned char byte = (unsigned char)slice.bytes[length - back];
    if ((byte & 0xc0) == 0x80)
      continue;
    size_t wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return wanted > back ? length - back : length;
  }
  return length;
}

/* Steers: C0, DEL, C1, and what turns the direction of writing (U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069). */
size_t text_step(struct slice text, bool *ret_harmless) {
  size_t skip;
  size_t step = text_utf8_character(text, &skip);
  const unsigned char *at = (const unsigned char *)text.bytes;
  bool steers = at[0] < 0x20 || at[0] == 0x7f || (step == 2 && at[0] == 0xc2 && at[1] < 0xa0);
  if (step == 3 && at[0] == 0xe2)
    steers = (at[1] == 0x80 && (at[2] == 0x8e || at[2] == 0x8f || (at[2] >= 0xaa && at[2] <= 0xae))) ||
             (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9);
  *ret_harmless = step > 0 && !steers;
  return step > 0 ? step : skip;
}

size_t text_characters(struct slice text) {
  size_t count = 0;
  bool harmless;
  for (size_t step; text.length > 0; text.bytes += step, text.length -= step, count++)
    step = text_step(text, &harmless);
  return count;
}

bool text_append_clean(struct buffer *buffer, struct slice text) {
  for (size_t step; text.length > 0; text.bytes += step, text.length -= step) {
    bool harmless;
    step = text_step(text, &harmless);
    buffer_append(buffer, harmless ? text.bytes : "?", harmless ? step : 1);
  }
  return buffer_fits(buffer);
}

/* One byte below 0x80 inside a JSON string; \u00xx by hand, for a hostile page may be made of them. */
static bool append_json_ascii(struct buffer *buffer, char byte) {
  static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt", digits[] = "0123456789abcdef";
  const char *found = byte ? strchr(plain, byte) : NULL;
  if (found)
    return buffer_append(buffer, (char[]){'\\', letters[found - plain]}, 2);
  if ((unsigned char)byte < 0x20 || byte == 0x7f)
    return buffer_append(buffer, (char[]){'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]}, 6);
  return buffer_append(buffer, &byte, 1);
}

/* How many bytes from `at` on stand for themselves in a JSON string. */
static size_t plain_run(struct slice slice, size_t at) {
  size_t end = at;
  while (end < slice.length && slice.bytes[end] >= 0x20 && slice.bytes[end] < 0x7f && slice.bytes[end] != '"' &&
         slice.bytes[end] != '\\')
    end++;
  return end - at;
}

bool text_append_json(struct buffer *buffer, struct slice slice) {
  buffer_append(buffer, "\"", 1);
  for (size_t i = 0; i < slice.length && buffer_fits(buffer);) {
    size_t skip, plain = plain_run(slice, i);
    buffer_append(buffer, slice.bytes + i, plain);
    i += plain;
    if (i == slice.length)
      break;
    size_t length = text_utf8_character((struct slice){slice.bytes + i, slice.length - i}, &skip);
    if (length == 0 || slice.bytes[i] == '\0')
      buffer_append(buffer, "\xef\xbf\xbd", 3);
    else if (length == 1)
      append_json_ascii(buffer, slice.bytes[i]);
    else
      buffer_append(buffer, slice.bytes + i, length);
    i += length ? length : skip;
  }
  return buffer_append(buffer, "\"", 1);
}

void text_hex(const unsigned char *bytes, size_t length, char *ret_hex) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < length; i++) {
    ret_hex[2 * i] = digits[bytes[i] >> 4];
    ret_hex[2 * i + 1] = digits[bytes[i] & 15];
  }
  ret_hex[2 * length] = '\0';
}

int text_hex_digit(char digit) {
  if (digit >= '0' && digit <= '9')
    return digit - '0';
  char lower = (char)(digit | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool text_is_blank(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

struct slice text_trim(struct slice text) {
  while (text.length > 0 && text_is_blank(text.bytes[text.length - 1]))
    text.length--;
  while (text.length > 0 && text_is_blank(*text.bytes)) {
    text.bytes++;
    text.length--;
  }
  return text;
}

struct unit {
  const char *suffix;
  int64_t factor;
};

/* Digits, then one of the units; the product must fit. */
static bool parse_with_unit(const char *text, const struct unit *units, int64_t *ret_value) {
  int64_t value = 0;
  const char *at = text;
  for (; *at >= '0' && *at <= '9'; at++) {
    if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *at - '0', &value))
      return false;
  }
  if (at == text)
    return false;
  for (; units->suffix; units++) {
    if (strcmp(at, units->suffix) == 0) {
      int64_t product;
      if (__builtin_mul_overflow(value, units->factor, &product))
        return false;
      *ret_value = product;
      return true;
    }
  }
  return false;
}

bool text_parse_duration(const char *text, int64_t *ret_ms) {
  static const struct unit units[] = {{"", 1000},     {"ms", 1},       {"s", 1000}, {"m", 60000},
                                      {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
  return parse_with_unit(text, units, ret_ms);
}

bool text_parse_size(const char *text, size_t *ret_bytes) {
  static const struct unit units[] = {{"", 1},          {"B", 1},         {"KiB", 1 << 10},
                                      {"MiB", 1 << 20}, {"GiB", 1 << 30}, {NULL, 0}};
  int64_t bytes;
  if (!parse_with_unit(text, units, &bytes) || (uint64_t)bytes > SIZE_MAX)
    return false;
  *ret_bytes = (size_t)bytes;
  return true;
}

bool text_parse_share(const char *text, double *ret_share) {
  double percent = 0, place = 1;
  const char *at = text;
  for (; *at >= '0' && *at <= '9'; at++)
    percent = percent * 10 + (*at - '0');
  if (at == text)
    return false;
  if (*at == '.') {
    const char *fraction = ++at;
    for (; *at >= '0' && *at <= '9'; at++)
      percent += (*at - '0') * (place /= 10);
    if (at == fraction)
      return false;
  }
  if (strcmp(at, "%") != 0 || percent > 1e6)
    return false;
  *ret_share = percent / 100;
  return true;
}

bool text_parse_bool(const char *text, bool *ret_value) {
  static const struct {
    const char *word;
    bool value;
  } words[] = {{"yes", true}, {"no", false},  {"true", true}, {"false", false},
               {"on", true},  {"off", false}, {"1", true},    {"0", false}};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (strcmp(text, words[i].word) == 0) {
      *ret_value = words[i].value;
      return true;
    }
  }
  return false;
}
