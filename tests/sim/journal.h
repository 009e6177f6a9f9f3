/* What was asked: one line per request, without secrets. */
#pragma once

#include "sim/text.h"

#include <stddef.h>
#include <stdint.h>

enum { JOURNAL_KEPT = 100000 };

struct entry {
  uint64_t at_ms; /* of the monotonic clock */
  uint32_t took_ms;
  int status;          /* 0: raw bytes, or a reset */
  size_t organization; /* from 1; 0: no known key */
  char method[8];
  char *target; /* path and query */
};

/* The first JOURNAL_KEPT requests are kept, all are counted. */
struct journal {
  struct entry *entries;
  size_t kept;
  size_t requests;
  size_t by_class[6]; /* by status / 100 */
};

uint64_t monotonic_ms(void);
void journal_add(struct journal *journal, const struct entry *entry, const char *target);
void journal_clear(struct journal *journal);
void journal_list(const struct journal *journal, struct text *json);
void journal_counts(const struct journal *journal, struct text *json);
