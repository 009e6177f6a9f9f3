#include "crm/scan.h"
#include "base/memory.h"
#include <string.h>

/* What this file is for: finding accounts in hostile bytes at memory speed. It promises to touch each byte once, to keep no
 * recursion (nesting lives in a bit stack), and never to read past the end. It does not decode, and it does not judge. */

enum { DIGITS_EXACT = 18 }; /* every integer of so many digits fits 64 bits */

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

/* Eight bytes at once: is any of them a quote, a backslash, a control character or beyond ASCII? */
static bool eight_are_plain(const unsigned char *at) {
  const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
  uint64_t word;
  memcpy(&word, at, sizeof word);
  uint64_t quote = word ^ (ones * '"'), backslash = word ^ (ones * '\\');
  uint64_t odd = ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) | ((word - ones * 0x20) & ~word) | word;
  return (odd & tops) == 0;
}

/* Length of the well-formed UTF-8 sequence at `at` (Unicode 15, table 3-7), or 0; *ret_bad is then the length of the
 * maximal ill-formed part, which becomes one U+FFFD. */
static size_t utf8_length(const unsigned char *at, const unsigned char *end, size_t *ret_bad) {
  *ret_bad = 1;
  unsigned char lead = at[0], low = 0x80, high = 0xBF;
  size_t need = lead >= 0xC2 && lead <= 0xDF   ? 2
                : lead >= 0xE0 && lead <= 0xEF ? 3
                : lead >= 0xF0 && lead <= 0xF4 ? 4
                                               : 0;
  if (need == 0)
    return 0;
  if (lead == 0xE0)
    low = 0xA0;
  else if (lead == 0xED)
    high = 0x9F;
  else if (lead == 0xF0)
    low = 0x90;
  else if (lead == 0xF4)
    high = 0x8F;
  for (size_t i = 1; i < need; i++, low = 0x80, high = 0xBF) {
    if (at + i >= end || at[i] < low || at[i] > high)
      return 0;
    *ret_bad = i + 1;
  }
  return need;
}

