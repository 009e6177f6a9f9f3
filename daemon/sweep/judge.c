/* Decides what a listing means. It promises that nothing is called removed without proof, and that of several truths the gravest is told
 * (contract 5.3, 5.4 and section 6). */
#include "sweep/judge.h"
#include "base/memory.h"
#include "crm/principal.h"
#include "crm/request.h"
#include "io/db_array.h"
#include "store/apply.h"
#include "store/flush.h"
#include "sweep/dues.h"
#include "sweep/identity.h"
#include "sweep/way_in.h"
#include <string.h>

enum { GUARD_FREE_REMOVALS = 3 };
static const double GUARD_ROUNDING = 1e-6; /* 29% of 100 is a little less than 29 in binary */

static void settle_floor(struct sweep *sweep, enum outcome floor, enum error_kind kind, const char *text) {
  sweep->floor = floor;
  error_set(&sweep->why, kind, "%s", text);
}

static bool append_unseen(struct sweep *sweep, bool (*next)(const struct snapshot *, uint32_t *)) {
  const struct snapshot *snapshot = listing_snapshot(sweep->listing);
  for (uint32_t number = 0; next(snapshot, &number); number++)
    if (!db_array_append(&sweep->unseen, snapshot_id(snapshot, number)))
      return false;
  return true;
}

bool sweep_rejected_are_stored(const struct sweep *sweep) {
  char rejected[2 * HASH_BYTES + 1];
  rejected_digest(listing_rejected(sweep->listing), rejected);
  return strcmp(rejected, sweep->mirror_state.rejected_digest) == 0;
}

/* Neither an account, nor what was set aside, nor the NAME, nor the principal is other than the database has it. */
static bool all_is_stored(struct sweep *sweep, const struct snapshot_counts *counts) {
  if (sweep->verify || counts->differing > 0 || sweep->removed.length > 0 || sweep->principal_id != NULL)
    return false;
  return sweep_rejected_are_stored(sweep) && strcmp(sweep->mirror_state.name, sweep->options.organization->name) == 0;
}

/* It ends like the sweep before, with the same accounts out of sight: then counting it is enough. */
static bool ends_like_before(const struct sweep *sweep) {
  const struct write_behind *write_behind = sweep->options.write_behind;
  return write_behind_repeats(write_behind, sweep->floor, sweep->why.text) &&
         memcmp(write_behind->unseen, sweep->unseen_digest, HASH_BYTES) == 0;
}

static bool nothing_to_write(struct sweep *sweep, const struct snapshot_counts *counts) {
  if (sweep->floor == OUTCOME_UNCHANGED)
    return counts->missing == 0 && counts->uncertain == 0 && !sweep->mirror_state.unseen &&
           all_is_stored(sweep, counts);
  struct hasher *hasher = hasher_create();
  hasher_digest(hasher, buffer_slice(&sweep->unseen), sweep->unseen_digest);
  hasher_destroy(hasher);
  return ends_like_before(sweep) && all_is_stored(sweep, counts);
}

/* Everything is known: count it, and go on to write it or not. */
static void conclude(struct sweep *sweep) {
  struct snapshot_counts counts = snapshot_count(listing_snapshot(sweep->listing));
  struct error error = {0};
  sweep->report.accounts = counts.shown;
  sweep->report.rejected = counts.rejected;
  buffer_clear(&sweep->unseen);
  if (!append_unseen(sweep, snapshot_next_missing) || !append_unseen(sweep, snapshot_next_uncertain) ||
      !db_array_close(&sweep->unseen)) {
    error_set(&error, ERROR_LIMIT, "too many accounts are missing at once");
    drive_fail(sweep, &error);
    return;
  }
  drive_event(sweep, nothing_to_write(sweep, &counts) ? EVENT_SAME : EVENT_DIFFERENT);
}

static bool guarded(const struct sweep *sweep, const struct snapshot_counts *counts) {
  double share = sweep->options.shared->config->sync.max_removed;
  return !sweep->options.allow_removals && counts->missing > GUARD_FREE_REMOVALS &&
         (double)counts->missing > share * (double)counts->stored + GUARD_ROUNDING;
}

/* The organization is known and the listing is its own: what about the accounts that it did not show? */
static void judge_missing(struct sweep *sweep) {
  struct snapshot_counts counts = snapshot_count(listing_snapshot(sweep->listing));
  sweep->floor = OUTCOME_UNCHANGED;
  if (!sweep->listed_complete)
    settle_floor(sweep, OUTCOME_INCOMPLETE, ERROR_SHAPE,
                 "the listing did not hold still while it was read, twice: nothing is removed");
  else if (counts.missing > 0 && guarded(sweep, &counts)) {
    sweep->report.held = counts.missing;
    sweep->floor = OUTCOME_GUARDED;
    error_set(&sweep->why, ERROR_LIMIT,
              "more than sync.max_removed of the accounts are missing at once: look at Close, then run "
              "`closesyncd sync --allow-removals %s`",
              sweep->options.organization->name);
  } else if (counts.missing > 0 && counts.rejected > 0)
    settle_floor(sweep, OUTCOME_INCOMPLETE, ERROR_SHAPE,
                 "accounts are missing while entries of the list could not be read: no removal is proven");
  else if (counts.missing > 0) {
    drive_event(sweep, EVENT_MISSING);
    return;
  }
  conclude(sweep);
}

