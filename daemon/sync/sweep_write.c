#include "sync/sweep_write.h"
#include "base/memory.h"
#include "sql/embedded.h"
#include <stdio.h>

/* What this file is for: handing a judged sweep to the database. It promises one transaction, or one statement, or nothing. */

enum { MOVES_MAX = 3 };

/* This sweep's own coverage; nothing for an incomplete one. */
static struct coverage own_coverage(const struct sweep *sweep) {
  struct coverage coverage = {0};
  int64_t elapsed_ms = loop_now_ms(sweep->options.tools->loop) - sweep->began_ms,
          started_at_us = sweep->standing.clock_us;
  bool added = sweep->floor == OUTCOME_INCOMPLETE ||
               coverage_add(&coverage, started_at_us, started_at_us + elapsed_ms * 1000, sweep_gap_ms(sweep) * 1000);
  (void)added; /* the first one always fits */
  return coverage;
}

static void on_applied(void *context, const struct apply_result *result, const struct error *error) {
  struct sweep *sweep = context;
  struct report *report = &sweep->report;
  sweep->under_way--;
  if (error != NULL) {
    bool moved = error->kind == ERROR_CONFLICT && ++sweep->moved < MOVES_MAX;
    if (moved)
      sweep_event(sweep, EVENT_MOVED);
    else
      sweep_fail(sweep, error);
    return;
  }
  report->outcome = result->outcome;
  report->added = result->added;
  report->changed = result->changed;
  report->removed = result->removed;
  report->repaired = result->repaired;
  if (result->outcome == OUTCOME_GUARDED || result->outcome == OUTCOME_INCOMPLETE)
    report->error = sweep->why;
  if (report->repaired > 0)
    log_write(sweep->options.tools->log, LOG_LEVEL_WARNING,
              "mirror rows differed from their documents and were repaired organization=%s accounts=%lld",
              report->organization, (long long)report->repaired);
  sweep_event(sweep, EVENT_WRITTEN);
}

void sweep_write(struct sweep *sweep) {
  const struct tools *tools = sweep->options.tools;
  struct snapshot_counts counts = snapshot_count(listing_snapshot(sweep->listing));
  struct error lost;
  struct apply_work work = {.organization_id = sweep_bound_to(sweep),
                            .name = sweep->options.organization->name,
                            .principal_id = sweep->principal_id,
                            .user_id = sweep->options.organization->user_id,
                            .revision = sweep->standing.organization_id == NULL ? -1 : sweep->standing.revision,
                            .started_at_us = sweep->standing.clock_us,
                            .listed_at_us = MOMENT_UNKNOWN,
                            .complete_at_us = MOMENT_UNKNOWN,
                            .volatile_fields = buffer_slice(&sweep->volatile_fields),
                            .verify = sweep->verify,
                            .complete = sweep->listed_complete,
                            .verified = sweep->verify && sweep->floor != OUTCOME_INCOMPLETE,
                            .snapshot = listing_snapshot(sweep->listing),
                            .spool = listing_spool(sweep->listing),
                            .removed = sweep->removed,
                            .unseen = buffer_slice(&sweep->unseen),
                            .rejected = listing_rejected(sweep->listing),
                            .floor = sweep->floor,
                            .error = sweep->floor == OUTCOME_UNCHANGED ? NULL : sweep->why.text,
                            .accounts = counts.shown,
                            .rejected_count = counts.rejected,
                            .requests = sweep->traffic.requests,
                            .attempts = 1,
                            .received_bytes = sweep->traffic.received_bytes,
                            .gap_ms = sweep_gap_ms(sweep),
                            .coverage = own_coverage(sweep)};
  if (sweep->lock_lost) {
    error_set(&lost, ERROR_UNREACHABLE, "the database session that held the lock was lost");
    sweep_fail(sweep, &lost);
    return;
  }
  sweep->under_way++;
  apply_start(tools->write, &work, on_applied, sweep);
}

static void on_flushed(void *context, const struct error *error) {
  struct sweep *sweep = context;
  sweep->under_way--;
  if (error != NULL) {
    sweep_fail(sweep, error);
    return;
  }
  sweep->report.outcome = OUTCOME_UNCHANGED;
  sweep_event(sweep, EVENT_WRITTEN);
}

void sweep_flush(struct sweep *sweep) {
  struct coverage coverage = own_coverage(sweep);
  char from[MOMENT_TEXT_BYTES], ended[MOMENT_TEXT_BYTES], until[MOMENT_TEXT_BYTES], gap[40];
  moment_format(coverage.from_at_us, from);
  moment_format(coverage.first_ended_at_us, ended);
  moment_format(coverage.until_at_us, until);
  snprintf(gap, sizeof gap, "%lld milliseconds", (long long)sweep_gap_ms(sweep));
  struct db_statement statement = {.sql = sql_query_flush,
                                   .count = 12,
                                   .values = {slice_of(sweep_bound_to(sweep)),
                                              slice_of("unchanged"),
                                              {0},
                                              slice_of("1"),
                                              slice_of(until),
                                              slice_of(gap),
                                              slice_of(from),
                                              slice_of(ended),
                                              slice_of(until),
                                              slice_of("1"),
                                              slice_of("0"),
                                              slice_of("0")},
                                   .prepare = true};
  sweep->under_way++;
  db_query(sweep->options.tools->write, &statement, NULL, on_flushed, sweep);
}

static void on_recorded(void *context, const struct error *error) {
  struct sweep *sweep = context;
  (void)error; /* the report tells the failure itself; that it could not be written down adds nothing */
  sweep->under_way--;
  sweep_event(sweep, EVENT_RECORDED);
}

void sweep_record(struct sweep *sweep) {
  char started[MOMENT_TEXT_BYTES], requests[16], bytes[24];
  bool worth = sweep->locked && sweep->standing.organization_id != NULL &&
               sweep->report.error.kind != ERROR_UNREACHABLE && sweep->report.error.kind != ERROR_CANCELLED;
  if (!worth) {
    sweep_later(sweep, EVENT_RECORDED, 0);
    return;
  }
  moment_format(sweep->standing.clock_us, started);
  snprintf(requests, sizeof requests, "%d", sweep->traffic.requests);
  snprintf(bytes, sizeof bytes, "%lld", (long long)sweep->traffic.received_bytes);
  struct db_statement statement = {.sql = sql_query_fail,
                                   .count = 6,
                                   .values = {slice_of(sweep->standing.organization_id), slice_of(started),
                                              slice_of(sweep->report.error.text), slice_of("1"), slice_of(requests),
                                              slice_of(bytes)}};
  sweep->under_way++;
  db_query(sweep->options.tools->write, &statement, NULL, on_recorded, sweep);
}
