#include "store/write_behind.h"
#include "sql/embedded.h"
#include <stdio.h>
#include <string.h>

/* What this file is for: the difference between knowing and writing. It promises that what is owed is never more than
 * sync.flush_interval's worth of true statements, and that losing it (a crash) makes the database say less, never something wrong. */

void ledger_init(struct ledger *ledger) {
  *ledger = (struct ledger){.listed_at_us = MOMENT_UNKNOWN,
                            .complete_at_us = MOMENT_UNKNOWN,
                            .outcome_at_us = MOMENT_UNKNOWN,
                            .sent_until_us = MOMENT_UNKNOWN};
}

void ledger_forget(struct ledger *ledger) {
  snapshot_destroy(ledger->snapshot);
  ledger->snapshot = NULL;
}

void ledger_finish(struct ledger *ledger) { ledger_forget(ledger); }

bool ledger_repeats(const struct ledger *ledger, enum outcome outcome, const char *error) {
  return ledger->outcome_known && ledger->outcome == outcome && strcmp(ledger->error, error) == 0;
}

static void remember(struct ledger *ledger, enum outcome outcome, const char *error) {
  ledger->outcome_known = true;
  ledger->outcome = outcome;
  snprintf(ledger->error, sizeof ledger->error, "%s", error);
}

bool ledger_add(struct ledger *ledger, const struct ledger_entry *entry) {
  if (entry->covers && !coverage_add(&ledger->coverage, entry->started_at_us, entry->ended_at_us, entry->gap_us))
    return false;
  ledger->attempts = ledger_repeats(ledger, entry->outcome, entry->error) ? ledger->attempts + 1 : 1;
  ledger->outcome_at_us = entry->started_at_us;
  if (entry->covers) {
    ledger->complete_at_us = entry->started_at_us;
    ledger->gap_us = ledger_gap_us(ledger, entry->gap_us);
  }
  if (entry->outcome != OUTCOME_FAILED)
    ledger->listed_at_us = entry->started_at_us;
  remember(ledger, entry->outcome, entry->error);
  return true;
}

bool ledger_owes(const struct ledger *ledger) { return ledger->attempts > 0 || ledger->coverage.sweeps > 0; }

int64_t ledger_gap_us(const struct ledger *ledger, int64_t gap_us) {
  return ledger->coverage.sweeps > 0 && ledger->gap_us > gap_us ? ledger->gap_us : gap_us;
}

static struct slice span(char *text, size_t size, int64_t span_us) {
  snprintf(text, size, "%lld microseconds", (long long)span_us);
  return slice_of(text);
}

void ledger_statement(const struct ledger *ledger, const char *organization_id, int64_t gap_us,
                      struct ledger_texts *ret_texts, struct db_statement *ret_statement) {
  struct ledger_texts *texts = ret_texts;
  const struct coverage *coverage = &ledger->coverage;
  *ret_statement = (struct db_statement){.sql = sql_query_flush, .count = 13, .prepare = true};
  struct slice *values = ret_statement->values;
  snprintf(texts->attempts, sizeof texts->attempts, "%d", ledger->attempts);
  values[0] = slice_of(organization_id);
  values[1] = slice_of(outcome_name(ledger->outcome));
  values[2] = ledger->error[0] == '\0' ? (struct slice){0} : slice_of(ledger->error);
  values[3] = slice_of(texts->attempts);
  if (ledger->listed_at_us != MOMENT_UNKNOWN) {
    moment_format(ledger->listed_at_us, texts->listed);
    values[4] = slice_of(texts->listed);
  }
  if (ledger->outcome_at_us != MOMENT_UNKNOWN) {
    moment_format(ledger->outcome_at_us, texts->outcome_at);
    values[12] = slice_of(texts->outcome_at);
  }
  values[5] = span(texts->gap, sizeof texts->gap, ledger_gap_us(ledger, gap_us));
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

void ledger_sent(struct ledger *ledger, const struct coverage *coverage) {
  ledger->sent_until_us = coverage->sweeps > 0 ? coverage->until_at_us : MOMENT_UNKNOWN;
}

void ledger_paid(struct ledger *ledger, int64_t now_ms) {
  ledger->sent_until_us = MOMENT_UNKNOWN;
  ledger->coverage = (struct coverage){.until_at_us = ledger->coverage.until_at_us};
  ledger->gap_us = 0;
  ledger->attempts = 0;
  ledger->paid_at_ms = now_ms;
}

void ledger_wrote(struct ledger *ledger, enum outcome outcome, const char *error, int64_t now_ms) {
  remember(ledger, outcome, error);
  ledger_paid(ledger, now_ms);
}
