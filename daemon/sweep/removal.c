/* Proves that a missing account is gone. It promises that an id is called removed only after its own 404, in a sweep in which the same
 * key was shown to see the same organization. A 404 without a body is no proof: no part of Close sends one. */
#include "sweep/removal.h"
#include "base/memory.h"
#include "crm/principal.h"
#include "crm/request.h"
#include "io/db_array.h"
#include "store/apply.h"
#include <stdio.h>
#include <sys/queue.h>

enum { REMOVED_BYTES_MAX = 512 * 1024 * 1024 };

struct probe {
  LIST_ENTRY(probe) link;
  struct removal *removal;
  struct api_request *api_request;
  uint32_t number;
  bool control;
};

struct removal {
  struct removal_options options;
  removal_done_fn *done;
  void *context;
  struct api_request *me;
  LIST_HEAD(, probe) probes; /* under way */
  int under_way;
  uint32_t cursor;
  bool control_good, cancelled;
  bool silent; /* a question got no answer in all its time: asking on would take as long for each of them */
  struct buffer removed;
  struct principal principal;
  struct removal_result result;
};

static void conclude(struct removal *removal) {
  bool verify_report =
      removal->control_good && removal->result.outcome != REMOVAL_FAILED && removal->removed.length > 0;
  if (!verify_report || !db_array_close(&removal->removed)) {
    buffer_clear(&removal->removed);
    removal->result.unproven = 0;
  }
  removal->result.removed = buffer_slice(&removal->removed);
  removal->result.principal_id = removal->principal.user_id;
  removal->done(removal->context, &removal->result);
}

/* The gravest outcome wins, the first reason of that gravity is told. */
static void lower(struct removal *removal, enum removal_outcome outcome, enum error_kind kind, const char *text) {
  if (outcome <= removal->result.outcome)
    return;
  removal->result.outcome = outcome;
  error_set(&removal->result.reason, kind, "%s", text);
}

static void start_probe(struct removal *removal, uint32_t number, bool control);

static void more(struct removal *removal) {
  while (!removal->cancelled && removal->control_good && !removal->silent &&
         removal->under_way < removal->options.width &&
         snapshot_next_missing(removal->options.snapshot, &removal->cursor))
    start_probe(removal, removal->cursor++, false);
  if (removal->under_way == 0)
    conclude(removal);
}

static void judge_control(struct removal *removal, const struct api_request_answer *answer) {
  struct page_entry entry;
  removal->control_good = answer->verdict == VERDICT_TAKE &&
                          page_read_single(answer->body, PAGE_SINGLE_BYTES_MAX, &entry, NULL) && entry.object;
  if (!removal->control_good)
    lower(
        removal, REMOVAL_PARTIAL, ERROR_HTTP,
        "accounts are missing, but an account that is still listed could not be read by its id: no removal is proven");
}

static void keep_mended(struct removal *removal) {
  char text[300];
  snprintf(
      text, sizeof text,
      "an account is missing whose id was no text, so Close cannot be asked for it: it stays until `closesyncd sync "
      "--allow-removals %s`",
      removal->options.name);
  lower(removal, REMOVAL_PARTIAL, ERROR_SHAPE, text);
}

static void judge_missing(struct removal *removal, uint32_t number, const struct api_request_answer *answer) {
  struct error error = {0};
  bool mended = snapshot_is_mended(removal->options.snapshot, number);
  removal->silent |= answer->error != NULL && answer->error->kind == ERROR_TIMEOUT;
  if (answer->verdict == VERDICT_MISSING && mended && !removal->options.allowed) {
    keep_mended(removal);
  } else if (answer->verdict == VERDICT_MISSING && answer->body.length > 0) {
    removal->result.unproven += mended ? 1 : 0;
    if (!db_array_append(&removal->removed, snapshot_id(removal->options.snapshot, number)))
      lower(removal, REMOVAL_FAILED, ERROR_LIMIT, "too many accounts are missing at once");
  } else if (answer->verdict != VERDICT_TAKE) {
    lower(removal, REMOVAL_PARTIAL, ERROR_HTTP,
          "an account is missing from the list, and asking for it proved nothing");
  } else if (!snapshot_single(removal->options.snapshot, number, answer->body, &error)) {
    if (error.kind == ERROR_SHAPE)
      lower(removal, REMOVAL_PARTIAL, ERROR_SHAPE,
            "an account is missing from the list, and its own answer is not that account");
    else
      lower(removal, REMOVAL_FAILED, error.kind, error.text);
  }
}

