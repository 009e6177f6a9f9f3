/* Close's half of `check`. Answers are kept and judged together at the end, because two of them may show that two NAMEs mean one
 * organization. Keys are compared, never shown. */
#include "base/index.h"
#include "base/memory.h"
#include "command/check/parts.h"
#include "command/check/token_life.h"
#include "crm/principal.h"
#include "crm/request.h"
#include "sweep/way_in.h"
#include <string.h>

enum { NOBODY = -1 };

struct credential {
  struct check_credentials *credentials;
  const struct config_organization *organization;
  struct api_request_traffic traffic;
  struct api_request_options api_request;
  bool known; /* the key was taken, and `principal` is who it acts as; else `error` says why not */
  struct principal principal;
  struct error error;
  int twin; /* another NAME of the same organization, or NOBODY */
};

struct check_credentials {
  struct app *app;
  struct check_report *check_report;
  check_done_fn *done;
  void *context;
  struct credential *list;
  int count, asked, answered;
  bool can_ask;
};

static bool read_answer(struct credential *credential, const struct api_request_answer *answer) {
  if (answer->error != NULL)
    credential->error = *answer->error;
  else if (answer->verdict != VERDICT_TAKE)
    error_set(&credential->error, ERROR_HTTP, "/me/ answered HTTP %d: check api.base_url", answer->status);
  else
    return principal_read(answer->body, &credential->principal, &credential->error);
  return false;
}

static void on_me(void *context, const struct api_request_answer *answer) {
  struct credential *credential = context;
  struct check_credentials *credentials = credential->credentials;
  credential->known = read_answer(credential, answer);
  credentials->answered++;
  credentials->done(credentials->context);
}

static void ask(struct check_credentials *credentials, struct credential *credential) {
  const struct sweep_context *shared = &credentials->app->shared;
  credential->api_request = way_in_options(shared, credential->organization, &credential->traffic);
  credentials->asked++;
  api_request_start(&credential->api_request, request_me_url(credentials->app->config->api.base_url), on_me,
                    credential);
}

struct check_credentials *check_credentials_start(struct app *app, struct check_report *check_report,
                                                  check_done_fn *done, void *context) {
  const struct config *config = app->config;
  struct check_credentials *credentials = memory_allocate(sizeof *credentials);
  *credentials = (struct check_credentials){.app = app, .check_report = check_report, .done = done, .context = context};
  credentials->count = config->organization_count;
  credentials->can_ask = app->shared.request_queue != NULL;
  credentials->list = memory_allocate(sizeof *credentials->list * ((size_t)credentials->count + 1));
  for (int i = 0; i < credentials->count; i++) {
    struct credential *credential = &credentials->list[i];
    *credential =
        (struct credential){.credentials = credentials, .organization = &config->organizations[i], .twin = NOBODY};
    if (credential->organization->enabled && credential->organization->key != NULL && credentials->can_ask)
      ask(credentials, credential);
  }
  return credentials;
}

int check_credentials_asked(const struct check_credentials *credentials, int *ret_answered) {
  *ret_answered = credentials->answered;
  return credentials->asked;
}

static const struct check_bound *find_bound(const struct check_database *database, const char *name) {
  for (int low = 0, high = database->bound_count - 1; low <= high;) { /* they come sorted */
    int middle = low + (high - low) / 2, order = strcmp(database->bound[middle].name, name);
    if (order == 0)
      return &database->bound[middle];
    low = order < 0 ? middle + 1 : low;
    high = order > 0 ? middle - 1 : high;
  }
  return NULL;
}

/* Whose accounts this NAME would bring, as far as that is known; NULL: it is not. */
static const char *organization_of(const struct credential *credential, const struct check_database *database) {
  const struct check_bound *bound = find_bound(database, credential->organization->name);
  if (!credential->known)
    return NULL;
  if (bound != NULL)
    return bound->organization_id;
  if (credential->organization->organization_id != NULL)
    return credential->organization->organization_id;
  return credential->principal.organization_count == 1 ? credential->principal.organization_ids[0] : NULL;
}

struct twins { /* what is compared, by the numbers that the index gives */
  struct slice *keys;
  int *owners;
};

static struct slice twin_key(const void *context, uint32_t number) {
  const struct twins *twins = context;
  return twins->keys[number];
}

static void pair(struct check_credentials *credentials, int first, int second) {
  if (credentials->list[first].twin == NOBODY)
    credentials->list[first].twin = second;
  credentials->list[second].twin = first;
}

/* What only one organization can have: a client's secret is its app's, and shared. */
static const char *secret_of(const struct config_organization *organization) {
  if (!organization->enabled || organization->key == NULL)
    return NULL;
  return organization->way == CONFIG_OAUTH ? organization->token_path : secret_expose(organization->key);
}

