/* Accounts of one organization; nobody checks them, as a test may want any of them wrong. Reading (page, account) leaves it untouched, so many threads may do so at once. */
#include "sim/organization.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

static void account_finish(struct account *account) {
  free(account->id);
  free(account->user_id);
  free(account->text);
}

static void drop_accounts(struct organization *organization) {
  for (size_t i = 0; i < organization->count; i++)
    account_finish(&organization->accounts[i]);
  free(organization->accounts);
  organization->accounts = NULL;
  organization->count = 0;
}

void organization_finish(struct organization *organization) {
  drop_accounts(organization);
  generator_finish(&organization->generator);
  free(organization->key);
  free(organization->id);
  free(organization->user_id);
  free(organization->me);
  oauth_finish(&organization->oauth);
}

static size_t generated_page(const struct organization *organization, const char *user_id, size_t skip, size_t limit,
                             struct text *page) {
  const struct generator *generator = &organization->generator;
  size_t seen = 0;
  size_t taken = 0;
  size_t first = user_id ? 0 : skip < generator->count ? skip : generator->count;
  size_t end = user_id || limit > generator->count - first ? generator->count : first + limit;
  for (size_t n = first; n < end; n++) {
    if (user_id) {
      char owner[GENERATED_ID_BYTES];
      generate_user_id(generator->seed, n, owner);
      if (strcmp(owner, user_id) != 0)
        continue;
      if (seen++ < skip || seen > skip + limit)
        continue;
    }
    if (taken++)
      text_add(page, ",", 1);
    generate_account(page, generator, organization->id, n);
  }
  return user_id ? seen : generator->count;
}

size_t organization_page(const struct organization *organization, const char *user_id, size_t skip, size_t limit,
                         struct text *page) {
  if (organization->generated)
    return generated_page(organization, user_id, skip, limit, page);
  size_t seen = 0;
  size_t taken = 0;
  for (size_t i = 0; i < organization->count; i++) {
    const struct account *account = &organization->accounts[i];
    bool owned = !user_id || (account->user_id && strcmp(account->user_id, user_id) == 0);
    if (!account->listed || !owned)
      continue;
    if (seen++ < skip || taken >= limit)
      continue;
    if (taken++)
      text_add(page, ",", 1);
    text_add(page, account->text, account->length);
  }
  return seen;
}

static struct account *find(const struct organization *organization, const char *id) {
  for (size_t i = 0; i < organization->count; i++)
    if (organization->accounts[i].id && strcmp(organization->accounts[i].id, id) == 0)
      return &organization->accounts[i];
  return NULL;
}

bool organization_account(const struct organization *organization, const char *id, struct text *text) {
  if (organization->generated) {
    size_t n = generated_number(&organization->generator, id);
    if (n != SIZE_MAX)
      generate_account(text, &organization->generator, organization->id, n);
    return n != SIZE_MAX;
  }
  const struct account *account = find(organization, id);
  if (account)
    text_add(text, account->text, account->length);
  return account != NULL;
}

/* A top-level string of a JSON text, as a copy; NULL when it is not to be had. */
static char *string_of(struct json_object *object, const char *name) {
  struct json_object *value = NULL;
  if (!json_object_is_type(object, json_type_object) || !json_object_object_get_ex(object, name, &value) ||
      !json_object_is_type(value, json_type_string))
    return NULL;
  return copy_string(json_object_get_string(value));
}

static struct account account_from(const char *id, const struct text *text, bool listed) {
  struct account account = {.length = text->length, .listed = listed};
  account.text = new_zeroed(text->length + 1, 1);
  if (text->length)
    memcpy(account.text, text->bytes, text->length);
  struct json_object *parsed = json_tokener_parse(account.text);
  account.id = id ? copy_string(id) : string_of(parsed, "id");
  account.user_id = string_of(parsed, "user_id");
  json_object_put(parsed);
  return account;
}

static void append(struct organization *organization, struct account account) {
  size_t count = organization->count;
  if ((count & (count - 1)) == 0)
    organization->accounts = grow(organization->accounts, count ? count * 2 : 1, sizeof account);
  organization->accounts[organization->count++] = account;
}

void organization_materialize(struct organization *organization) {
  if (!organization->generated)
    return;
  struct generator *generator = &organization->generator;
  organization->generated = false;
  for (size_t n = 0; n < generator->count; n++) {
    struct text text = {0};
    generate_account(&text, generator, organization->id, n);
    append(organization, account_from(NULL, &text, true));
    text_finish(&text);
  }
}

void organization_put(struct organization *organization, const char *id, const struct text *text, bool listed) {
  organization_materialize(organization);
  struct account account = account_from(id, text, listed);
  struct account *present = account.id ? find(organization, account.id) : NULL;
  if (present) {
    account_finish(present);
    *present = account;
  } else {
    append(organization, account);
  }
}

bool organization_delete(struct organization *organization, const char *id) {
  organization_materialize(organization);
  struct account *account = find(organization, id);
  if (!account)
    return false;
  account_finish(account);
  size_t index = (size_t)(account - organization->accounts);
  memmove(account, account + 1, (organization->count - index - 1) * sizeof *account);
  organization->count--;
  return true;
}

static const char *read_item(struct organization *organization, struct json_object *item) {
  const int plain = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
  struct text text = {0};
  char *raw = string_of(item, "raw");
  char *base64 = string_of(item, "raw_base64");
  struct json_object *inner = json_object_object_get(item, "account");
  bool wrapped = raw || base64 || inner;
  struct json_object *listed = json_object_object_get(item, "listed");
  const char *problem = NULL;
  if (raw)
    text_string(&text, raw);
  else if (base64)
    problem = text_base64(&text, base64) ? NULL : "raw_base64 holds no base64";
  else
    text_string(&text, json_object_to_json_string_ext(inner ? inner : item, plain));
  char *id = wrapped ? string_of(item, "id") : NULL;
  bool hidden = wrapped && listed && !json_object_get_boolean(listed);
  append(organization, account_from(id, &text, !hidden));
  free(raw);
  free(base64);
  free(id);
  text_finish(&text);
  return problem;
}

const char *organization_replace(struct organization *organization, struct json_object *items) {
  if (!json_object_is_type(items, json_type_array))
    return "accounts are no array";
  drop_accounts(organization);
  organization->generated = false;
  const char *problem = NULL;
  for (size_t i = 0; i < json_object_array_length(items); i++) {
    struct json_object *item = json_object_array_get_idx(items, i);
    const char *wrong = read_item(organization, item);
    problem = problem ? problem : wrong;
  }
  return problem;
}
