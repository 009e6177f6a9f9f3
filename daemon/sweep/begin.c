/* A sweep's first and last words with the database: lock, the mirror's state, stored digests, unlock. It promises that a configuration
 * that contradicts what is recorded fails before any request. */
#include "sweep/begin.h"
#include "base/memory.h"
#include "sql/embedded.h"
#include "sweep/dues.h"
#include "sweep/holder.h"
#include "sweep/identity.h"
#include "sweep/judge.h"

enum { LOCK_RETRY_MS = 100, END_PATIENCE_MS = 3000 };

/* A daemon goes on without the key of one organization, and looks for it again with each of its sweeps. */
static bool has_key(struct sweep *sweep, struct error *error) {
  const struct config_organization *organization = sweep->options.organization;
  if (organization->key != NULL)
    return true;
  sweep->report.key_dead = true;
  return error_set(error, ERROR_AUTH, "%s",
                   organization->key_problem == NULL ? "it has no key" : organization->key_problem);
}

static void on_mirror_state(void *context, const struct mirror_state *mirror_state, const struct error *error) {
  struct sweep *sweep = context;
  struct error disagreement = {0};
  if (mirror_state != NULL && sweep_writes(sweep) && !sweep->locked)
    sweep->lock = mirror_state->backend;
  if (mirror_state != NULL || (error != NULL && error->kind == ERROR_DATABASE))
    sweep->locked = sweep_writes(sweep); /* a lock outlives the error of the statement behind it */
  if (!drive_arrived(sweep))
    return;
  if (error != NULL) {
    drive_fail(sweep, error);
    return;
  }
  if (mirror_state == NULL) {
    drive_event(sweep, EVENT_BUSY);
    return;
  }
  mirror_state_finish(&sweep->mirror_state);
  mirror_state_copy(&sweep->mirror_state, mirror_state);
  sweep->report.database_us = mirror_state->clock_us;
  sweep->report.machine_us = moment_now_us();
  sweep->report.newest_us = mirror_state->newest_us == MOMENT_UNKNOWN ? 0 : mirror_state->newest_us;
  sweep->report.history_verified_s = mirror_state->history_verified_s;
  sweep->report.history_is_proven = mirror_state->history_is_proven;
  dues_settle(sweep);
  sweep->verify = sweep->options.verify || mirror_state->verification_due;
  if (mirror_state->organization_id == NULL && has_key(sweep, &disagreement)) {
    drive_event(sweep, EVENT_UNKNOWN);
  } else if (!has_key(sweep, &disagreement) || !identity_is_configured(sweep, &disagreement)) {
    drive_fail(sweep, &disagreement);
  } else {
    if (mirror_state->also_named != NULL && sweep_writes(sweep))
      identity_forget_claims(sweep);
    drive_event(sweep, EVENT_LOCKED);
  }
}

void sweep_lock(struct sweep *sweep) {
  const struct sweep_context *shared = sweep->options.shared;
  struct mirror_state_question question = sweep_question(sweep);
  question.lock = sweep_writes(sweep) && !sweep->locked;
  if (question.lock)
    sweep->lock_lost = false; /* it is taken anew */
  sweep->clock_read_ms =
      loop_now_ms(shared->loop);   /* before the database's: what ends is then said to end late, never early */
  listing_destroy(sweep->listing); /* of a try that the revision overtook */
  removal_destroy(sweep->removal);
  binding_destroy(sweep->binding);
  sweep->listing = NULL;
  sweep->removal = NULL;
  sweep->binding = NULL;
  memory_free(sweep->organization_id); /* what was not recorded is asked again */
  memory_free(sweep->principal_id);
  sweep->organization_id = sweep->principal_id = NULL;
  if (sweep->options.mode == SWEEP_COMPARE_WITH_NOTHING) {
    mirror_state_finish(&sweep->mirror_state);
    drive_later(sweep, EVENT_UNKNOWN, 0);
    return;
  }
  sweep->under_way++;
  mirror_state_read(shared->watch, &question, on_mirror_state, sweep);
}

