/* Status and headers become policy. The header families are those of close-api.md section 4. */
#include "crm/verdict.h"
#include <criterion/criterion.h>
#include <string.h>

enum { NOW = 1795392000 /* Mon, 23 Nov 2026 00:00:00 GMT */ };

/* Headers as "name: value\n…". */
static struct verdict_reading read_answer(int status, const char *text) {
  struct header headers[16];
  int count = 0;
  for (const char *at = text; *at != '\0'; count++) {
    const char *end = at + strcspn(at, "\n"), *colon = at + strcspn(at, ":");
    headers[count].name = (struct slice){at, (size_t)(colon - at)};
    headers[count].value = (struct slice){colon + 2, (size_t)(end - colon) - 2};
    at = *end == '\0' ? end : end + 1;
  }
  return verdict_read(status, headers, count, NOW);
}

Test(verdict, statuses) {
  static const struct {
    int status;
    enum verdict verdict;
  } rows[] = {{200, VERDICT_TAKE},    {400, VERDICT_PARAMETERS}, {401, VERDICT_REFUSED}, {403, VERDICT_REFUSED},
              {404, VERDICT_MISSING}, {429, VERDICT_WAIT},       {503, VERDICT_AGAIN},   {201, VERDICT_GIVE_UP},
              {204, VERDICT_GIVE_UP}, {206, VERDICT_GIVE_UP},    {301, VERDICT_GIVE_UP}, {302, VERDICT_GIVE_UP},
              {402, VERDICT_GIVE_UP}, {405, VERDICT_GIVE_UP},    {408, VERDICT_GIVE_UP}, {410, VERDICT_GIVE_UP},
              {415, VERDICT_GIVE_UP}, {500, VERDICT_GIVE_UP},    {502, VERDICT_GIVE_UP}, {504, VERDICT_GIVE_UP},
              {0, VERDICT_GIVE_UP},   {100, VERDICT_GIVE_UP},    {999, VERDICT_GIVE_UP}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct verdict_reading reading = verdict_read(rows[i].status, NULL, 0, NOW);
    cr_assert_eq(reading.verdict, rows[i].verdict, "%d", rows[i].status);
    cr_assert_not(reading.rate.known);
    cr_assert_eq(reading.wait_ms, rows[i].status == 429 ? VERDICT_WAIT_DEFAULT_MS : 0);
  }
}

Test(verdict, how_long_to_wait) {
  static const struct {
    const char *headers;
    int64_t wait_ms;
  } rows[] = {
      {"", 2000},
      {"ratelimit: limit=100, remaining=0, reset=5", 5000},
      {"RateLimit: Limit=100, Remaining=0, Reset=5", 5000},
      {"ratelimit: reset=5", 5000},
      {"ratelimit: limit=100;\tremaining=0 ,reset=5 ", 5000},
      {"ratelimit: limit=100, remaining=0, reset=0.9", 1000},
      {"ratelimit: limit=100, remaining=0, reset=5.001", 6000},
      {"ratelimit: limit=100, remaining=0, reset=5.000", 5000},
      {"ratelimit: limit=100, remaining=0, reset=0", 0},
      {"ratelimit: limit=100, remaining=0, reset=7200", VERDICT_WAIT_MAX_MS},
      {"ratelimit: reset=99999999999999999999999999", VERDICT_WAIT_MAX_MS},
      {"ratelimit: reset=-5", 2000},
      {"ratelimit: reset=soon", 2000},
      {"ratelimit: reset=5s", 2000},
      {"ratelimit: reset=", 2000},
      {"ratelimit: reset", 2000},
      {"ratelimit: preset=5, x-reset=6", 2000},
      {"ratelimit: \"default\";r=50;t=30", 2000},
      {"ratelimit: ", 2000},
      {"retry-after: 7", 7000},
      {"Retry-After:  7 ", 7000},
      {"retry-after: 0", 0},
      {"retry-after: 1.5", 2000},
      {"retry-after: -1", 2000},
      {"retry-after: 86400", VERDICT_WAIT_MAX_MS},
      {"retry-after: Mon, 23 Nov 2026 00:00:09 GMT", 9000},
      {"retry-after: Mon, 23 Nov 2026 05:00:00 GMT", VERDICT_WAIT_MAX_MS},
      {"retry-after: Sun, 22 Nov 2026 23:59:59 GMT", 2000},
      {"retry-after: Mon, 23 Nov 2026 00:00:09", 2000},
      {"retry-after: Mon, 23 Nov 2026 00:00:09 GMT and more", 2000},
      {"retry-after: Monday, 23-Nov-26 00:00:09 GMT and a text that is far longer than any date can be", 2000},
      {"retry-after: Monday, 23-Nov-26 00:00:09 GMT", 9000},
      {"retry-after: Mon Nov 23 00:00:09 2026", 9000},
      {"date: Mon, 23 Nov 2026 01:00:00 GMT\nretry-after: Mon, 23 Nov 2026 01:00:09 GMT", 9000},
      {"date: Mon, 23 Nov 2026 01:00:00 GMT\nretry-after: Mon, 23 Nov 2026 00:00:09 GMT", 2000},
      {"retry-after: later", 2000},
      {"retry-after: ", 2000},
      {"ratelimit: reset=5\nretry-after: 7", 5000},
      {"retry-after: 7\nratelimit: reset=5", 5000},
      {"ratelimit: limit=9\nretry-after: 7", 7000},
      {"retry-after: 7\nx-rate-limit-reset: 3", 7000},
      {"retry-after: x\nx-rate-limit-reset: 3", 3000},
      {"ratelimit-reset: 1", 1000},
      {"x-ratelimit-reset: 1, 2;w=3", 1000},
      {"x-rate-limit-reset: 7.274038", 8000},
      {"X-Rate-Limit-Reset: 7.274038", 8000},
      {"ratelimit-reset: 1\nx-rate-limit-reset: 9", 1000},
      {"ratelimits: reset=5\nx-retry-after: 7\nratelimit-resets: 8", 2000},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct verdict_reading reading = read_answer(429, rows[i].headers);
    cr_assert_eq(reading.verdict, VERDICT_WAIT);
    cr_assert_eq(reading.wait_ms, rows[i].wait_ms, "%s: %lld", rows[i].headers, (long long)reading.wait_ms);
  }
}

