/* Any bytes as an answer of api.oauth_url, as a token file, and as what a person pastes: a token, a word, a code, or a reason that holds
 * nothing of what was read. The first byte chooses, the rest is read. */
#include "check.h"
#include "crm/consent.h"
#include "tree.h"
#include <string.h>

enum { NOW_S = 1795392000, YEARS_S = 10 * 365 * 24 * 3600 };

static void check_secret(const struct secret *secret) {
  const char *text = secret_expose(secret);
  CHECK(*text != '\0' && strlen(text) <= OAUTH_TOKEN_BYTES_MAX);
  for (; *text != '\0'; text++)
    CHECK(*text >= 0x20 && *text <= 0x7e);
}

static void check_token(const struct oauth_token *token) {
  if (token->access != NULL)
    check_secret(token->access);
  if (token->refresh != NULL)
    check_secret(token->refresh);
  CHECK(token->obtained_s >= 0 && token->expires_s >= 0);
  CHECK(memchr(token->organization_id, '\0', OAUTH_ID_BYTES) != NULL &&
        memchr(token->user_id, '\0', OAUTH_ID_BYTES) != NULL);
  CHECK(memchr(token->replaces, '\0', sizeof token->replaces) != NULL);
  CHECK(!oauth_token_lives(token, NOW_S) || token->access != NULL);
  CHECK(token->access != NULL || oauth_token_is_due(token, NOW_S));
}

/* What is written of a token is read as the same token. */
static void check_file(const struct oauth_token *token) {
  struct oauth_token again = {.access = NULL};
  struct error error = {0};
  if (token->access == NULL || token->refresh == NULL)
    return;
  struct secret *file = oauth_write_file(token);
  CHECK(oauth_read_file(slice_of(secret_expose(file)), 7, &again, &error));
  CHECK(secret_equals(again.access, token->access) && secret_equals(again.refresh, token->refresh));
  CHECK(again.obtained_s == token->obtained_s && again.expires_s == token->expires_s);
  CHECK(strcmp(again.organization_id, token->organization_id) == 0 && strcmp(again.user_id, token->user_id) == 0);
  CHECK(strcmp(again.replaces, token->replaces) == 0);
  oauth_token_finish(&again);
  secret_destroy(file);
}

/* The last member of that name, as a string; NULL: none, or another kind. */
static const struct tree *last_text(const struct tree *tree, const char *name) {
  const struct tree *found = NULL;
  for (const struct tree *child = tree == NULL ? NULL : tree->first; child != NULL; child = child->next)
    if (slice_equals(child->key, name))
      found = child;
  return found != NULL && found->kind == TREE_STRING ? found : NULL;
}

static void check_answer(struct slice body, bool file) {
  struct oauth_token token = {.access = NULL};
  struct error error = {0};
  struct arena *arena = arena_create((size_t)64 << 20);
  bool good = file ? oauth_read_file(body, NOW_S, &token, &error) : oauth_read_answer(body, NOW_S, &token, &error);
  CHECK(good ? (file ? token.refresh : token.access) != NULL : token.access == NULL && token.refresh == NULL);
  CHECK(good ||
        strcmp(error.text, file ? "it holds no refresh token"
                                : "the answer of api.oauth_url holds no access token of type Bearer") == 0 ||
        strcmp(error.text, "it is no token file") == 0);
  if (good) {
    while (file && body.length > 0 && body.bytes[body.length - 1] == '\0')
      body.length--;
    const struct tree *tree = tree_read(arena, body, 512);
    const struct tree *access = last_text(tree, "access_token");
    CHECK(tree == NULL || token.access == NULL ||
          (access != NULL && slice_equals(access->text, secret_expose(token.access))));
    CHECK(file || (token.obtained_s == NOW_S && token.expires_s <= NOW_S + (int64_t)YEARS_S));
    check_token(&token);
    check_file(&token);
  }
  oauth_token_finish(&token);
  arena_destroy(arena);
}

static void check_refusal(struct slice body) {
  const char *word = oauth_read_refusal(body);
  CHECK(*word == '\0' || memmem(body.bytes, body.length, word, strlen(word)) != NULL);
}

static void check_consent(struct slice pasted) {
  struct secret *code = NULL;
  struct error error = {0};
  if (consent_read(pasted, "st4te", &code, &error)) {
    check_secret(code);
    bool address = memchr(pasted.bytes, '?', pasted.length) != NULL;
    CHECK(!address || memmem(pasted.bytes, pasted.length, "state=", 6) != NULL);
    secret_destroy(code);
  } else {
    CHECK(code == NULL && error.kind == ERROR_AUTH && error.text[0] != '\0');
    for (const char *at = error.text; *at != '\0'; at++)
      CHECK((unsigned char)*at >= 0x20 && (unsigned char)*at < 0x7f);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0)
    return 0;
  struct slice body = {(const char *)data + 1, size - 1};
  if (data[0] % 4 == 0)
    check_consent(body);
  else if (data[0] % 4 == 1)
    check_refusal(body);
  else
    check_answer(body, data[0] % 4 == 3);
  return 0;
}
