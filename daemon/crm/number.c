/* A number taken apart and written by value. It promises the exact value, however many digits say it. */
#include "crm/number.h"

/* PostgreSQL's numeric (src/backend/utils/adt/numeric.c: NUMERIC_WEIGHT_MAX, NUMERIC_DSCALE_MAX). */
enum { DIGITS_BEFORE_POINT = 131072, DIGITS_BEHIND_POINT = 16383 };

/* Digits without leading or trailing zeros, value = 0.DIGITS * 10^point. */
struct decimal {
  bool negative;
  const char *digits; /* may contain one '.', skipped when written */
  size_t span;        /* bytes of `digits`, the '.' included */
  int64_t count;      /* digits in the span */
  int64_t point;
};

static int64_t parse_exponent(const char *at, const char *end) {
  int64_t value = 0;
  bool negative = at < end && *at == '-';
  if (at < end && (*at == '-' || *at == '+'))
    at++;
  for (; at < end; at++)
    if (value < INT32_MAX)
      value = value * 10 + (*at - '0');
  return negative ? -value : value;
}

static struct decimal take_apart(struct slice number) {
  struct decimal decimal = {0};
  const char *at = number.bytes, *end = at + number.length, *first = NULL, *last = NULL;
  int64_t before = 0, seen = 0, first_at = 0, last_at = 0;
  bool behind = false;
  if (at < end && *at == '-') {
    decimal.negative = true;
    at++;
  }
  for (; at < end && *at != 'e' && *at != 'E'; at++) {
    if (*at == '.') {
      behind = true;
      continue;
    }
    seen++;
    before += behind ? 0 : 1;
    if (*at != '0') {
      first_at = first == NULL ? seen : first_at;
      first = first == NULL ? at : first;
      last_at = seen;
      last = at;
    }
  }
  if (first == NULL)
    return (struct decimal){0};
  decimal.digits = first;
  decimal.span = (size_t)(last - first) + 1;
  decimal.count = last_at - first_at + 1;
  decimal.point = before - first_at + 1 + (at < end ? parse_exponent(at + 1, end) : 0);
  return decimal;
}

static void append_zeros(struct buffer *text, int64_t count) {
  static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
  for (int64_t left = count; left > 0; left -= (int64_t)sizeof zeros - 1)
    buffer_append(text, zeros, left < (int64_t)sizeof zeros - 1 ? (size_t)left : sizeof zeros - 1);
}

static void append_digits(struct buffer *text, const struct decimal *decimal) {
  int64_t written = 0;
  for (size_t i = 0; i < decimal->span && buffer_fits(text); i++) {
    if (decimal->digits[i] == '.')
      continue;
    if (written == decimal->point && written > 0)
      buffer_append(text, ".", 1);
    buffer_append(text, &decimal->digits[i], 1);
    written++;
  }
}

static void append_decimal(struct buffer *text, const struct decimal *decimal) {
  if (decimal->negative)
    buffer_append(text, "-", 1);
  if (decimal->point <= 0) {
    buffer_append(text, "0.", 2);
    append_zeros(text, -decimal->point);
  }
  append_digits(text, decimal);
  append_zeros(text, decimal->point - decimal->count);
}

enum number_fault number_write(struct buffer *text, struct slice number) {
  struct decimal decimal = take_apart(number);
  if (decimal.point > DIGITS_BEFORE_POINT || decimal.count - decimal.point > DIGITS_BEHIND_POINT)
    return NUMBER_BEYOND;
  if (decimal.count == 0)
    buffer_append(text, "0", 1);
  else
    append_decimal(text, &decimal);
  return buffer_fits(text) ? NUMBER_GOOD : NUMBER_LARGE;
}
