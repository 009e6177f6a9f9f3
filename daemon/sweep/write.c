/* Hands a judged sweep to the database. It promises one transaction, or one statement, or only an entry in write_behind; and that
 * nothing is entered as covered before what was seen is committed. */
#include "sweep/write.h"
#include "sql/embedded.h"
#include "store/held.h"
#include "sweep/dues.h"
#include "sweep/holder.h"
#include "sweep/judge.h"
#include <stdio.h>
#include <string.h>

static const char *why(const struct sweep *sweep) { return sweep->floor == OUTCOME_UNCHANGED ? "" : sweep->why.text; }

static void log_repairs(const struct sweep *sweep) {
  if (sweep->report.repaired > 0)
    log_event(sweep->options.shared->log, LOG_EVENT_REPAIRED, LOG_LEVEL_WARNING,
              "mirror rows differed from their documents and were repaired organization=%s accounts=%lld",
              sweep->report.organization, (long long)sweep->report.repaired);
}

static void log_unproven(const struct sweep *sweep) {
  if (sweep->unproven > 0)
    log_write(
        sweep->options.shared->log, LOG_LEVEL_WARNING,
        "accounts were removed without proof, as --allow-removals says: their ids were no text, so Close could not "
        "be asked for them organization=%s accounts=%lld",
        sweep->report.organization, (long long)sweep->unproven);
}

static void on_row_holder(struct sweep *sweep, bool is_ended, const struct error *error) {
  struct error moved;
  error_set(&moved, ERROR_CONFLICT, "%s", error->text);
  drive_again(sweep, is_ended ? &moved : error);
}

static void on_applied(void *context, const struct apply_result *result, const struct error *error) {
  struct sweep *sweep = context;
  struct report *report = &sweep->report;
  struct write_behind *write_behind = sweep->options.write_behind;
  sweep->under_way--;
  if (error != NULL) {
    if (strcmp(error->code, APPLY_LOCK_LOST) == 0)
      sweep->locked = false; /* it is taken anew */
    if (strcmp(error->code, DB_LOCK_NOT_AVAILABLE) == 0)
      holder_of_row(sweep, error, on_row_holder);
    else
      drive_again(sweep, error);
    return;
  }
  struct write_behind_entry entry = dues_entry(sweep, sweep->floor, why(sweep));
  write_behind_wrote(write_behind, &entry, result->outcome, result->revision, sweep_now_ms(sweep));
  memcpy(write_behind->unseen, sweep->unseen_digest, HASH_BYTES);
  report->outcome = result->outcome;
  report->added = result->added;
  report->changed = result->changed;
  report->removed = result->removed;
  report->repaired = result->repaired;
  report->rescoped = result->rescoped;
  if (sweep->floor != OUTCOME_UNCHANGED)
    report->error = sweep->why;
  log_repairs(sweep);
  log_unproven(sweep);
  drive_event(sweep, EVENT_WRITTEN);
}

static bool lock_is_held(struct sweep *sweep) {
  struct error lost;
  if (!sweep->lock_lost)
    return true;
  error_set(&lost, ERROR_UNREACHABLE, "the database session that held the lock was lost");
  drive_fail(sweep, &lost);
  return false;
}

void sweep_write(struct sweep *sweep) {
  const struct write_behind *write_behind = sweep->options.write_behind;
  struct snapshot_counts counts = snapshot_count(listing_snapshot(sweep->listing));
  struct write_behind_entry entry = dues_entry(sweep, sweep->floor, why(sweep));
  if (!lock_is_held(sweep))
    return;
  dues_pay_before(sweep, &entry);
  struct apply_work work = {.organization_id = sweep_bound_to(sweep),
                            .name = sweep->options.organization->name,
                            .known_as = sweep->mirror_state.name,
                            .principal_id = sweep->principal_id,
                            .user_id = sweep->options.organization->user_id,
                            .revision =
                                sweep->mirror_state.organization_id == NULL ? NULL : sweep->mirror_state.revision,
                            .lock = sweep->lock,
                            .started_at_us = sweep->mirror_state.clock_us,
                            .listed_at_us = write_behind->listed_at_us,
                            .complete_at_us = write_behind->complete_at_us,
                            .volatile_fields = buffer_slice(&sweep->volatile_fields),
                            .excluded_fields = buffer_slice(&sweep->excluded_fields),
                            .notify = sweep->options.shared->config->sync.notify,
                            .verify = sweep->verify,
                            .complete = sweep->listed_complete,
                            .verified = sweep->verify && sweep->floor != OUTCOME_INCOMPLETE,
                            .snapshot = listing_snapshot(sweep->listing),
                            .spool = listing_spool(sweep->listing),
                            .removed = sweep->removed,
                            .unseen = buffer_slice(&sweep->unseen),
                            .rejected = rejected_list(listing_rejected(sweep->listing)),
                            .has_rejected = counts.rejected > 0 || !sweep_rejected_are_stored(sweep),
                            .has_unseen = counts.missing > 0 || counts.uncertain > 0 || sweep->mirror_state.unseen,
                            .floor = sweep->floor,
                            .error = sweep->floor == OUTCOME_UNCHANGED ? NULL : sweep->why.text,
                            .accounts = counts.shown,
                            .rejected_count = counts.rejected,
                            .requests = sweep->traffic.requests,
                            .attempts = 1,
                            .received_bytes = sweep->traffic.received_bytes,
                            .gap_ms = write_behind_gap_us(write_behind, sweep_gap_ms(sweep) * 1000) / 1000,
                            .coverage = dues_coverage(sweep, &entry)};
  write_behind_sent(sweep->options.write_behind, &work.coverage);
  sweep->under_way++;
  apply_start(sweep->options.shared->write, &work, on_applied, sweep);
}

