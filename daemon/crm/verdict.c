/* Policy by status and headers alone; a body is never needed (close-api.md section 4). It promises that no header, however long or odd,
 * is more than absent. Four near-identical families exist, so names are matched exactly. */
#include "crm/verdict.h"
#include <string.h>
#include <strings.h>

enum { SECONDS_MAX = 1000000000 };

/* "7.274038, …" -> 8: the first number, rounded up; -1 when there is none. */
static int64_t parse_seconds(struct slice value) {
  const char *at = value.bytes, *end = at + value.length;
  int64_t seconds = 0;
  while (at < end && (*at == ' ' || *at == '\t'))
    at++;
  const char *first = at;
  for (; at < end && *at >= '0' && *at <= '9'; at++)
    seconds = seconds < SECONDS_MAX ? seconds * 10 + (*at - '0') : SECONDS_MAX;
  if (at == first)
    return -1;
  bool fraction = false;
  if (at < end && *at == '.')
    for (at++; at < end && *at >= '0' && *at <= '9'; at++)
      fraction |= *at != '0';
  if (at < end && memchr(" \t,;", *at, 4) == NULL)
    return -1;
  return seconds + (fraction ? 1 : 0);
}

static const struct header *find(const struct header *headers, int count, const char *name) {
  for (int i = 0; i < count; i++)
    if (strlen(name) == headers[i].name.length && strncasecmp(headers[i].name.bytes, name, headers[i].name.length) == 0)
      return &headers[i];
  return NULL;
}

/* The number behind `key=` in "limit=100, remaining=50, reset=5", or -1. */
static int64_t parse_parameter(struct slice value, const char *key) {
  size_t length = strlen(key);
  const char *at = value.bytes, *end = at + value.length;
  while (at < end) {
    while (at < end && memchr(" \t,;", *at, 4) != NULL)
      at++;
    if ((size_t)(end - at) > length && strncasecmp(at, key, length) == 0 && at[length] == '=')
      return parse_seconds((struct slice){at + length + 1, (size_t)(end - at) - length - 1});
    while (at < end && *at != ',' && *at != ';')
      at++;
  }
  return -1;
}

static int64_t parse_header(const struct header *headers, int count, const char *name) {
  const struct header *header = find(headers, count, name);
  return header == NULL ? -1 : parse_seconds(header->value);
}

static int64_t to_ms(int64_t seconds) {
  if (seconds < 0)
    return -1;
  return seconds * 1000 < VERDICT_WAIT_MAX_MS ? seconds * 1000 : VERDICT_WAIT_MAX_MS;
}

static struct rate_reading read_rate(const struct header *headers, int count, int64_t *ret_older_reset) {
  static const char *const families[][3] = {
      {"ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"},
      {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"},
      {"x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"},
  };
  struct rate_reading rate = {.limit = -1, .remaining = -1, .reset_ms = -1};
  const struct header *current = find(headers, count, "ratelimit");
  *ret_older_reset = -1;
  if (current != NULL) {
    rate.limit = parse_parameter(current->value, "limit");
    rate.remaining = parse_parameter(current->value, "remaining");
    rate.reset_ms = to_ms(parse_parameter(current->value, "reset"));
    rate.known = rate.remaining >= 0 || rate.reset_ms >= 0;
  }
  for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
    int64_t reset = to_ms(parse_header(headers, count, families[i][2]));
    if (*ret_older_reset < 0)
      *ret_older_reset = reset;
    int64_t remaining = parse_header(headers, count, families[i][1]);
    if (!rate.known && remaining >= 0)
      rate = (struct rate_reading){true, parse_header(headers, count, families[i][0]), remaining, reset};
  }
  return rate;
}

/* A date in one of RFC 9110's three forms; -1 when absent or malformed. */
static int64_t parse_date(const struct header *header) {
  static const char *const forms[] = {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"};
  char text[64];
  if (header == NULL || header->value.length >= sizeof text)
    return -1;
  memcpy(text, header->value.bytes, header->value.length);
  text[header->value.length] = '\0';
  for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
    struct tm parts = {0};
    if (strptime(text, forms[i], &parts) == text + header->value.length)
      return (int64_t)timegm(&parts);
  }
  return -1;
}

/* Retry-After: seconds, or a date, which is the server's as its Date is; -1 when absent, malformed or past. */
static int64_t read_retry_after(const struct header *headers, int count, time_t now) {
  const struct header *header = find(headers, count, "retry-after");
  if (header == NULL || header->value.length == 0)
    return -1;
  int64_t seconds = parse_seconds(header->value);
  if (seconds >= 0)
    return to_ms(seconds);
  int64_t until = parse_date(header), from = parse_date(find(headers, count, "date"));
  int64_t distance = until - (from >= 0 ? from : (int64_t)now);
  return until >= 0 && distance > 0 ? to_ms(distance) : -1;
}

static enum verdict judge(int status) {
  switch (status) {
  case 200:
    return VERDICT_TAKE;
  case 400:
    return VERDICT_PARAMETERS;
  case 401:
  case 403:
    return VERDICT_REFUSED;
  case 404:
    return VERDICT_MISSING;
  case 429:
    return VERDICT_WAIT;
  case 503:
    return VERDICT_AGAIN;
  default:
    return VERDICT_GIVE_UP;
  }
}

struct verdict_reading verdict_read(int status, const struct header *headers, int header_count, time_t now) {
  int64_t older_reset;
  struct verdict_reading reading = {.verdict = judge(status), .rate = read_rate(headers, header_count, &older_reset)};
  if (reading.verdict == VERDICT_WAIT) {
    const struct header *current = find(headers, header_count, "ratelimit");
    int64_t reset = current == NULL ? -1 : to_ms(parse_parameter(current->value, "reset"));
    int64_t retry = read_retry_after(headers, header_count, now);
    reading.wait_ms = reset >= 0         ? reset
                      : retry >= 0       ? retry
                      : older_reset >= 0 ? older_reset
                                         : VERDICT_WAIT_DEFAULT_MS;
  } else if (reading.verdict == VERDICT_AGAIN) {
    int64_t retry = read_retry_after(headers, header_count, now);
    reading.wait_ms = retry > 0 ? retry : 0;
  }
  return reading;
}
