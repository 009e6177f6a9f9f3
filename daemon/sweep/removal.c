#include "sweep/removal.h"
#include "base/memory.h"
#include "crm/principal.h"
#include "crm/request.h"
#include "store/apply.h"
#include <stdio.h>

/* What this file is for: not believing in absence. It promises that an id is called removed only after its own 404, in a sweep in
 * which the same key was shown to see the same organization. A 404 without a body is no proof: no part of Close sends one. */

enum { URL_BYTES_MAX = 8192, REMOVED_BYTES_MAX = 512 * 1024 * 1024 };

struct probe {
  struct probe *next, *previous;
  struct proof *proof;
  struct exchange *exchange;
  uint32_t number;
  bool control;
};

struct proof {
  struct proof_options options;
  proof_done_fn *done;
  void *context;
  struct exchange *me;
  struct probe *probes; /* under way */
  int under_way;
  uint32_t cursor;
  bool control_good, cancelled;
  bool silent; /* a question got no answer in all its time: asking on would take as long for each of them */
  struct buffer removed, url;
  struct principal principal;
  struct proof_result result;
};

static void conclude(struct proof *proof) {
  bool proven = proof->control_good && proof->result.outcome != PROOF_FAILED && proof->removed.length > 0;
  if (!proven || !apply_close_array(&proof->removed))
    buffer_clear(&proof->removed);
  proof->result.removed = buffer_slice(&proof->removed);
  proof->result.principal_id = proof->principal.user_id;
  proof->done(proof->context, &proof->result);
}

/* The gravest outcome wins, the first reason of that gravity is told. */
static void lower(struct proof *proof, enum proof_outcome outcome, enum error_kind kind, const char *text) {
  if (outcome <= proof->result.outcome)
    return;
  proof->result.outcome = outcome;
  error_set(&proof->result.reason, kind, "%s", text);
}

static void start_probe(struct proof *proof, uint32_t number, bool control);

static void more(struct proof *proof) {
  while (!proof->cancelled && proof->control_good && !proof->silent && proof->under_way < proof->options.width &&
         snapshot_next_missing(proof->options.snapshot, &proof->cursor))
    start_probe(proof, proof->cursor++, false);
  if (proof->under_way == 0)
    conclude(proof);
}

static void judge_control(struct proof *proof, const struct exchange_answer *answer) {
  struct page_entry entry;
  proof->control_good = answer->verdict == VERDICT_TAKE && page_read_single(answer->body, &entry, NULL) && entry.object;
  if (!proof->control_good)
    lower(
        proof, PROOF_PARTIAL, ERROR_HTTP,
        "accounts are missing, but an account that is still listed could not be read by its id: no removal is proven");
}

static void judge_missing(struct proof *proof, uint32_t number, const struct exchange_answer *answer) {
  struct error error = {0};
  proof->silent |= answer->error != NULL && answer->error->kind == ERROR_TIMEOUT;
  if (answer->verdict == VERDICT_MISSING && snapshot_is_mended(proof->options.snapshot, number)) {
    lower(proof, PROOF_PARTIAL, ERROR_SHAPE,
          "an account is missing whose id was no text: what answers to the mended one may be another's");
  } else if (answer->verdict == VERDICT_MISSING && answer->body.length > 0) {
    if (!apply_append_element(&proof->removed, snapshot_id(proof->options.snapshot, number)))
      lower(proof, PROOF_FAILED, ERROR_LIMIT, "too many accounts are missing at once");
  } else if (answer->verdict != VERDICT_TAKE) {
    lower(proof, PROOF_PARTIAL, ERROR_HTTP, "an account is missing from the list, and asking for it proved nothing");
  } else if (!snapshot_single(proof->options.snapshot, number, answer->body, &error)) {
    if (error.kind == ERROR_SHAPE)
      lower(proof, PROOF_PARTIAL, ERROR_SHAPE,
            "an account is missing from the list, and its own answer is not that account");
    else
      lower(proof, PROOF_FAILED, error.kind, error.text);
  }
}