static void tell_progress(struct sweep *sweep) {
  struct sweep_progress *progress = sweep->options.progress;
  int64_t shown = snapshot_shown(listing_snapshot(sweep->listing));
  if (progress == NULL)
    return;
  progress->pages++;
  progress->accounts += shown - sweep->told;
  sweep->told = shown;
}

static void on_doubt(void *context, const struct api_request_answer *answer) {
  struct sweep *sweep = context;
  struct error error = sweep->why;
  sweep->doubt = NULL;
  sweep->why = (struct error){0};
  if (!drive_arrived(sweep))
    return;
  sweep->report.key_dead = answer->verdict == VERDICT_REFUSED;
  const struct config_organization *organization = sweep->options.organization;
  const char *noun = way_in_noun(organization);
  char advice[128];
  way_in_advise(organization, advice, sizeof advice);
  if (answer->error != NULL && (answer->error->kind == ERROR_CANCELLED || answer->error->kind == ERROR_CREDENTIAL))
    error = *answer->error;
  else if (sweep->report.key_dead)
    error_set(&error, ERROR_AUTH, "Close refuses the %s (HTTP %s), and /me/ says so too: %s", noun, error.code, advice);
  else if (answer->verdict == VERDICT_TAKE)
    error_set(&error, ERROR_AUTH,
              "Close refused the list (HTTP %s) although the %s is valid: its user may not see connected accounts",
              error.code, noun);
  drive_fail(sweep, &error);
}

static void ask_who_we_are(struct sweep *sweep, api_request_done_fn *done) {
  sweep->under_way++;
  sweep->doubt =
      api_request_start(&sweep->api_request, request_me_url(sweep->options.shared->config->api.base_url), done, sweep);
}

/* A refusal of the list does not prove that the key is dead (close-api.md 5.2). */
static void doubt_refusal(struct sweep *sweep, const struct error *error) {
  sweep->why = *error;
  ask_who_we_are(sweep, on_doubt);
}

/* Only a clear answer says that the accounts are another organization's. */
static void on_whose(void *context, const struct api_request_answer *answer) {
  struct sweep *sweep = context;
  struct principal principal;
  struct error error = {0};
  sweep->doubt = NULL;
  if (!drive_arrived(sweep))
    return;
  bool known = answer->verdict == VERDICT_TAKE && principal_read(answer->body, &principal, &error);
  bool stranger = known && !principal_may_belong(&principal, sweep_bound_to(sweep));
  if (stranger)
    identity_refuse(sweep, "/me/ names", principal.organization_ids[0], &error);
  if (known)
    principal_finish(&principal);
  if (stranger)
    drive_fail(sweep, &error);
  else if (answer->error != NULL && answer->error->kind == ERROR_CANCELLED)
    drive_fail(sweep, answer->error);
  else
    judge_missing(sweep);
}

/* There is more to read: PostgreSQL gets ready meanwhile for what comes behind it. */
static void warm_up(struct sweep *sweep) {
  bool differs = snapshot_count(listing_snapshot(sweep->listing)).differing > 0;
  if (!sweep_writes(sweep) || (differs ? sweep->apply_is_warm : sweep->flush_is_warm))
    return;
  if (differs)
    apply_warm_up(sweep->options.shared->write);
  else
    flush_warm_up(sweep->options.shared->write);
  sweep->apply_is_warm |= differs;
  sweep->flush_is_warm = true;
}

static void on_listing(void *context, enum listing_event event, const struct error *error) {
  struct sweep *sweep = context;
  struct error stranger = {0};
  tell_progress(sweep);
  if (!drive_arrived(sweep))
    return;
  switch (event) {
  case LISTING_MORE:
    warm_up(sweep);
    drive_event(sweep, EVENT_MORE);
    return;
  case LISTING_MOVED:
    drive_event(sweep, EVENT_UNSTABLE);
    return;
  case LISTING_FAILED:
    if (error->kind == ERROR_AUTH)
      doubt_refusal(sweep, error);
    else
      drive_fail(sweep, error);
    return;
  case LISTING_COMPLETE:
  case LISTING_UNSTABLE:
    break;
  }
  sweep->listed_complete = event == LISTING_COMPLETE;
  if (!identity_is_listed(sweep, &stranger))
    drive_fail(sweep, &stranger);
  else if (sweep_bound_to(sweep) == NULL)
    drive_event(sweep, EVENT_UNBOUND);
  else if (identity_is_in_doubt(sweep))
    ask_who_we_are(sweep, on_whose);
  else
    judge_missing(sweep);
}

