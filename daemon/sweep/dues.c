/* Writes down what earlier sweeps saw. It promises that what is owed is paid before anything newer is written, and that what may have
 * arrived without an answer is not counted twice. */
#include "sweep/dues.h"
#include "store/flush.h"
#include "store/held.h"

struct write_behind_entry dues_entry(const struct sweep *sweep, enum outcome outcome, const char *error) {
  int64_t elapsed_ms = sweep_now_ms(sweep) - sweep->clock_read_ms;
  return (struct write_behind_entry){.outcome = outcome,
                                     .error = error,
                                     .covers = outcome == OUTCOME_UNCHANGED || outcome == OUTCOME_GUARDED,
                                     .started_at_us = sweep->mirror_state.clock_us,
                                     .ended_at_us = sweep->mirror_state.clock_us + elapsed_ms * 1000,
                                     .gap_us = sweep_gap_ms(sweep) * 1000};
}

/* Queue the statement that pays what is owed; the session sends it before whatever is queued behind it. */
void dues_pay(struct sweep *sweep, db_pipeline_row_fn *rows, db_done_fn *done, void *context) {
  struct write_behind *write_behind = sweep->options.write_behind;
  struct flush flush;
  flush_init(&flush);
  flush_add(&flush, write_behind, sweep_bound_to(sweep), sweep_gap_ms(sweep) * 1000);
  struct db_statement statement = flush_statement(&flush);
  write_behind_sent(write_behind, &write_behind->coverage);
  held_query(sweep->options.shared->write, sweep_bound_to(sweep), &statement, rows, done, context);
  flush_finish(&flush);
}

static void on_paid_before(void *context, const struct error *error) {
  (void)context; /* the sweep may be over by then */
  (void)error;   /* what could not be paid is lost: coverage then says less than was true, never more */
}

static void pay_now(struct sweep *sweep) {
  dues_pay(sweep, NULL, on_paid_before, NULL);
  write_behind_paid(sweep->options.write_behind, sweep_now_ms(sweep));
}

void dues_pay_before(struct sweep *sweep, const struct write_behind_entry *entry) {
  struct write_behind *write_behind = sweep->options.write_behind;
  struct coverage trial = write_behind->coverage;
  int64_t covered_us = trial.until_at_us; /* 0: not known */
  bool other = write_behind->attempts > 0 && write_behind->outcome != OUTCOME_UNCHANGED &&
               !write_behind_repeats(write_behind, entry->outcome, entry->error);
  bool fits = !entry->covers || coverage_add(&trial, entry->started_at_us, entry->ended_at_us, entry->gap_us);
  sweep->report.gap = entry->covers && covered_us != 0 && entry->started_at_us - covered_us > entry->gap_us;
  if (!fits || other)
    pay_now(sweep);
}

struct coverage dues_coverage(const struct sweep *sweep, const struct write_behind_entry *entry) {
  struct coverage coverage = sweep->options.write_behind->coverage;
  bool added = entry->covers && coverage_add(&coverage, entry->started_at_us, entry->ended_at_us, entry->gap_us);
  (void)added; /* dues_pay_before() has seen to it that it fits */
  return coverage;
}

bool dues_may_wait(const struct sweep *sweep, bool is_news) {
  return !is_news && sweep_now_ms(sweep) - sweep->options.write_behind->paid_at_ms < sweep->options.flush_after_ms;
}

void dues_settle(struct sweep *sweep) {
  struct write_behind *write_behind = sweep->options.write_behind;
  const struct mirror_state *row = &sweep->mirror_state;
  if (!sweep_writes(sweep))
    return;
  if (row->organization_id == NULL) { /* what is remembered is of a row that is no more */
    write_behind_forget_digests(write_behind);
    write_behind_init(write_behind);
    return;
  }
  if (write_behind_settle(write_behind, row))
    pay_now(sweep);
  write_behind_adopt(write_behind, row);
}