Test(verdict, who_is_not_available_says_when) {
  cr_assert_eq(read_answer(503, "retry-after: 7").wait_ms, 7000);
  cr_assert_eq(read_answer(503, "retry-after: soon\nratelimit: remaining=0, reset=9").wait_ms, 0);
  cr_assert_eq(read_answer(500, "retry-after: 7").wait_ms, 0);
}

Test(verdict, rate_limits_of_all_families) {
  static const struct {
    const char *headers;
    struct rate_reading rate;
  } rows[] = {
      {"ratelimit: limit=100, remaining=50, reset=5", {true, 100, 50, 5000}},
      {"ratelimit: remaining=50", {true, -1, 50, -1}},
      {"ratelimit: limit=100", {false, 100, -1, -1}},
      {"ratelimit-limit: 60\nratelimit-remaining: 59\nratelimit-reset: 1", {true, 60, 59, 1000}},
      {"x-ratelimit-limit: 60, 60;w=1, 100;w=1\nx-ratelimit-remaining: 59\nx-ratelimit-reset: 1", {true, 60, 59, 1000}},
      {"x-rate-limit-limit: 320\nx-rate-limit-remaining: 319\nx-rate-limit-reset: 7.274038", {true, 320, 319, 8000}},
      {"ratelimit: limit=100, remaining=50, reset=5\nx-rate-limit-limit: 320\nx-rate-limit-remaining: 319",
       {true, 100, 50, 5000}},
      {"ratelimit-limit: 60\nratelimit-reset: 1", {false, -1, -1, -1}},
      {"ratelimit: limit=a, remaining=b, reset=c", {false, -1, -1, -1}},
      {"x-rate-limit-remaining: many", {false, -1, -1, -1}},
      {"server: envoy\ntrace-id: 1", {false, -1, -1, -1}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct rate_reading rate = read_answer(200, rows[i].headers).rate, expected = rows[i].rate;
    cr_assert(rate.known == expected.known &&
                  (!rate.known || (rate.limit == expected.limit && rate.remaining == expected.remaining &&
                                   rate.reset_ms == expected.reset_ms)),
              "%s: %lld %lld %lld", rows[i].headers, (long long)rate.limit, (long long)rate.remaining,
              (long long)rate.reset_ms);
  }
}

/* A value is not NUL-terminated: nothing behind its end counts. */
Test(verdict, values_end_where_they_end) {
  const char *text = "reset=59999";
  struct header header = {{"ratelimit", 9}, {text, 7}};
  cr_assert_eq(verdict_read(429, &header, 1, NOW).wait_ms, 5000);
  header = (struct header){{"retry-after", 11}, {"Mon, 23 Nov 2026 00:00:09 GMTx", 29}};
  cr_assert_eq(verdict_read(429, &header, 1, NOW).wait_ms, 9000);
  header = (struct header){{"retry-after", 11}, {"7\0", 2}};
  cr_assert_eq(verdict_read(429, &header, 1, NOW).wait_ms, VERDICT_WAIT_DEFAULT_MS);
  header = (struct header){{"retry-after", 11}, {NULL, 0}};
  cr_assert_eq(verdict_read(429, &header, 1, NOW).wait_ms, VERDICT_WAIT_DEFAULT_MS);
}
