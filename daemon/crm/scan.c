/* Finds accounts in hostile bytes at memory speed. It promises to touch each byte once, to keep no recursion (nesting lives in a bit
 * stack), and never to read past the end. It does not decode, and it does not judge. */
#include "crm/scan.h"
#include "base/memory.h"
#include <string.h>

void scan_init(struct scan *scan, struct slice text) {
  *scan =
      (struct scan){.at = (const unsigned char *)text.bytes, .end = (const unsigned char *)text.bytes + text.length};
}

void scan_finish(struct scan *scan) {
  memory_free(scan->kinds);
  scan->kinds = NULL;
  scan->kinds_bytes = 0;
}

void scan_space(struct scan *scan) {
  while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t'))
    scan->at++;
}

bool scan_take(struct scan *scan, unsigned char byte) {
  if (scan->at == scan->end || *scan->at != byte)
    return false;
  scan->at++;
  return true;
}

/* Eight bytes at once: how many of them come before the first that is a quote, a backslash, a control character or beyond ASCII? In `odd` the
 * top bit of that byte is set; a borrow may set more, but only of bytes that are higher. */
static size_t plain_of_eight(const unsigned char *at) {
  const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
  uint64_t word;
  memcpy(&word, at, sizeof word);
  word = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? word : __builtin_bswap64(word);
  uint64_t quote = word ^ (ones * '"'), backslash = word ^ (ones * '\\');
  uint64_t odd = ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) | ((word - ones * 0x20) & ~word) | word;
  odd &= tops;
  return odd == 0 ? sizeof word : (size_t)__builtin_ctzll(odd) / 8;
}