/* Nothing changed: the snapshot is what the database holds, of the revision this sweep began with. */
static void remember(struct sweep *sweep) {
  struct write_behind *write_behind = sweep->options.write_behind;
  if (sweep->floor != OUTCOME_UNCHANGED)
    return;
  write_behind_forget_digests(write_behind);
  write_behind->snapshot = listing_take_snapshot(sweep->listing);
}

static void settle(struct sweep *sweep) {
  sweep->report.outcome = sweep->floor;
  if (sweep->floor != OUTCOME_UNCHANGED)
    sweep->report.error = sweep->why;
  remember(sweep);
  drive_event(sweep, EVENT_WRITTEN);
}

static void on_flushed_row(void *context, int statement, const struct db_row *row) {
  struct sweep *sweep = context;
  sweep->is_current = statement == 1 && db_row_bool(row, 0);
}

static void on_flushed(void *context, const struct error *error) {
  struct sweep *sweep = context;
  struct error moved;
  sweep->under_way--;
  if (error != NULL) {
    drive_fail(sweep, error);
    return;
  }
  write_behind_paid(sweep->options.write_behind, sweep_now_ms(sweep));
  error_set(&moved, ERROR_CONFLICT, "the mirror changed since this sweep began");
  if (sweep->is_current)
    settle(sweep);
  else
    drive_again(sweep, &moved);
}

/* Whether the outcome is to be written down at once. "unchanged" after "unchanged" or "changed" may wait, and so may a repetition of the
 * same failure. */
static bool is_news(const struct write_behind *write_behind, const struct write_behind_entry *entry) {
  bool was_well = write_behind->outcome_known && write_behind->outcome == OUTCOME_CHANGED;
  return !write_behind_repeats(write_behind, entry->outcome, entry->error) &&
         !(was_well && entry->outcome == OUTCOME_UNCHANGED);
}

void sweep_flush(struct sweep *sweep) {
  struct write_behind *write_behind = sweep->options.write_behind;
  struct write_behind_entry entry = dues_entry(sweep, sweep->floor, why(sweep));
  bool news = is_news(write_behind, &entry);
  if (!lock_is_held(sweep))
    return;
  dues_pay_before(sweep, &entry);
  if (!write_behind_add(write_behind, &entry))
    write_behind->coverage = (struct coverage){0}; /* dues_pay_before() has seen to it that it fits */
  if (dues_may_wait(sweep, news)) {
    settle(sweep);
    return;
  }
  sweep->under_way++;
  sweep->is_current = false;
  dues_pay(sweep, on_flushed_row, on_flushed, sweep);
}

static void on_recorded(void *context, const struct error *error) {
  struct sweep *sweep = context;
  sweep->under_way--;
  if (error == NULL) {
    sweep->options.write_behind->attempts = 0; /* coverage that is owed waits for the next complete sweep */
    sweep->options.write_behind->paid_at_ms = sweep_now_ms(sweep);
  } /* else the report tells the failure itself; that it could not be written down adds nothing */
  drive_event(sweep, EVENT_RECORDED);
}

static void write_failure(struct sweep *sweep) {
  char started[MOMENT_TEXT_BYTES], attempts[16], requests[16], bytes[24];
  moment_format(sweep->mirror_state.clock_us, started);
  snprintf(attempts, sizeof attempts, "%d", sweep->options.write_behind->attempts);
  snprintf(requests, sizeof requests, "%d", sweep->traffic.requests);
  snprintf(bytes, sizeof bytes, "%lld", (long long)sweep->traffic.received_bytes);
  struct db_statement statement = {.sql = sql_query_fail,
                                   .count = 6,
                                   .values = {slice_of(sweep->mirror_state.organization_id), slice_of(started),
                                              slice_of(sweep->report.error.text), slice_of(attempts),
                                              slice_of(requests), slice_of(bytes)}};
  sweep->under_way++;
  held_query(sweep->options.shared->write, sweep->mirror_state.organization_id, &statement, NULL, on_recorded, sweep);
}

void sweep_record(struct sweep *sweep) {
  const struct error *error = &sweep->report.error;
  bool worth = sweep->locked && sweep->mirror_state.organization_id != NULL && error->kind != ERROR_UNREACHABLE &&
               error->kind != ERROR_CANCELLED;
  if (!worth) {
    drive_later(sweep, EVENT_RECORDED, 0);
    return;
  }
  struct write_behind_entry entry = dues_entry(sweep, OUTCOME_FAILED, error->text);
  bool news = !write_behind_repeats(sweep->options.write_behind, OUTCOME_FAILED, error->text);
  dues_pay_before(sweep, &entry);
  if (write_behind_add(sweep->options.write_behind, &entry) && dues_may_wait(sweep, news))
    drive_later(sweep, EVENT_RECORDED, 0);
  else
    write_failure(sweep);
}