/* Finds those that mean one organization: by its id, or by the very same key. */
static void find_twins(struct check_credentials *credentials, const struct check_database *database, bool by_key) {
  size_t room = (size_t)credentials->count + 1;
  struct twins twins = {memory_allocate(sizeof(struct slice) * room), memory_allocate(sizeof(int) * room)};
  struct index *index =
      index_create(twin_key, &twins, (uint64_t)random_between(&credentials->app->random, 0, INT64_MAX));
  for (int i = 0; i < credentials->count; i++) {
    const struct credential *credential = &credentials->list[i];
    const char *text = by_key ? secret_of(credential->organization) : organization_of(credential, database);
    bool is_new;
    if (text == NULL)
      continue;
    uint32_t number = index_add(index, slice_of(text), &is_new);
    if (!is_new)
      pair(credentials, twins.owners[number], i);
    else {
      twins.keys[number] = slice_of(text);
      twins.owners[number] = i;
    }
  }
  index_destroy(index);
  memory_free(twins.keys);
  memory_free(twins.owners);
}

static const char *advice(const struct error *error) {
  if (strstr(error->text, "TLS") != NULL)
    return ": check the certificate of api.base_url, or name who signed it in api.ca_file";
  if (error->kind == ERROR_NETWORK || error->kind == ERROR_TIMEOUT)
    return ": check api.base_url, api.proxy and the network";
  return error->kind == ERROR_SHAPE ? ": check that api.base_url is Close's" : "";
}

/* By which way, as whom, and for how long. */
static void tell_good(const struct check_credentials *credentials, int place, const struct credential *credential,
                      const char *id) {
  const struct config_organization *organization = credential->organization;
  char life[TOKEN_LIFE_BYTES] = "how long it lives, only who renews it knows";
  struct error error;
  if (organization->way == CONFIG_OAUTH && !token_life_tell(organization, life, &error))
    snprintf(life, sizeof life, "its file cannot be read any more");
  check_report_add(credentials->check_report, place, FINDING_OK, organization->name, "the %s acts as %s%s%s%s%s",
                   way_in_noun(organization), credential->principal.user_id, id == NULL ? "" : " of ",
                   id == NULL ? "" : id, organization->way == CONFIG_API_KEY ? "" : "; ",
                   organization->way == CONFIG_API_KEY ? "" : life);
}

/* The answer was good: does it fit what is configured and what is recorded? NULL: it does. */
static const char *disagreement(const struct credential *credential, const struct check_bound *bound, char *text,
                                size_t size) {
  const struct config_organization *organization = credential->organization;
  const char *expected = organization->organization_id;
  const char *user = organization->user_id == NULL ? "" : organization->user_id;
  if (expected != NULL && !principal_may_belong(&credential->principal, expected))
    snprintf(text, size, "the key is not of %s, as organization_id says: correct the one or the other", expected);
  else if (bound != NULL && expected != NULL && strcmp(bound->organization_id, expected) != 0)
    snprintf(text, size, "this NAME is recorded as %s, but organization_id says %s: use a new NAME for the other",
             bound->organization_id, expected);
  else if (bound != NULL && !principal_may_belong(&credential->principal, bound->organization_id))
    snprintf(text, size,
             "this NAME is recorded as %s, which the key is not of: give that organization's key, or use a "
             "new NAME for the other",
             bound->organization_id);
  else if (bound != NULL && strcmp(bound->user_id == NULL ? "" : bound->user_id, user) != 0)
    snprintf(text, size,
             "this NAME was recorded with user_id \"%s\", now it is \"%s\": put it back, or mirror into "
             "another database.schema",
             bound->user_id == NULL ? "" : bound->user_id, user);
  else
    return NULL;
  return text;
}

static void judge(struct check_credentials *credentials, int number, const struct check_database *database) {
  const struct credential *credential = &credentials->list[number];
  const char *name = credential->organization->name;
  int place = PLACE_ORGANIZATIONS + number;
  struct check_report *check_report = credentials->check_report;
  char text[512];
  if (!credential->organization->enabled)
    check_report_add(check_report, place, FINDING_SKIPPED, name, "disabled in the configuration");
  else if (credential->organization->key == NULL)
    check_report_add(check_report, place, FINDING_SKIPPED, name, "not asked: its %s could not be read, see above",
                     credential->organization->way == CONFIG_OAUTH ? "client secret"
                                                                   : way_in_noun(credential->organization));
  else if (!credentials->can_ask)
    check_report_add(check_report, place, FINDING_SKIPPED, name,
                     "not asked: what is set in [api] is in doubt, see above");
  else if (!credential->known)
    check_report_add(check_report, place, FINDING_FAILED, name, "%s%s", credential->error.text,
                     advice(&credential->error));
  else if (disagreement(credential, find_bound(database, name), text, sizeof text) != NULL)
    check_report_add(check_report, place, FINDING_FAILED, name, "%s", text);
  else if (credential->twin != NOBODY)
    check_report_add(check_report, place, FINDING_FAILED, name,
                     "two names, \"%s\" and \"%s\", for one organization: remove one of them from the configuration",
                     name, credentials->list[credential->twin].organization->name);
  else
    tell_good(credentials, place, credential, organization_of(credential, database));
}

void check_credentials_judge(struct check_credentials *credentials, const struct check_database *database) {
  find_twins(credentials, database, false);
  find_twins(credentials, database, true);
  for (int i = 0; i < credentials->count; i++)
    judge(credentials, i, database);
}

void check_credentials_destroy(struct check_credentials *credentials) {
  if (credentials == NULL)
    return;
  for (int i = 0; i < credentials->count; i++)
    principal_finish(&credentials->list[i].principal);
  memory_free(credentials->list);
  memory_free(credentials);
}