void sweep_prepare_listing(struct sweep *sweep) {
  const struct sweep_context *shared = sweep->options.shared;
  struct write_behind *write_behind = sweep->options.write_behind;
  struct listing_options options = {.api_request = &sweep->api_request,
                                    .base_url = shared->config->api.base_url,
                                    .user_id = sweep->options.organization->user_id,
                                    .fields = shared->config->sync.fields.asked_text,
                                    .page_size = shared->config->api.page_size,
                                    .reader = shared->reader,
                                    .snapshot = write_behind->snapshot,
                                    .verify = sweep->verify,
                                    .seed = (uint64_t)random_between(shared->random, 0, INT64_MAX)};
  write_behind->snapshot = NULL;
  listing_destroy(sweep->listing);
  sweep->listing = listing_create(&options, on_listing, sweep);
}

void sweep_list(struct sweep *sweep) {
  if (sweep->listing == NULL)
    sweep_prepare_listing(sweep);
  sweep->removed = (struct slice){0};
  sweep->unproven = 0;
  sweep->under_way++;
  listing_restart(sweep->listing);
}

static void on_bound(void *context, const struct binding_result *result, const struct error *error) {
  struct sweep *sweep = context;
  struct error disagreement = {0};
  if (!drive_arrived(sweep))
    return;
  if (error != NULL) {
    drive_fail(sweep, error);
    return;
  }
  sweep->organization_id = memory_copy_text(result->organization_id);
  sweep->principal_id = memory_copy_text(result->principal_id);
  if (result->mirror_state != NULL && result->mirror_state->organization_id != NULL) {
    mirror_state_finish(&sweep->mirror_state);
    mirror_state_copy(&sweep->mirror_state, result->mirror_state);
    dues_settle(sweep);
    sweep->verify = sweep->options.verify || result->mirror_state->verification_due;
    memory_free(sweep->principal_id);
    sweep->principal_id = NULL;
    if (identity_is_configured(sweep, &disagreement))
      drive_event(sweep, EVENT_RENAMED);
    else
      drive_fail(sweep, &disagreement);
    return;
  }
  sweep->verify = true; /* everything is new: it was all compared, with nothing */
  if (!sweep->listed_complete)
    settle_floor(sweep, OUTCOME_INCOMPLETE, ERROR_SHAPE, "the listing did not hold still while it was read, twice");
  conclude(sweep);
}

void sweep_bind(struct sweep *sweep) {
  const struct sweep_context *shared = sweep->options.shared;
  struct binding_options options = {.api_request = &sweep->api_request,
                                    .shared = shared,
                                    .organization = sweep->options.organization,
                                    .listed_organization = snapshot_organization(listing_snapshot(sweep->listing)),
                                    .question = sweep_question(sweep),
                                    .database = sweep->options.mode != SWEEP_COMPARE_WITH_NOTHING};
  sweep->floor = OUTCOME_UNCHANGED;
  sweep->under_way++;
  sweep->binding = binding_start(&options, on_bound, sweep);
}

static void on_proven(void *context, const struct removal_result *result) {
  struct sweep *sweep = context;
  struct error stranger = {0};
  if (!drive_arrived(sweep))
    return;
  if (result->outcome == REMOVAL_FAILED) {
    drive_fail(sweep, &result->reason);
    return;
  }
  if (!identity_is_listed(sweep, &stranger)) {
    drive_fail(sweep, &stranger);
    return;
  }
  sweep->removed = result->removed;
  sweep->unproven = result->unproven;
  if (result->outcome != REMOVAL_COMPLETE) {
    sweep->floor = result->outcome == REMOVAL_PRINCIPAL ? OUTCOME_GUARDED : OUTCOME_INCOMPLETE;
    sweep->why = result->reason;
  } else if (sweep->options.allow_removals && (sweep->mirror_state.principal_id == NULL ||
                                               strcmp(sweep->mirror_state.principal_id, result->principal_id) != 0)) {
    sweep->principal_id = memory_copy_text(result->principal_id);
  }
  conclude(sweep);
}

void sweep_prove(struct sweep *sweep) {
  const struct sweep_context *shared = sweep->options.shared;
  struct removal_options options = {.api_request = &sweep->api_request,
                                    .base_url = shared->config->api.base_url,
                                    .fields = shared->config->sync.fields.asked_text,
                                    .snapshot = listing_snapshot(sweep->listing),
                                    .name = sweep->options.organization->name,
                                    .organization_id = sweep_bound_to(sweep),
                                    .principal_id = sweep->mirror_state.principal_id,
                                    .allowed = sweep->options.allow_removals,
                                    .width = request_queue_share(shared->request_queue)};
  removal_destroy(sweep->removal);
  sweep->under_way++;
  sweep->removal = removal_start(&options, on_proven, sweep);
}
