/* Ties a NAME to an organization once, or refuses. It promises that nothing is tied on a guess: a key that may be several organizations'
 * is not bound. It writes nothing but the claim of a second NAME. */
#include "sweep/binding.h"
#include "base/memory.h"
#include "crm/principal.h"
#include "crm/request.h"
#include "sql/embedded.h"
#include <string.h>

enum { ORGANIZATION_ID_BYTES_MAX = 500 }; /* it leads every key: with an account's id it must fit a btree page third */

struct binding {
  struct binding_options options;
  binding_done_fn *done;
  void *context;
  struct api_request *me;
  struct principal principal;
  const char *organization_id; /* points into the options or the principal */
  char *claimed;               /* the NAME that has the organization */
  bool cancelled;
};

static void fail(struct binding *binding, enum error_kind kind, const char *text) {
  struct error error;
  error_set(&error, kind, "%s", text);
  binding->done(binding->context, NULL, &error);
}

static void on_claimed(void *context, const struct error *error) {
  struct binding *binding = context;
  struct error conflict;
  (void)error; /* the claim is for the other NAME's next sweep; this one fails either way */
  error_set(&conflict, ERROR_CONFIG,
            "two names, \"%s\" and \"%s\", for one organization: remove one of them from the configuration",
            binding->claimed, binding->options.organization->name);
  binding->done(binding->context, NULL, &conflict);
}

/* The organization is known under another NAME. Is that one configured too, or was it renamed? */
static void on_mirror_state(void *context, const struct mirror_state *mirror_state, const struct error *error) {
  struct binding *binding = context;
  const struct config_organization *organization = binding->options.organization;
  if (binding->cancelled || mirror_state == NULL) {
    struct error cancelled;
    error_set(&cancelled, ERROR_CANCELLED, "the sweep was abandoned");
    binding->done(binding->context, NULL, error == NULL ? &cancelled : error);
    return;
  }
  bool other_name = mirror_state->name != NULL && strcmp(mirror_state->name, organization->name) != 0;
  const struct config_organization *other =
      other_name ? config_find(binding->options.shared->config, mirror_state->name) : NULL;
  if (other != NULL && other->enabled) {
    struct db_statement claim = {.sql = sql_query_claim,
                                 .count = 2,
                                 .values = {slice_of(mirror_state->organization_id), slice_of(organization->name)}};
    binding->claimed = memory_copy_text(mirror_state->name);
    if (binding->options.question.read_only)
      on_claimed(binding, NULL);
    else
      db_query(binding->options.shared->write, &claim, NULL, on_claimed, binding);
    return;
  }
  struct binding_result result = {binding->organization_id, binding->principal.user_id, mirror_state};
  binding->done(binding->context, &result, NULL);
}

/* The accounts' own, else the configured, else /me/'s if it names exactly one. NULL: a sentence why not. */
static const char *agree(struct binding *binding, const char **ret_why) {
  const char *listed = binding->options.listed_organization, *expected = binding->options.organization->organization_id;
  const char *found = listed != NULL ? listed : expected;
  *ret_why = NULL;
  if (listed != NULL && expected != NULL && strcmp(listed, expected) != 0)
    *ret_why =
        "the key's accounts belong to another organization than organization_id says: correct the one or the other";
  else if (found != NULL && !principal_may_belong(&binding->principal, found))
    *ret_why = "/me/ names another organization than the accounts or organization_id: is this the right key?";
  else if (found == NULL && binding->principal.organization_count != 1)
    *ret_why = "the organization behind this key is not known: no account tells it, and /me/ does not name exactly one "
               "organization; set organization_id";
  if (*ret_why != NULL)
    return NULL;
  found = found != NULL ? found : binding->principal.organization_ids[0];
  if (strlen(found) <= ORGANIZATION_ID_BYTES_MAX)
    return found;
  *ret_why = "the id of the organization behind this key is longer than 500 bytes: is api.base_url really Close?";
  return NULL;
}

static void on_me(void *context, const struct api_request_answer *answer) {
  struct binding *binding = context;
  struct error error = {0};
  const char *why;
  binding->me = NULL;
  if (binding->cancelled) {
    fail(binding, ERROR_CANCELLED, "the sweep was abandoned");
    return;
  }
  if (answer->verdict != VERDICT_TAKE) {
    if (answer->error != NULL)
      error = *answer->error;
    else
      error_set(&error, ERROR_HTTP, "/me/ answered HTTP %d", answer->status);
    binding->done(binding->context, NULL, &error);
    return;
  }
  if (!principal_read(answer->body, &binding->principal, &error)) {
    binding->done(binding->context, NULL, &error);
    return;
  }
  binding->organization_id = agree(binding, &why);
  if (binding->organization_id == NULL) {
    fail(binding, ERROR_CONFIG, why);
    return;
  }
  if (!binding->options.database) {
    struct binding_result result = {binding->organization_id, binding->principal.user_id, NULL};
    binding->done(binding->context, &result, NULL);
    return;
  }
  binding->options.question.organization_id = binding->organization_id;
  binding->options.question.lock = false;
  mirror_state_read(binding->options.shared->watch, &binding->options.question, on_mirror_state, binding);
}

struct binding *binding_start(const struct binding_options *options, binding_done_fn *done, void *context) {
  struct binding *binding = memory_allocate(sizeof *binding);
  *binding = (struct binding){.options = *options, .done = done, .context = context};
  binding->me =
      api_request_start(options->api_request, request_me_url(options->shared->config->api.base_url), on_me, binding);
  return binding;
}

void binding_cancel(struct binding *binding) {
  binding->cancelled = true;
  if (binding->me != NULL)
    api_request_cancel(binding->me);
}

void binding_destroy(struct binding *binding) {
  if (binding == NULL)
    return;
  principal_finish(&binding->principal);
  memory_free(binding->claimed);
  memory_free(binding);
}
