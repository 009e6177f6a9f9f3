/* A status and headers, however odd, are a verdict within its bounds. The input's first two bytes are the status, then come lines
 * "name:value". Each header lives in a block of its own, so that a read past its end is seen. */
#include "check.h"
#include "crm/verdict.h"
#include <ctype.h>
#include <string.h>

enum { HEADERS_MAX = 16, NOW = 1795392000 };

static struct slice own_block(const char *bytes, size_t length) {
  char *copy = malloc(length + (length == 0));
  CHECK(copy != NULL);
  memcpy(copy, bytes, length);
  return (struct slice){copy, length};
}

static int split(const char *at, const char *end, struct header *headers) {
  int count = 0;
  while (at < end && count < HEADERS_MAX) {
    const char *line_end = memchr(at, '\n', (size_t)(end - at));
    line_end = line_end == NULL ? end : line_end;
    const char *colon = memchr(at, ':', (size_t)(line_end - at));
    const char *name_end = colon == NULL ? line_end : colon, *value = colon == NULL ? line_end : colon + 1;
    headers[count].name = own_block(at, (size_t)(name_end - at));
    headers[count++].value = own_block(value, (size_t)(line_end - value));
    at = line_end < end ? line_end + 1 : end;
  }
  return count;
}

static void check_reading(int status, const struct verdict_reading *reading) {
  const struct rate_reading *rate = &reading->rate;
  CHECK((reading->verdict == VERDICT_WAIT) == (status == 429));
  CHECK((reading->verdict == VERDICT_TAKE) == (status == 200));
  CHECK((reading->verdict == VERDICT_MISSING) == (status == 404));
  CHECK(reading->wait_ms >= 0 && reading->wait_ms <= VERDICT_WAIT_MAX_MS);
  CHECK(status == 429 || reading->wait_ms == 0);
  CHECK(rate->limit >= -1 && rate->remaining >= -1);
  CHECK(rate->reset_ms >= -1 && rate->reset_ms <= VERDICT_WAIT_MAX_MS);
  CHECK(!rate->known || rate->remaining >= 0 || rate->reset_ms >= 0);
}

static bool same(const struct verdict_reading *left, const struct verdict_reading *right) {
  return left->verdict == right->verdict && left->wait_ms == right->wait_ms && left->rate.known == right->rate.known &&
         left->rate.limit == right->rate.limit && left->rate.remaining == right->rate.remaining &&
         left->rate.reset_ms == right->rate.reset_ms;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct header headers[HEADERS_MAX + 1];
  if (size < 2)
    return 0;
  static const int usual[] = {200, 400, 401, 403, 404, 429, 503, 302};
  int status = data[0] < 128 ? usual[data[0] % 8] : data[0] * 256 + data[1];
  int count = split((const char *)data + 2, (const char *)data + size, headers);
  struct verdict_reading reading = verdict_read(status, headers, count, NOW);
  check_reading(status, &reading);
  headers[count] = (struct header){{"x-other", 7}, {"reset=1", 7}};
  struct verdict_reading again = verdict_read(status, headers, count + 1, NOW);
  CHECK(same(&reading, &again));
  for (int i = 0; i < count; i++)
    for (size_t k = 0; k < headers[i].name.length; k++)
      ((char *)headers[i].name.bytes)[k] = (char)toupper((unsigned char)headers[i].name.bytes[k]);
  again = verdict_read(status, headers, count, NOW);
  CHECK(same(&reading, &again));
  for (int i = 0; i < count; i++) {
    free((char *)headers[i].name.bytes);
    free((char *)headers[i].value.bytes);
  }
  return 0;
}
