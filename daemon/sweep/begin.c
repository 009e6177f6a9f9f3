#include "sweep/begin.h"
#include "base/memory.h"
#include "sql/embedded.h"
#include "sweep/judge.h"
#include "sweep/write.h"
#include <string.h>

/* What this file is for: a sweep's first and last words with the database: lock, standing, stored digests, unlock. It promises
 * that a configuration that contradicts what is recorded fails before any request. */

enum { LOCK_RETRY_MS = 100 };

static bool same_text(const char *left, const char *right) {
  return left == NULL || right == NULL ? left == right : strcmp(left, right) == 0;
}

/* A NAME out of a comma-separated list that is another than this one, configured and enabled; or NULL. */
static const struct config_organization *configured_claim(const struct config *config, const char *names,
                                                          const struct config_organization *self) {
  char name[64];
  for (const char *at = names; at != NULL && *at != '\0';) {
    size_t length = strcspn(at, ",");
    if (length < sizeof name) {
      memcpy(name, at, length);
      name[length] = '\0';
      const struct config_organization *organization = config_find(config, name);
      if (organization != NULL && organization != self && organization->enabled)
        return organization;
    }
    at += length + (at[length] == ',' ? 1 : 0);
  }
  return NULL;
}

/* Whether what is recorded under this NAME is what the configuration asks for. */
bool sweep_agrees(const struct sweep *sweep, struct error *error) {
  const struct config_organization *organization = sweep->options.organization;
  const struct mirror_state *mirror_state = &sweep->mirror_state;
  const struct config_organization *claim =
      configured_claim(sweep->options.shared->config, mirror_state->also_named, organization);
  if (organization->organization_id != NULL &&
      strcmp(organization->organization_id, mirror_state->organization_id) != 0)
    return error_set(
        error, ERROR_CONFIG,
        "the organization behind this key changed: \"%s\" is recorded as %s, but organization_id says %s; use a new "
        "NAME for the other organization",
        organization->name, mirror_state->organization_id, organization->organization_id);
  if (!same_text(organization->user_id, mirror_state->user_id))
    return error_set(
        error, ERROR_CONFIG,
        "the organization behind this key changed: \"%s\" was recorded with user_id \"%s\", now it is \"%s\"; put it "
        "back, or mirror into another database.schema",
        organization->name, mirror_state->user_id == NULL ? "" : mirror_state->user_id,
        organization->user_id == NULL ? "" : organization->user_id);
  if (claim != NULL)
    return error_set(error, ERROR_CONFIG,
                     "two names, \"%s\" and \"%s\", for one organization: remove one of them from the configuration",
                     organization->name, claim->name);
  return true;
}

static void on_forgotten(void *context, const struct error *error) {
  (void)context; /* tidying up: when it fails, the next sweep tries again */
  (void)error;
}

static void forget_claims(struct sweep *sweep) {
  struct db_statement unclaim = {
      .sql = sql_query_unclaim, .count = 2, .values = {slice_of(sweep->mirror_state.organization_id), slice_of("{}")}};
  db_query(sweep->options.shared->write, &unclaim, NULL, on_forgotten, NULL);
}

/* What the ledger remembers of the last outcome is good only while nobody wrote down a newer one: not another process, nor a commit
 * of ours whose answer was lost. */
static void compare_outcomes(struct sweep *sweep) {
  struct write_behind *write_behind = sweep->options.write_behind;
  int64_t told_us = sweep->mirror_state.outcome_at_us;
  if (told_us == MOMENT_UNKNOWN || told_us > sweep->mirror_state.clock_us)
    return;
  if (told_us == write_behind->outcome_at_us)
    write_behind->attempts = 0;
  else if (write_behind->outcome_at_us == MOMENT_UNKNOWN || told_us > write_behind->outcome_at_us)
    write_behind->outcome_known = false;
}

/* What is owed was perhaps written down, by a commit whose answer was lost: it must not be counted twice. Where another process swept
 * since, it is paid at once, while it can still be put in its place; coverage may be paid twice. */
