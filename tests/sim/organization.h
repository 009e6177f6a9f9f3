/* One organization at the pretended Close: its key, its user, its accounts (verbatim texts, or a generator). */
#pragma once

#include "sim/generate.h"
#include "sim/limit.h"
#include "sim/oauth.h"
#include "sim/text.h"

struct json_object;

struct account {
  char *id;      /* NULL when the text has none that can be read */
  char *user_id; /* likewise */
  char *text;    /* exactly the bytes that go out */
  size_t length;
  bool listed; /* false: answered by id, absent from the listing */
};

struct organization {
  char *key;
  char *id;
  char *user_id; /* the principal the key acts as */
  char *me;      /* the whole reply of /me/; NULL: made from the above */
  struct account *accounts;
  size_t count;
  bool generated; /* then accounts is empty and the generator answers */
  struct generator generator;
  struct limiter limiter;
  struct oauth oauth;
};

void organization_finish(struct organization *organization);

/* How many accounts the listing of user_id (NULL: everybody) has; adds those from skip up to limit to page, joined by commas. */
size_t organization_page(const struct organization *organization, const char *user_id, size_t skip, size_t limit,
                         struct text *page);

/* Adds the account with this id; false when there is none. */
bool organization_account(const struct organization *organization, const char *id, struct text *text)
    __attribute__((warn_unused_result));

/* Puts the account's exact bytes in place of the one with the same id, else at the end. id NULL: read from the text. */
void organization_put(struct organization *organization, const char *id, const struct text *text, bool listed);

/* False when there was none. */
bool organization_delete(struct organization *organization, const char *id);

/* Replaces all accounts. An item is an account object, or a wrapper {"raw": text | "raw_base64": text | "account": object,
 * "id": text, "listed": bool}. NULL when all went well, else what is wrong. */
const char *organization_replace(struct organization *organization, struct json_object *items);

/* Turns a generator's accounts into verbatim texts, so that single ones can be edited. */
void organization_materialize(struct organization *organization);
