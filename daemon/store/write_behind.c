/* What this process has seen and the database does not know yet. It promises that what is owed is never more than sync.flush_interval's
 * worth of true statements, and that losing it (a crash) makes the database say less, never something wrong. */
#include "store/write_behind.h"
#include <stdio.h>
#include <string.h>

void write_behind_init(struct write_behind *write_behind) {
  *write_behind = (struct write_behind){.written_us = MOMENT_UNKNOWN,
                                        .listed_at_us = MOMENT_UNKNOWN,
                                        .complete_at_us = MOMENT_UNKNOWN,
                                        .outcome_at_us = MOMENT_UNKNOWN,
                                        .sent_until_us = MOMENT_UNKNOWN};
}

void write_behind_forget_digests(struct write_behind *write_behind) {
  snapshot_destroy(write_behind->snapshot);
  write_behind->snapshot = NULL;
}

static void forget_mirror(struct write_behind *write_behind) {
  write_behind_forget_digests(write_behind);
  write_behind->listed_at_us = write_behind->complete_at_us = MOMENT_UNKNOWN;
}

/* What is remembered of the last outcome is good only while nobody wrote down a newer one: not another process, nor a commit of ours
 * whose answer was lost. */
static void compare_outcomes(struct write_behind *write_behind, const struct mirror_state *row) {
  int64_t told_us = row->outcome_at_us;
  if (told_us == MOMENT_UNKNOWN || told_us > row->clock_us)
    return;
  if (told_us == write_behind->outcome_at_us)
    write_behind->attempts = 0;
  else if (write_behind->outcome_at_us == MOMENT_UNKNOWN || told_us > write_behind->outcome_at_us)
    write_behind->outcome_known = false;
}

/* What is owed was perhaps written down, by a commit whose answer was lost: it must not be counted twice. Where another process swept
 * since, it is paid at once, while it can still be put in its place; coverage may be paid twice. */
bool write_behind_settle(struct write_behind *write_behind, const struct mirror_state *row) {
  int64_t swept_us = row->last_swept_at_us;
  bool is_older =
      write_behind->written_us != MOMENT_UNKNOWN && swept_us < write_behind->written_us; /* or it has none */
  bool is_another = strcmp(write_behind->revision, row->revision) != 0;
  compare_outcomes(write_behind, row);
  if (is_another || is_older)
    write_behind->outcome_known = false;
  if (is_another || is_older || !backend_equals(&write_behind->backend, &row->backend))
    forget_mirror(write_behind);
  if (swept_us != MOMENT_UNKNOWN && swept_us == write_behind->sent_until_us)
    write_behind_paid(write_behind, write_behind->paid_at_ms);
  write_behind->sent_until_us = MOMENT_UNKNOWN;
  bool is_overtaken = swept_us > write_behind->coverage.until_at_us && swept_us <= row->clock_us;
  return write_behind->coverage.sweeps > 0 && (is_another || is_overtaken);
}

void write_behind_adopt(struct write_behind *write_behind, const struct mirror_state *row) {
  struct coverage *coverage = &write_behind->coverage;
  snprintf(write_behind->revision, sizeof write_behind->revision, "%s", row->revision);
  write_behind->backend = row->backend;
  write_behind->written_us = row->last_swept_at_us;
  if (coverage->sweeps == 0 && row->last_swept_at_us > coverage->until_at_us) /* so that a clock gone back is told */
    coverage->until_at_us = row->last_swept_at_us;
}

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

void write_behind_sent(struct write_behind *write_behind, const struct coverage *coverage) {
  write_behind->sent_until_us = coverage->sweeps > 0 ? coverage->until_at_us : MOMENT_UNKNOWN;
}

void write_behind_paid(struct write_behind *write_behind, int64_t now_ms) {
  write_behind->sent_until_us = MOMENT_UNKNOWN;
  if (write_behind->coverage.sweeps > 0)
    write_behind->written_us = write_behind->coverage.until_at_us;
  write_behind->coverage = (struct coverage){.until_at_us = write_behind->coverage.until_at_us};
  write_behind->gap_us = 0;
  write_behind->attempts = 0;
  write_behind->paid_at_ms = now_ms;
}

void write_behind_wrote(struct write_behind *write_behind, const struct write_behind_entry *entry, enum outcome outcome,
                        const char *revision, int64_t now_ms) {
  write_behind->listed_at_us = write_behind->outcome_at_us = entry->started_at_us;
  if (entry->covers)
    write_behind->complete_at_us = entry->started_at_us;
  remember(write_behind, outcome, entry->error);
  write_behind_paid(write_behind, now_ms);
  if (entry->covers)
    write_behind->written_us = entry->started_at_us;
  snprintf(write_behind->revision, sizeof write_behind->revision, "%s", revision);
}