static int64_t blocked_ms(const struct sweep *sweep) { return sweep_now_ms(sweep) - sweep->blocked_since_ms; }

static void on_holder(struct sweep *sweep, bool is_ended, const struct error *conflict) {
  int64_t patience_ms = sweep->options.wait_for_lock ? sweep->options.shared->config->database.lock_timeout_ms : 0;
  if (blocked_ms(sweep) < patience_ms || (is_ended && blocked_ms(sweep) < patience_ms + END_PATIENCE_MS)) {
    drive_later(sweep, EVENT_WAITED, LOCK_RETRY_MS);
    return;
  }
  sweep->report.busy = true;
  drive_fail(sweep, conflict);
}

/* Who holds it is asked at the beginning, for it may be somebody who is gone, and at the end, to be told. */
void sweep_wait(struct sweep *sweep) {
  bool first = sweep->blocked_since_ms == 0;
  if (first)
    sweep->blocked_since_ms = sweep_now_ms(sweep);
  if (first || !sweep->options.wait_for_lock ||
      blocked_ms(sweep) >= sweep->options.shared->config->database.lock_timeout_ms)
    holder_of_lock(sweep, on_holder);
  else
    drive_later(sweep, EVENT_WAITED, LOCK_RETRY_MS);
}

/* The bytes of a digest; NULL: there is none. */
static const unsigned char *digest_column(const struct db_row *row, int column) {
  struct slice bytes = db_row_text(row, column);
  return bytes.length == HASH_BYTES ? (const unsigned char *)bytes.bytes : NULL;
}

static void on_stored_row(void *context, const struct db_row *row) {
  struct sweep *sweep = context;
  struct error error = {0};
  if (!snapshot_store(listing_snapshot(sweep->listing), db_row_text(row, 0), digest_column(row, 1),
                      digest_column(row, 2), &error))
    sweep->why = error;
}

static void on_stored(void *context, const struct error *error) {
  struct sweep *sweep = context;
  if (!drive_arrived(sweep))
    return;
  if (error != NULL)
    drive_fail(sweep, error);
  else if (sweep->why.kind != ERROR_NONE)
    drive_fail(sweep, &sweep->why);
  else
    drive_event(sweep, EVENT_RECALLED);
}

void sweep_recall(struct sweep *sweep) {
  struct db_statement statement = {.sql = sql_query_stored,
                                   .count = 3,
                                   .values = {slice_of(sweep_bound_to(sweep)),
                                              slice_of(sweep->verify ? "true" : "false"),
                                              buffer_slice(&sweep->excluded_fields)},
                                   .prepare = true,
                                   .binary = true,
                                   .read_only = !sweep_writes(sweep)};
  struct write_behind *write_behind = sweep->options.write_behind;
  bool remembered = write_behind->snapshot != NULL && !sweep->verify;
  sweep->why = (struct error){0};
  if (!remembered)
    write_behind_forget_digests(write_behind);
  sweep_prepare_listing(sweep);
  if (remembered) {
    drive_later(sweep, EVENT_RECALLED, 0);
    return;
  }
  sweep->under_way++;
  db_query(sweep->options.shared->watch, &statement, on_stored_row, on_stored, sweep);
}

static void on_released(void *context, const struct error *error) {
  struct sweep *sweep = context;
  (void)error; /* a lost session has given its locks back */
  sweep->under_way--;
  drive_event(sweep, EVENT_RELEASED);
}

void sweep_release(struct sweep *sweep) {
  struct db_statement statement = {
      .sql = sql_query_unlock, .count = 1, .values = {slice_of(sweep->options.organization->name)}, .prepare = true};
  timer_stop(sweep->deadline);
  if (!sweep->locked) {
    drive_later(sweep, EVENT_RELEASED, 0);
    return;
  }
  sweep->locked = false;
  sweep->under_way++;
  db_query(sweep->options.shared->watch, &statement, NULL, on_released, sweep);
}