static int hex_value(unsigned char digit) {
  if (digit >= '0' && digit <= '9')
    return digit - '0';
  digit |= 0x20;
  return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* The code unit of `\uXXXX` at `at`, or -1. */
static int escape_unit(const unsigned char *at, const unsigned char *end) {
  if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
    return -1;
  int unit = 0;
  for (int i = 2; i < 6; i++) {
    int digit = hex_value(at[i]);
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

bool scan_string(struct scan *scan, struct slice *ret_inner) {
  if (!scan_take(scan, '"'))
    return false;
  const unsigned char *at = scan->at, *end = scan->end;
  for (;;) {
    while (end - at >= 8 && eight_are_plain(at))
      at += 8;
    if (at == end)
      return false;
    bool odd = false;
    size_t bad, step = 1;
    if (*at == '"')
      break;
    if (*at == '\\') {
      step = escape_length(at, end, &odd);
      if (step == 0)
        return false;
    } else if (*at >= 0x80) {
      step = utf8_length(at, end, &bad);
      odd = step == 0;
      step = odd ? bad : step;
    } else {
      odd = *at < 0x20;
    }
    scan->dirty |= odd;
    at += step;
  }
  *ret_inner = (struct slice){(const char *)scan->at, (size_t)(at - scan->at)};
  scan->at = at + 1;
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
  bool integer = true;
  if (scan_take(scan, '.')) {
    integer = false;
    if (scan_digits(scan) == 0)
      return false;
  }
  if (scan_take(scan, 'e') || scan_take(scan, 'E')) {
    integer = false;
    if (!scan_take(scan, '+'))
      scan_take(scan, '-');
    if (scan_digits(scan) == 0)
      return false;
  }
  scan->dirty |= integer && digits > DIGITS_EXACT;
  return true;
}

static bool scan_word(struct scan *scan, const char *word) {
  size_t length = strlen(word);
  if ((size_t)(scan->end - scan->at) < length || memcmp(scan->at, word, length) != 0)
    return false;
  scan->at += length;
  return true;
}

static bool scan_scalar(struct scan *scan) {
  if (scan->at == scan->end)
    return false;
  struct slice inner;
  switch (*scan->at) {
  case '"':
    return scan_string(scan, &inner);
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

static bool open_bracket(struct scan *scan, int *depth) {
  bool object = scan_take(scan, '{');
  if (!object && !scan_take(scan, '['))
    return false;
  size_t byte = (size_t)*depth / 8;
  unsigned char bit = (unsigned char)(1u << (*depth % 8));
  if (byte >= scan->kinds_bytes) {
    size_t grown = scan->kinds_bytes == 0 ? 16 : scan->kinds_bytes * 2;
    scan->kinds = memory_resize(scan->kinds, grown);
    scan->kinds_bytes = grown;
  }
  scan->kinds[byte] = (unsigned char)(object ? scan->kinds[byte] | bit : scan->kinds[byte] & ~bit);
  ++*depth;
  scan->depth = *depth > scan->depth ? *depth : scan->depth;
  return true;
}

static bool inside_object(const struct scan *scan, int depth) {
  return (scan->kinds[(depth - 1) / 8] >> ((depth - 1) % 8) & 1) != 0;
}

static bool scan_name(struct scan *scan) {
  struct slice inner;
  scan_space(scan);
  if (!scan_string(scan, &inner))
    return false;
  scan_space(scan);
  return scan_take(scan, ':');
}

/* After a value: close what ends here, or step over the comma. *ret_done: the outermost bracket was closed. */
static bool after_value(struct scan *scan, int *depth, bool *ret_done) {
  for (;;) {
    if (*depth == 0) {
      *ret_done = true;
      return true;
    }
    scan_space(scan);
    bool object = inside_object(scan, *depth);
    if (scan_take(scan, ','))
      return !object || scan_name(scan);
    if (!scan_take(scan, object ? '}' : ']'))
      return false;
    --*depth;
  }
}

/* Just behind an opening bracket: either it is closed at once, or a first value follows. */
static bool first_value(struct scan *scan, int *depth, bool *ret_closed) {
  bool object = inside_object(scan, *depth);
  scan_space(scan);
  *ret_closed = scan_take(scan, object ? '}' : ']');
  if (*ret_closed) {
    --*depth;
    return true;
  }
  return !object || scan_name(scan);
}

bool scan_value(struct scan *scan, struct slice *ret_value) {
  scan_space(scan);
  const unsigned char *start = scan->at;
  int depth = 0;
  for (bool done = false; !done;) {
    scan_space(scan);
    if (open_bracket(scan, &depth)) {
      bool closed;
      if (depth > SCAN_DEPTH_MAX || !first_value(scan, &depth, &closed))
        return false;
      if (!closed)
        continue;
    } else if (!scan_scalar(scan)) {
      return false;
    }
    if (!after_value(scan, &depth, &done))
      return false;
  }
  *ret_value = (struct slice){(const char *)start, (size_t)(scan->at - start)};
  return true;
}

/* One piece of a string's inside, mended. */
static bool clean_piece(const unsigned char **at, const unsigned char *end, struct buffer *text) {
  bool odd = false;
  size_t bad, step = 1;
  if (**at == '\\') {
    step = escape_length(*at, end, &odd);
  } else if (**at >= 0x80) {
    step = utf8_length(*at, end, &bad);
    odd = step == 0;
    step = odd ? bad : step;
  } else if (**at < 0x20) {
    odd = **at == 0;
    if (!odd && !text_append_escape(text, **at))
      return false;
    if (!odd) {
      ++*at;
      return true;
    }
  }
  const unsigned char *start = *at;
  *at += step;
  return odd ? buffer_append(text, "\xEF\xBF\xBD", 3) : buffer_append(text, start, step);
}

static bool clean_string(struct slice inner, struct buffer *text) {
  const unsigned char *at = (const unsigned char *)inner.bytes, *end = at + inner.length;
  while (at < end)
    if (!clean_piece(&at, end, text))
      return false;
  return true;
}

bool scan_clean(struct slice value, struct buffer *ret_text) {
  struct scan scan;
  scan_init(&scan, value);
  while (scan.at < scan.end) {
    const unsigned char *start = scan.at;
    struct slice inner;
    bool good;
    if (*start == '"') {
      good = scan_string(&scan, &inner) && buffer_append(ret_text, "\"", 1) && clean_string(inner, ret_text) &&
             buffer_append(ret_text, "\"", 1);
    } else if (*start == '-' || (*start >= '0' && *start <= '9')) {
      scan.dirty = false;
      good = scan_number(&scan) && buffer_append(ret_text, start, (size_t)(scan.at - start)) &&
             (!scan.dirty || buffer_append(ret_text, "e0", 2));
    } else {
      scan.at++;
      good = buffer_append(ret_text, start, 1);
    }
    if (!good)
      return false;
  }
  return true;
}
