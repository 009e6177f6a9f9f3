/* The request log that tests read back. */
#include "sim/journal.h"

#include <stdlib.h>
#include <time.h>

uint64_t monotonic_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void journal_add(struct journal *journal, const struct entry *entry, const char *target) {
  journal->requests++;
  journal->by_class[entry->status / 100 % 6]++;
  size_t kept = journal->kept;
  if (kept >= JOURNAL_KEPT)
    return;
  if ((kept & (kept - 1)) == 0)
    journal->entries = grow(journal->entries, kept ? kept * 2 : 1, sizeof *entry);
  journal->entries[kept] = *entry;
  journal->entries[kept].target = copy_string(target);
  journal->kept++;
}

void journal_clear(struct journal *journal) {
  for (size_t i = 0; i < journal->kept; i++)
    free(journal->entries[i].target);
  free(journal->entries);
  *journal = (struct journal){0};
}

void journal_list(const struct journal *journal, struct text *json) {
  text_string(json, "[");
  for (size_t i = 0; i < journal->kept; i++) {
    const struct entry *entry = &journal->entries[i];
    text_format(json, "%s\n{\"at_ms\": %llu, \"organization\": %zu, \"method\": \"%s\", \"target\": ", i ? "," : "",
                (unsigned long long)entry->at_ms, entry->organization, entry->method);
    text_json(json, entry->target);
    text_format(json, ", \"status\": %d, \"took_ms\": %u}", entry->status, entry->took_ms);
  }
  text_string(json, "]\n");
}

void journal_counts(const struct journal *journal, struct text *json) {
  text_format(json, "{\"requests\": %zu", journal->requests);
  for (int class = 0; class < 6; class ++)
    text_format(json, ", \"%dxx\": %zu", class, journal->by_class[class]);
  text_string(json, "}\n");
}