static void settle_what_is_owed(struct sweep *sweep) {
  struct write_behind *write_behind = sweep->options.write_behind;
  int64_t swept_us = sweep->mirror_state.last_swept_at_us, sent_us = write_behind->sent_until_us;
  if (!sweep_writes(sweep))
    return;
  compare_outcomes(sweep);
  if (swept_us == MOMENT_UNKNOWN)
    return;
  write_behind->sent_until_us = MOMENT_UNKNOWN;
  if (swept_us == sent_us)
    write_behind_paid(write_behind, write_behind->paid_at_ms);
  if (write_behind->coverage.sweeps > 0 && swept_us > write_behind->coverage.until_at_us &&
      swept_us <= sweep->mirror_state.clock_us)
    sweep_pay(sweep);
}

/* Where the clock went back behind it, coverage has to say so. */
static void know_what_is_written(struct sweep *sweep) {
  struct coverage *coverage = &sweep->options.write_behind->coverage;
  int64_t swept_us = sweep->mirror_state.last_swept_at_us;
  if (coverage->sweeps == 0 && swept_us != MOMENT_UNKNOWN && swept_us > coverage->until_at_us)
    coverage->until_at_us = swept_us;
}

static void on_standing(void *context, const struct mirror_state *mirror_state, const struct error *error) {
  struct sweep *sweep = context;
  struct error disagreement = {0};
  if (mirror_state != NULL || (error != NULL && error->kind == ERROR_DATABASE))
    sweep->locked = sweep_writes(sweep); /* a lock outlives the error of the statement behind it */
  if (!sweep_arrived(sweep))
    return;
  if (error != NULL) {
    sweep_fail(sweep, error);
    return;
  }
  if (mirror_state == NULL) {
    sweep_event(sweep, EVENT_BUSY);
    return;
  }
  mirror_state_finish(&sweep->mirror_state);
  mirror_state_copy(&sweep->mirror_state, mirror_state);
  settle_what_is_owed(sweep);
  know_what_is_written(sweep);
  sweep->verify = sweep->options.verify || mirror_state->verification_due;
  if (mirror_state->organization_id == NULL) {
    sweep_event(sweep, EVENT_UNKNOWN);
  } else if (!sweep_agrees(sweep, &disagreement)) {
    sweep_fail(sweep, &disagreement);
  } else {
    if (mirror_state->also_named != NULL && sweep_writes(sweep))
      forget_claims(sweep);
    sweep_event(sweep, EVENT_LOCKED);
  }
}

void sweep_lock(struct sweep *sweep) {
  const struct sweep_context *shared = sweep->options.shared;
  struct mirror_state_question question = {.name = sweep->options.organization->name,
                                           .lock = sweep_writes(sweep) && !sweep->locked,
                                           .read_only = !sweep_writes(sweep),
                                           .volatile_fields = buffer_slice(&sweep->volatile_fields),
                                           .digest_version = APPLY_DIGEST_VERSION,
                                           .verify_interval_ms = shared->config->sync.verify_interval_ms};
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
    sweep->mirror_state.revision = -1;
    sweep_later(sweep, EVENT_UNKNOWN, 0);
    return;
  }
  sweep->under_way++;
  mirror_state_read(shared->watch, &question, on_standing, sweep);
}

struct holder {
  struct sweep *sweep;
  struct error error;
};

static void on_holder_row(void *context, const struct db_row *row) {
  struct holder *holder = context;
  struct slice id = db_row_text(row, 0), pid = db_row_text(row, 1), program = db_row_text(row, 2),
               client = db_row_text(row, 3);
  if (id.length > 0 && holder->sweep->organization_id == NULL)
    holder->sweep->organization_id = memory_copy(id.bytes, id.length);
  if (pid.length > 0)
    error_set(&holder->error, ERROR_CONFLICT, "another process sweeps \"%s\": %.*s with backend pid %.*s, client %.*s",
              holder->sweep->options.organization->name, (int)program.length, program.bytes, (int)pid.length, pid.bytes,
              (int)client.length, client.bytes);
}

static void on_holder(void *context, const struct error *error) {
  struct holder *holder = context;
  struct sweep *sweep = holder->sweep;
  struct error conflict = holder->error;
  (void)error;
  memory_free(holder);
  sweep->report.busy = true;
  if (sweep_arrived(sweep))
    sweep_fail(sweep, &conflict);
}