/* The code unit of `\uXXXX` at `at`, or -1. */
static int escape_unit(const unsigned char *at, const unsigned char *end) {
  if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
    return -1;
  int unit = 0;
  for (int i = 2; i < 6; i++) {
    int digit = text_hex_digit((char)at[i]);
    if (digit < 0)
      return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

static bool is_high(int unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
static bool is_low(int unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

/* Bytes of the escape at `at`, 0 when it is none; *ret_odd: it stands for NUL or for half a character. */
static size_t escape_length(const unsigned char *at, const unsigned char *end, bool *ret_odd) {
  *ret_odd = false;
  if (end - at < 2)
    return 0;
  if (at[1] != 'u')
    return memchr("\"\\/bfnrt", at[1], 8) != NULL ? 2 : 0;
  int unit = escape_unit(at, end);
  if (unit < 0)
    return 0;
  if (is_high(unit) && is_low(escape_unit(at + 6, end)))
    return 12;
  *ret_odd = unit == 0 || is_high(unit) || is_low(unit);
  return 6;
}

/* On inside a string, up to `pause` or its quote. False: it is none. *ret_done: it is behind the quote. */
static bool string_rest(struct scan *scan, const unsigned char *pause, bool *ret_done) {
  const unsigned char *at = scan->at, *end = scan->end;
  *ret_done = false;
  for (;;) {
    for (size_t plain = 8; plain == 8 && pause - at >= 8; at += plain)
      plain = plain_of_eight(at);
    if (at >= pause)
      break;
    bool odd = false;
    size_t bad, step = 1;
    if (*at == '"') {
      *ret_done = true;
      break;
    }
    if (*at == '\\') {
      step = escape_length(at, end, &odd);
      if (step == 0)
        return false;
    } else if (*at >= 0x80) {
      step = text_utf8_character((struct slice){(const char *)at, (size_t)(end - at)}, &bad);
      odd = step == 0;
      step = odd ? bad : step;
    } else {
      odd = *at < 0x20;
    }
    scan->dirty |= odd;
    at += step;
  }
  scan->at = *ret_done ? at + 1 : at;
  return *ret_done || at < end;
}

/* What stands between the quotes of the string that scan->at is behind. */
static struct slice string_inner(const struct scan *scan) {
  return (struct slice){(const char *)scan->string, (size_t)(scan->at - scan->string) - 1};
}

bool scan_string(struct scan *scan, struct slice *ret_inner) {
  bool done;
  if (!scan_take(scan, '"'))
    return false;
  scan->string = scan->at;
  if (!string_rest(scan, scan->end, &done) || !done)
    return false;
  *ret_inner = string_inner(scan);
  return true;
}

static size_t scan_digits(struct scan *scan) {
  const unsigned char *start = scan->at;
  while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
    scan->at++;
  return (size_t)(scan->at - start);
}

static bool scan_number(struct scan *scan) {
  scan_take(scan, '-');
  bool leading_zero = scan->at < scan->end && *scan->at == '0';
  size_t digits = scan_digits(scan);
  if (digits == 0 || (leading_zero && digits > 1))
    return false;
  if (scan_take(scan, '.') && scan_digits(scan) == 0)
    return false;
  if (scan_take(scan, 'e') || scan_take(scan, 'E')) {
    if (!scan_take(scan, '+'))
      scan_take(scan, '-');
    return scan_digits(scan) > 0;
  }
  return true;
}

static bool scan_word(struct scan *scan, const char *word) {
  size_t length = strlen(word);
  if ((size_t)(scan->end - scan->at) < length || memcmp(scan->at, word, length) != 0)
    return false;
  scan->at += length;
  return true;
}

static bool open_bracket(struct scan *scan, bool object) {
  size_t byte = (size_t)scan->open / 8;
  unsigned char bit = (unsigned char)(1u << (scan->open % 8));
  if (scan->open == SCAN_DEPTH_MAX)
    return false;
  if (byte >= scan->kinds_bytes) {
    size_t grown = scan->kinds_bytes == 0 ? 16 : scan->kinds_bytes * 2;
    scan->kinds = memory_resize(scan->kinds, grown);
    scan->kinds_bytes = grown;
  }
  scan->kinds[byte] = (unsigned char)(object ? scan->kinds[byte] | bit : scan->kinds[byte] & ~bit);
  scan->at++;
  scan->open++;
  scan->depth = scan->open > scan->depth ? scan->open : scan->depth;
  scan->place = SCAN_FIRST;
  return true;
}

static bool inside_object(const struct scan *scan) {
  return (scan->kinds[(scan->open - 1) / 8] >> ((scan->open - 1) % 8) & 1) != 0;
}

static bool close_bracket(struct scan *scan) {
  if (!scan_take(scan, inside_object(scan) ? '}' : ']'))
    return false;
  scan->open--;
  scan->place = SCAN_BEHIND;
  return true;
}

static bool begin_string(struct scan *scan, enum scan_place place) {
  bool begins = scan_take(scan, '"');
  scan->string = scan->at;
  scan->place = place;
  return begins;
}

static bool begin_value(struct scan *scan) {
  if (scan->at == scan->end)
    return false;
  if (scan->id_comes && scan->open == 1)
    scan->id = (struct slice){0}; /* the last one counts, as in jsonb */
  scan->place = SCAN_BEHIND;
  switch (*scan->at) {
  case '{':
  case '[':
    return open_bracket(scan, *scan->at == '{');
  case '"':
    return begin_string(scan, SCAN_STRING);
  case 't':
    return scan_word(scan, "true");
  case 'f':
    return scan_word(scan, "false");
  case 'n':
    return scan_word(scan, "null");
  default:
    return scan_number(scan);
  }
}

/* On inside a name, or a value that is a string. */
static bool go_on_in_string(struct scan *scan, const unsigned char *pause) {
  bool done, name = scan->place == SCAN_IN_NAME;
  if (!string_rest(scan, pause, &done))
    return false;
  if (!done)
    return true;
  if (!name) {
    if (scan->id_comes && scan->open == 1)
      scan->id = string_inner(scan);
    scan->place = SCAN_BEHIND;
    return true;
  }
  if (scan->open == 1)
    scan->id_comes = scan_stands_for(string_inner(scan), "id");
  scan_space(scan);
  scan->place = SCAN_VALUE;
  return scan_take(scan, ':');
}

/* One step of the way; false: it is no JSON. */
static bool advance(struct scan *scan, const unsigned char *pause) {
  if (scan->place == SCAN_STRING || scan->place == SCAN_IN_NAME)
    return go_on_in_string(scan, pause);
  scan_space(scan);
  switch (scan->place) {
  case SCAN_FIRST:
    if (close_bracket(scan))
      return true;
    scan->place = inside_object(scan) ? SCAN_NAME : SCAN_VALUE;
    return true;
  case SCAN_NAME:
    return begin_string(scan, SCAN_IN_NAME);
  case SCAN_BEHIND:
    if (!scan_take(scan, ','))
      return close_bracket(scan);
    scan->place = inside_object(scan) ? SCAN_NAME : SCAN_VALUE;
    return true;
  case SCAN_VALUE:
  case SCAN_STRING:
  case SCAN_IN_NAME:
    break;
  }
  return begin_value(scan);
}

void scan_begin(struct scan *scan) {
  scan_space(scan);
  scan->start = scan->at;
  scan->place = SCAN_VALUE;
  scan->depth = scan->open = 0;
  scan->dirty = scan->id_comes = false;
  scan->id = (struct slice){0};
}

enum scan_result scan_step(struct scan *scan, size_t budget, struct slice *ret_value) {
  const unsigned char *pause = (size_t)(scan->end - scan->at) > budget ? scan->at + budget : scan->end;
  do
    if (!advance(scan, pause))
      return SCAN_BAD;
  while ((scan->open > 0 || scan->place != SCAN_BEHIND) && (scan->at < pause || pause == scan->end));
  if (scan->open > 0 || scan->place != SCAN_BEHIND)
    return SCAN_MORE;
  *ret_value = (struct slice){(const char *)scan->start, (size_t)(scan->at - scan->start)};
  return SCAN_DONE;
}

bool scan_value(struct scan *scan, struct slice *ret_value) {
  scan_begin(scan);
  return scan_step(scan, SIZE_MAX, ret_value) == SCAN_DONE;
}

/* ---- what a string stands for ---- */

static size_t encode(uint32_t point, char ret_bytes[4]) {
  if (point < 0x80) {
    ret_bytes[0] = (char)point;
    return 1;
  }
  size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  for (size_t i = length - 1; i > 0; i--, point >>= 6)
    ret_bytes[i] = (char)(0x80 | (point & 0x3F));
  ret_bytes[0] = (char)(point | (0xF00u >> length & 0xF0));
  return length;
}

/* The character of the escape at `at`, which has `length` bytes. */
static size_t decode_escape(const unsigned char *at, size_t length, bool odd, char ret_bytes[4]) {
  static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
  if (length == 2) {
    ret_bytes[0] = meant[strchr(letters, at[1]) - letters];
    return 1;
  }
  uint32_t unit = odd ? 0xFFFD : (uint32_t)escape_unit(at, at + 6);
  if (length == 12)
    unit = 0x10000 + (unit - 0xD800) * 0x400 + ((uint32_t)escape_unit(at + 6, at + 12) - 0xDC00);
  return encode(unit, ret_bytes);
}

/* One piece that may not stand for itself: an escape, NUL, or what is not ASCII. */
static void decode_piece(const unsigned char **at, const unsigned char *end, struct buffer *text) {
  char bytes[4] = "\xEF\xBF\xBD";
  size_t bad, step = 1, length = 3;
  const unsigned char *start = *at;
  bool odd;
  if (*start == '\\') {
    step = escape_length(start, end, &odd);
    length = decode_escape(start, step, odd, bytes);
  } else if (*start != '\0') {
    step = text_utf8_character((struct slice){(const char *)start, (size_t)(end - start)}, &bad);
    if (step > 0)
      memcpy(bytes, start, length = step);
    else
      step = bad;
  }
  *at += step;
  buffer_append(text, bytes, length);
}

void scan_decode(struct slice inner, struct buffer *text) {
  const unsigned char *at = (const unsigned char *)inner.bytes, *end = at + inner.length;
  while (at < end && buffer_fits(text)) {
    const unsigned char *start = at;
    while (at < end && *at != '\\' && *at != '\0' && *at < 0x80)
      at++;
    buffer_append(text, start, (size_t)(at - start));
    if (at < end)
      decode_piece(&at, end, text);
  }
}

bool scan_stands_for(struct slice inner, const char *text) {
  size_t length = strlen(text);
  /* An escape is longer than what it stands for, and has at most six bytes. */
  if (inner.length <= length || inner.length > 6 * length || memchr(inner.bytes, '\\', inner.length) == NULL)
    return slice_equals(inner, text);
  struct buffer decoded;
  buffer_init(&decoded, 3 * inner.length);
  scan_decode(inner, &decoded);
  bool same = slice_equals(buffer_slice(&decoded), text);
  buffer_finish(&decoded);
  return same;
}