static void on_probe(void *context, const struct exchange_answer *answer) {
  struct probe *probe = context;
  struct proof *proof = probe->proof;
  if (probe->previous != NULL)
    probe->previous->next = probe->next;
  else
    proof->probes = probe->next;
  if (probe->next != NULL)
    probe->next->previous = probe->previous;
  proof->under_way--;
  if (proof->cancelled)
    lower(proof, PROOF_FAILED, ERROR_CANCELLED, "the sweep was abandoned");
  else if (probe->control)
    judge_control(proof, answer);
  else
    judge_missing(proof, probe->number, answer);
  memory_free(probe);
  more(proof);
}

static void start_probe(struct proof *proof, uint32_t number, bool control) {
  struct probe *probe = memory_allocate(sizeof *probe);
  *probe = (struct probe){.proof = proof, .number = number, .control = control, .next = proof->probes};
  if (proof->probes != NULL)
    proof->probes->previous = probe;
  proof->probes = probe;
  proof->under_way++;
  if (!request_account_url(&proof->url, proof->options.base_url, snapshot_id(proof->options.snapshot, number)))
    buffer_clear(&proof->url); /* 500 bytes of id, percent-encoded, fit */
  probe->exchange = exchange_start(proof->options.exchange, proof->url.bytes, on_probe, probe);
}

/* /me/ has answered: is it still the recorded user, in the recorded organization? */
static bool judge_me(struct proof *proof, const struct exchange_answer *answer) {
  struct error error = {0};
  if (answer->verdict != VERDICT_TAKE || !principal_read(answer->body, &proof->principal, &error)) {
    lower(proof, PROOF_PARTIAL, ERROR_HTTP,
          "accounts are missing, but /me/ did not say who is asking: no removal is proven");
    return false;
  }
  if (proof->principal.organization_count == 0 ||
      !principal_may_belong(&proof->principal, proof->options.organization_id)) {
    lower(
        proof, PROOF_FAILED, ERROR_CONFIG,
        "the organization behind this key changed: /me/ no longer names the recorded one; give the key of the recorded "
        "organization, or a new NAME to the other");
    return false;
  }
  const char *recorded = proof->options.principal_id;
  if (recorded == NULL || proof->options.any_principal || slice_equals(slice_of(recorded), proof->principal.user_id))
    return true;
  char text[300];
  snprintf(text, sizeof text,
           "accounts are missing, but the key acts as another user than before and may see less: nothing is removed "
           "until `closesyncd sync --allow-removals %s`",
           proof->options.name);
  lower(proof, PROOF_PRINCIPAL, ERROR_AUTH, text);
  return false;
}

static void on_me(void *context, const struct exchange_answer *answer) {
  struct proof *proof = context;
  uint32_t number;
  proof->me = NULL;
  if (proof->cancelled)
    lower(proof, PROOF_FAILED, ERROR_CANCELLED, "the sweep was abandoned");
  else if (judge_me(proof, answer)) {
    if (snapshot_any_listed(proof->options.snapshot, &number)) {
      start_probe(proof, number, true);
      return;
    }
    proof->control_good = true; /* the listing is empty: /me/ answering 200 is the control */
  }
  more(proof);
}

struct proof *proof_start(const struct proof_options *options, proof_done_fn *done, void *context) {
  struct proof *proof = memory_allocate(sizeof *proof);
  *proof = (struct proof){.options = *options, .done = done, .context = context};
  buffer_init(&proof->removed, REMOVED_BYTES_MAX);
  buffer_init(&proof->url, URL_BYTES_MAX);
  if (request_me_url(&proof->url, options->base_url))
    proof->me = exchange_start(options->exchange, proof->url.bytes, on_me, proof);
  return proof;
}

void proof_cancel(struct proof *proof) {
  proof->cancelled = true;
  if (proof->me != NULL)
    exchange_cancel(proof->me);
  for (struct probe *probe = proof->probes; probe != NULL; probe = probe->next)
    exchange_cancel(probe->exchange);
}

void proof_destroy(struct proof *proof) {
  if (proof == NULL)
    return;
  buffer_finish(&proof->removed);
  buffer_finish(&proof->url);
  principal_finish(&proof->principal);
  memory_free(proof);
}