static void say_who(struct sweep *sweep) {
  struct holder *holder = memory_allocate(sizeof *holder);
  struct db_statement statement = {
      .sql = sql_query_lock_holder, .count = 1, .values = {slice_of(sweep->options.organization->name)}};
  holder->sweep = sweep;
  error_set(&holder->error, ERROR_CONFLICT, "another process sweeps \"%s\"", sweep->options.organization->name);
  sweep->under_way++;
  db_query(sweep->options.shared->watch, &statement, on_holder_row, on_holder, holder);
}

void sweep_wait(struct sweep *sweep) {
  const struct sweep_context *shared = sweep->options.shared;
  int64_t now_ms = loop_now_ms(shared->loop);
  if (sweep->blocked_since_ms == 0)
    sweep->blocked_since_ms = now_ms;
  bool enough = now_ms - sweep->blocked_since_ms >= shared->config->database.lock_timeout_ms;
  if (enough || !sweep->options.wait_for_lock)
    say_who(sweep);
  else
    sweep_later(sweep, EVENT_WAITED, LOCK_RETRY_MS);
}

static bool decode_digest(struct slice hex, unsigned char ret_digest[HASH_BYTES]) {
  if (hex.length != 2 * HASH_BYTES + 2) /* \x… */
    return false;
  for (int i = 0; i < HASH_BYTES; i++) {
    unsigned value = 0;
    for (int j = 0; j < 2; j++) {
      char digit = hex.bytes[2 + 2 * i + j];
      value = value * 16 + (unsigned)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
    }
    ret_digest[i] = (unsigned char)value;
  }
  return true;
}

static void on_stored_row(void *context, const struct db_row *row) {
  struct sweep *sweep = context;
  unsigned char raw[HASH_BYTES], digest[HASH_BYTES];
  struct error error = {0};
  bool known = decode_digest(db_row_text(row, 1), raw) && decode_digest(db_row_text(row, 2), digest);
  if (!snapshot_store(listing_snapshot(sweep->listing), db_row_text(row, 0), known ? raw : NULL, known ? digest : NULL,
                      &error))
    sweep->why = error;
}

static void on_stored(void *context, const struct error *error) {
  struct sweep *sweep = context;
  if (!sweep_arrived(sweep))
    return;
  if (error != NULL)
    sweep_fail(sweep, error);
  else if (sweep->why.kind != ERROR_NONE)
    sweep_fail(sweep, &sweep->why);
  else
    sweep_event(sweep, EVENT_RECALLED);
}

void sweep_recall(struct sweep *sweep) {
  struct db_statement statement = {
      .sql = sql_query_stored,
      .count = 2,
      .values = {slice_of(sweep_bound_to(sweep)), slice_of(sweep->verify ? "true" : "false")},
      .prepare = true,
      .read_only = !sweep_writes(sweep)};
  struct write_behind *write_behind = sweep->options.write_behind;
  bool remembered =
      write_behind->snapshot != NULL && !sweep->verify && write_behind->revision == sweep->mirror_state.revision;
  sweep->why = (struct error){0};
  if (!remembered)
    write_behind_forget(write_behind);
  sweep_prepare_listing(sweep);
  if (remembered) {
    sweep_later(sweep, EVENT_RECALLED, 0);
    return;
  }
  sweep->under_way++;
  db_query(sweep->options.shared->watch, &statement, on_stored_row, on_stored, sweep);
}

static void on_released(void *context, const struct error *error) {
  struct sweep *sweep = context;
  (void)error; /* a lost session has given its locks back */
  sweep->under_way--;
  sweep_event(sweep, EVENT_RELEASED);
}

void sweep_release(struct sweep *sweep) {
  struct db_statement statement = {
      .sql = sql_query_unlock, .count = 1, .values = {slice_of(sweep->options.organization->name)}, .prepare = true};
  timer_stop(sweep->deadline);
  if (!sweep->locked) {
    sweep_later(sweep, EVENT_RELEASED, 0);
    return;
  }
  sweep->locked = false;
  sweep->under_way++;
  db_query(sweep->options.shared->watch, &statement, NULL, on_released, sweep);
}