static void on_probe(void *context, const struct api_request_answer *answer) {
  struct probe *probe = context;
  struct removal *removal = probe->removal;
  LIST_REMOVE(probe, link);
  removal->under_way--;
  if (removal->cancelled)
    lower(removal, REMOVAL_FAILED, ERROR_CANCELLED, "the sweep was abandoned");
  else if (probe->control)
    judge_control(removal, answer);
  else
    judge_missing(removal, probe->number, answer);
  memory_free(probe);
  more(removal);
}

static void start_probe(struct removal *removal, uint32_t number, bool control) {
  struct probe *probe = memory_allocate(sizeof *probe);
  *probe = (struct probe){.removal = removal, .number = number, .control = control};
  LIST_INSERT_HEAD(&removal->probes, probe, link);
  removal->under_way++;
  struct slice id = snapshot_id(removal->options.snapshot, number);
  struct buffer url = request_account_url(removal->options.base_url, id, removal->options.fields);
  probe->api_request = api_request_start(removal->options.api_request, url, on_probe, probe);
}

/* /me/ has answered: is it still the recorded user, in the recorded organization? */
static bool judge_me(struct removal *removal, const struct api_request_answer *answer) {
  struct error error = {0};
  if (answer->verdict != VERDICT_TAKE || !principal_read(answer->body, &removal->principal, &error)) {
    lower(removal, REMOVAL_PARTIAL, ERROR_HTTP,
          "accounts are missing, but /me/ did not say who is asking: no removal is proven");
    return false;
  }
  if (removal->principal.organization_count == 0 ||
      !principal_may_belong(&removal->principal, removal->options.organization_id)) {
    lower(
        removal, REMOVAL_FAILED, ERROR_CONFIG,
        "the organization behind this key changed: /me/ no longer names the recorded one; give the key of the recorded "
        "organization, or a new NAME to the other");
    return false;
  }
  const char *recorded = removal->options.principal_id;
  if (recorded == NULL || removal->options.allowed || slice_equals(slice_of(recorded), removal->principal.user_id))
    return true;
  char text[300];
  snprintf(text, sizeof text,
           "accounts are missing, but the key acts as another user than before and may see less: nothing is removed "
           "until `closesyncd sync --allow-removals %s`",
           removal->options.name);
  lower(removal, REMOVAL_PRINCIPAL, ERROR_AUTH, text);
  return false;
}

static void on_me(void *context, const struct api_request_answer *answer) {
  struct removal *removal = context;
  uint32_t number;
  removal->me = NULL;
  if (removal->cancelled)
    lower(removal, REMOVAL_FAILED, ERROR_CANCELLED, "the sweep was abandoned");
  else if (judge_me(removal, answer)) {
    bool listed = snapshot_any_listed(removal->options.snapshot, &number);
    if (listed && !(removal->options.allowed && snapshot_is_mended(removal->options.snapshot, number))) {
      start_probe(removal, number, true);
      return;
    }
    removal->control_good = true; /* nobody is listed who can be asked for: /me/ answering 200 is the control */
  }
  more(removal);
}

struct removal *removal_start(const struct removal_options *options, removal_done_fn *done, void *context) {
  struct removal *removal = memory_allocate(sizeof *removal);
  *removal = (struct removal){.options = *options, .done = done, .context = context};
  buffer_init(&removal->removed, REMOVED_BYTES_MAX);
  removal->me = api_request_start(options->api_request, request_me_url(options->base_url), on_me, removal);
  return removal;
}

void removal_cancel(struct removal *removal) {
  struct probe *probe;
  removal->cancelled = true;
  if (removal->me != NULL)
    api_request_cancel(removal->me);
  LIST_FOREACH(probe, &removal->probes, link) { api_request_cancel(probe->api_request); }
}

void removal_destroy(struct removal *removal) {
  if (removal == NULL)
    return;
  buffer_finish(&removal->removed);
  principal_finish(&removal->principal);
  memory_free(removal);
}
