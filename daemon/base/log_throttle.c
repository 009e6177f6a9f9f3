#include "base/log_throttle.h"
#include <stdio.h>
#include <string.h>

/* What this file is for: what a log looks like after a night without PostgreSQL. It promises at most one line an hour from a failure
 * that goes on, besides the first ones and the powers of ten; texts are kept as digests, for there may be 10,000 outages at once. */

#define HOUR_MS ((int64_t)60 * 60 * 1000)

static uint64_t digest(const char *text) { /* FNV-1a; a collision hides one line until the next one is due */
  uint64_t value = 14695981039346656037U;
  for (; *text != '\0'; text++)
    value = (value ^ (unsigned char)*text) * 1099511628211U;
  return value;
}

/* Only the first few: a text that holds a varying number must not become a line each time. The hourly line shows what comes later. */
static bool is_new(struct outage *outage, uint64_t text) {
  for (int i = 0; i < outage->shown; i++)
    if (outage->texts[i] == text)
      return false;
  if (outage->shown == OUTAGE_TEXTS)
    return false;
  outage->texts[outage->shown++] = text;
  return true;
}

static bool is_power_of_ten(int64_t number) {
  while (number >= 10 && number % 10 == 0)
    number /= 10;
  return number == 1;
}

/* "45 s", "3 min", "2 h", "5 days": the greatest unit of which there are at least two. */
static void write_span(int64_t span_ms, char *text, size_t size) {
  static const struct {
    int64_t ms;
    const char *name;
  } units[] = {{24 * HOUR_MS, "days"}, {HOUR_MS, "h"}, {60000, "min"}, {1000, "s"}, {1, "ms"}};
  size_t i = 0;
  while (i < 4 && span_ms < 2 * units[i].ms)
    i++;
  snprintf(text, size, "%lld %s", (long long)(span_ms / units[i].ms), units[i].name);
}

bool outage_failed(struct outage *outage, int64_t now_ms, const char *text, char ret_note[OUTAGE_NOTE_BYTES]) {
  ret_note[0] = '\0';
  if (outage->failures == 0)
    *outage = (struct outage){.since_ms = now_ms, .said_at_ms = now_ms};
  int64_t repeats = outage->failures++;
  bool said = is_new(outage, digest(text));
  if (!said && ((repeats >= 10 && is_power_of_ten(repeats)) || now_ms - outage->said_at_ms >= HOUR_MS)) {
    char span[32];
    write_span(now_ms - outage->since_ms, span, sizeof span);
    snprintf(ret_note, OUTAGE_NOTE_BYTES, " (repeated %lld time%s in %s)", (long long)repeats, repeats == 1 ? "" : "s",
             span);
    said = true;
  }
  if (said)
    outage->said_at_ms = now_ms;
  return said;
}

bool outage_over(struct outage *outage, int64_t now_ms, char ret_note[OUTAGE_NOTE_BYTES]) {
  ret_note[0] = '\0';
  if (outage->failures == 0)
    return false;
  char span[32];
  write_span(now_ms - outage->since_ms, span, sizeof span);
  snprintf(ret_note, OUTAGE_NOTE_BYTES, "after %s, %lld failure%s", span, (long long)outage->failures,
           outage->failures == 1 ? "" : "s");
  *outage = (struct outage){0};
  return true;
}
