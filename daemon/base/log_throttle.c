/* Decides which of many equal failures are logged. It promises at most one line an hour from a failure that goes on, besides the first
 * ones and the powers of ten; texts are kept as digests, for there may be 10,000 outages at once. */
#include "base/log_throttle.h"
#include "base/moment.h"
#include <stdio.h>
#include <string.h>

#define HOUR_MS ((int64_t)60 * 60 * 1000)

static uint64_t digest(const char *text) { /* FNV-1a; a collision hides one line until the next one is due */
  uint64_t value = 14695981039346656037U;
  for (; *text != '\0'; text++)
    value = (value ^ (unsigned char)*text) * 1099511628211U;
  return value;
}

/* Only the first few: a text that holds a varying number must not become a line each time. The hourly line shows what comes later. */
static bool is_new(struct log_throttle *log_throttle, uint64_t text) {
  for (int i = 0; i < log_throttle->shown; i++)
    if (log_throttle->texts[i] == text)
      return false;
  if (log_throttle->shown == LOG_THROTTLE_TEXTS)
    return false;
  log_throttle->texts[log_throttle->shown++] = text;
  return true;
}

static bool is_power_of_ten(int64_t number) {
  while (number >= 10 && number % 10 == 0)
    number /= 10;
  return number == 1;
}

/* "1500 ms", "45 s", "3 min", "2 h", "5 days" */
static void write_span(int64_t span_ms, char *text, size_t size) {
  long long count = span_ms;
  const char *unit = span_ms < 2000 ? "ms" : moment_span(span_ms / 1000, &count);
  snprintf(text, size, "%lld %s", count, unit);
}

bool log_throttle_failed(struct log_throttle *log_throttle, int64_t now_ms, const char *text,
                         char ret_note[LOG_THROTTLE_NOTE_BYTES]) {
  ret_note[0] = '\0';
  if (log_throttle->failures == 0)
    *log_throttle = (struct log_throttle){.since_ms = now_ms, .said_at_ms = now_ms};
  int64_t repeats = log_throttle->failures++;
  bool said = is_new(log_throttle, digest(text));
  if (!said && ((repeats >= 10 && is_power_of_ten(repeats)) || now_ms - log_throttle->said_at_ms >= HOUR_MS)) {
    char span[32];
    write_span(now_ms - log_throttle->since_ms, span, sizeof span);
    snprintf(ret_note, LOG_THROTTLE_NOTE_BYTES, " (repeated %lld time%s in %s)", (long long)repeats,
             repeats == 1 ? "" : "s", span);
    said = true;
  }
  if (said)
    log_throttle->said_at_ms = now_ms;
  return said;
}

bool log_throttle_over(struct log_throttle *log_throttle, int64_t now_ms, char ret_note[LOG_THROTTLE_NOTE_BYTES]) {
  ret_note[0] = '\0';
  if (log_throttle->failures == 0)
    return false;
  char span[32];
  write_span(now_ms - log_throttle->since_ms, span, sizeof span);
  snprintf(ret_note, LOG_THROTTLE_NOTE_BYTES, "after %s, %lld failure%s", span, (long long)log_throttle->failures,
           log_throttle->failures == 1 ? "" : "s");
  *log_throttle = (struct log_throttle){0};
  return true;
}
