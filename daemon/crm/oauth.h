#pragma once
/* Close's OAuth as text (close-api.md 3.2): what is posted, what comes back, what is kept in a file. Pure; what cannot be told from the
 * documentation is read leniently. Tokens live in secrets alone, and no message holds what Close said. */
#include "base/error.h"
#include "base/hash.h"
#include "base/secret.h"

enum {
  OAUTH_TOKEN_BYTES_MAX = 8 * 1024, /* of one token */
  OAUTH_FILE_BYTES_MAX = 40 * 1024, /* of a token file, whatever its tokens are */
  OAUTH_ANSWER_BYTES_MAX = 64 * 1024,
  OAUTH_ID_BYTES = 100,
};

struct oauth_token {               /* all zero: none */
  struct secret *access, *refresh; /* refresh NULL: the answer brought none, the old one stays */
  int64_t obtained_s, expires_s;   /* wall clock; expires_s 0: not told */
  char organization_id[OAUTH_ID_BYTES], user_id[OAUTH_ID_BYTES]; /* "": not told */
  char replaces[2 * HASH_BYTES + 1]; /* the digest of the refresh token before this one; "": not told */
};

struct oauth_client { /* borrowed */
  const char *id, *redirect_uri /* or NULL */;
  const struct secret *secret;
};

void oauth_token_finish(struct oauth_token *token);
/* Less than the smaller of 5 minutes and a tenth of its life is left. Never when its life was not told. */
bool oauth_token_is_due(const struct oauth_token *token, int64_t now_s);
bool oauth_token_lives(const struct oauth_token *token, int64_t now_s);
/* At least a minute, or the clock went back. */
bool oauth_token_is_old(const struct oauth_token *token, int64_t now_s);

/* Forms to post; the caller's. */
struct secret *oauth_refresh_form(const struct oauth_client *client, const struct secret *refresh);
struct secret *oauth_code_form(const struct oauth_client *client, const struct secret *code);

/* The answer of 200. SHAPE when it holds no access token. */
bool oauth_read_answer(struct slice body, int64_t now_s, struct oauth_token *ret_token, struct error *error)
    __attribute__((warn_unused_result));
/* The `error` of a refusal, when it is one of the words that RFC 6749 knows; else "". */
const char *oauth_read_refusal(struct slice body);

/* A token file. It must hold a refresh token; `written_s`: when it was written, for what says no time itself. */
bool oauth_read_file(struct slice text, int64_t written_s, struct oauth_token *ret_token, struct error *error)
    __attribute__((warn_unused_result));
/* Into a secret, for it goes to the disk alone. */
struct secret *oauth_write_file(const struct oauth_token *token);
void oauth_digest(const struct secret *refresh, char ret_hex[2 * HASH_BYTES + 1]);
