#include "store/write_behind.h"
#include "sql/embedded.h"
#include <stdio.h>
#include <string.h>

/* What this file is for: the difference between knowing and writing. It promises that what is owed is never more than
 * sync.flush_interval's worth of true statements, and that losing it (a crash) makes the database say less, never something wrong. */

void write_behind_init(struct write_behind *write_behind) {
  *write_behind = (struct write_behind){.listed_at_us = MOMENT_UNKNOWN,
                                        .complete_at_us = MOMENT_UNKNOWN,
                                        .outcome_at_us = MOMENT_UNKNOWN,
                                        .sent_until_us = MOMENT_UNKNOWN};
}

void write_behind_forget(struct write_behind *write_behind) {
  snapshot_destroy(write_behind->snapshot);
  write_behind->snapshot = NULL;
}

void write_behind_finish(struct write_behind *write_behind) { write_behind_forget(write_behind); }

bool write_behind_repeats(const struct write_behind *write_behind, enum outcome outcome, const char *error) {
  return write_behind->outcome_known && write_behind->outcome == outcome && strcmp(write_behind->error, error) == 0;
}

static void remember(struct write_behind *write_behind, enum outcome outcome, const char *error) {
  write_behind->outcome_known = true;
  write_behind->outcome = outcome;
  snprintf(write_behind->error, sizeof write_behind->error, "%s", error);
}

bool write_behind_add(struct write_behind *write_behind, const struct write_behind_entry *entry) {
  if (entry->covers && !coverage_add(&write_behind->coverage, entry->started_at_us, entry->ended_at_us, entry->gap_us))
    return false;
  write_behind->attempts =
      write_behind_repeats(write_behind, entry->outcome, entry->error) ? write_behind->attempts + 1 : 1;
  write_behind->outcome_at_us = entry->started_at_us;
  if (entry->covers) {
    write_behind->complete_at_us = entry->started_at_us;
    write_behind->gap_us = write_behind_gap_us(write_behind, entry->gap_us);
  }
  if (entry->outcome != OUTCOME_FAILED)
    write_behind->listed_at_us = entry->started_at_us;
  remember(write_behind, entry->outcome, entry->error);
  return true;
}

bool write_behind_owes(const struct write_behind *write_behind) {
  return write_behind->attempts > 0 || write_behind->coverage.sweeps > 0;
}

int64_t write_behind_gap_us(const struct write_behind *write_behind, int64_t gap_us) {
  return write_behind->coverage.sweeps > 0 && write_behind->gap_us > gap_us ? write_behind->gap_us : gap_us;
}

static struct slice span(char *text, size_t size, int64_t span_us) {
  snprintf(text, size, "%lld microseconds", (long long)span_us);
  return slice_of(text);
}

void write_behind_statement(const struct write_behind *write_behind, const char *organization_id, int64_t gap_us,
                            struct write_behind_texts *ret_texts, struct db_statement *ret_statement) {
  struct write_behind_texts *texts = ret_texts;
  const struct coverage *coverage = &write_behind->coverage;
  *ret_statement = (struct db_statement){.sql = sql_query_flush, .count = 13, .prepare = true};
  struct slice *values = ret_statement->values;
  snprintf(texts->attempts, sizeof texts->attempts, "%d", write_behind->attempts);
  values[0] = slice_of(organization_id);
  values[1] = slice_of(outcome_name(write_behind->outcome));
  values[2] = write_behind->error[0] == '\0' ? (struct slice){0} : slice_of(write_behind->error);
  values[3] = slice_of(texts->attempts);
  if (write_behind->listed_at_us != MOMENT_UNKNOWN) {
    moment_format(write_behind->listed_at_us, texts->listed);
    values[4] = slice_of(texts->listed);
  }
  if (write_behind->outcome_at_us != MOMENT_UNKNOWN) {
    moment_format(write_behind->outcome_at_us, texts->outcome_at);
    values[12] = slice_of(texts->outcome_at);
  }
  values[5] = span(texts->gap, sizeof texts->gap, write_behind_gap_us(write_behind, gap_us));
  if (coverage->sweeps == 0)
    return;
  moment_format(coverage->from_at_us, texts->from);
  moment_format(coverage->first_ended_at_us, texts->ended);
  moment_format(coverage->until_at_us, texts->until);
  snprintf(texts->sweeps, sizeof texts->sweeps, "%lld", (long long)coverage->sweeps);
  values[6] = slice_of(texts->from);
  values[7] = slice_of(texts->ended);
  values[8] = slice_of(texts->until);
  values[9] = slice_of(texts->sweeps);
  values[10] = span(texts->longest, sizeof texts->longest, coverage->longest_gap_us);
  values[11] = span(texts->pending, sizeof texts->pending, coverage->pending_gap_us);
}

void write_behind_sent(struct write_behind *write_behind, const struct coverage *coverage) {
  write_behind->sent_until_us = coverage->sweeps > 0 ? coverage->until_at_us : MOMENT_UNKNOWN;
}

void write_behind_paid(struct write_behind *write_behind, int64_t now_ms) {
  write_behind->sent_until_us = MOMENT_UNKNOWN;
  write_behind->coverage = (struct coverage){.until_at_us = write_behind->coverage.until_at_us};
  write_behind->gap_us = 0;
  write_behind->attempts = 0;
  write_behind->paid_at_ms = now_ms;
}

void write_behind_wrote(struct write_behind *write_behind, enum outcome outcome, const char *error, int64_t now_ms) {
  remember(write_behind, outcome, error);
  write_behind_paid(write_behind, now_ms);
}
