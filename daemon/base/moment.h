#pragma once
/* Wall-clock moments as the database tells them: microseconds since 1970-01-01 UTC. */
#include <stdint.h>

enum { MOMENT_TEXT_BYTES = 40 };
#define MOMENT_UNKNOWN INT64_MIN

/* "12" and "s", "5" and "min", "3" and "h", "2" and "days": how many, of the greatest unit of which there are at least two. */
const char *moment_span(int64_t seconds, long long *ret_count);
/* This machine's clock. */
int64_t moment_now_us(void);
/* "2026-11-23T00:00:00.000000Z"; years 1 to 9999. */
void moment_format(int64_t moment_us, char ret_text[MOMENT_TEXT_BYTES]);
