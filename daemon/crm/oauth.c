/* Tokens as Close, the disk and a browser spell them. JSON is read with the scanner and not with json-c, which would leave copies of the
 * tokens on the heap. A token is what RFC 6749 lets it be: visible ASCII and blanks. */
#include "crm/oauth.h"
#include "crm/scan.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DUE_AT_MOST_S = 5 * 60, OLD_S = 60, LIFE_MAX_S = 10 * 365 * 24 * 3600 };

void oauth_token_finish(struct oauth_token *token) {
  secret_destroy(token->access);
  secret_destroy(token->refresh);
  *token = (struct oauth_token){.access = NULL};
}

bool oauth_token_lives(const struct oauth_token *token, int64_t now_s) {
  return token->access != NULL && (token->expires_s == 0 || now_s < token->expires_s);
}

bool oauth_token_is_due(const struct oauth_token *token, int64_t now_s) {
  int64_t left_s = token->expires_s - now_s, life_s = token->expires_s - token->obtained_s;
  if (token->access == NULL)
    return true;
  return token->expires_s != 0 && (left_s <= 0 || (left_s < DUE_AT_MOST_S && 10 * left_s < life_s));
}

bool oauth_token_is_old(const struct oauth_token *token, int64_t now_s) {
  return now_s - token->obtained_s >= OLD_S || now_s < token->obtained_s;
}

/* ---- JSON ---- */

/* The text of a string, escapes undone; false when it holds what no token does. `inner` stands between the quotes. */
static bool unescape(struct slice inner, char *ret_text, size_t size, size_t *ret_length) {
  size_t length = 0;
  for (size_t i = 0; i < inner.length; i++) {
    char byte = inner.bytes[i];
    if (byte == '\\') {
      byte = inner.bytes[++i]; /* the scanner saw that one follows */
      if (byte == 'u') {
        char digits[5] = "";
        memcpy(digits, inner.bytes + i + 1, 4);
        long code = strtol(digits, NULL, 16);
        byte = code < 0x7f ? (char)code : '\0';
        i += 4;
      } else if (byte != '"' && byte != '\\' && byte != '/') {
        return false;
      }
    }
    if (byte < 0x20 || (unsigned char)byte >= 0x7f || length + 1 >= size)
      return false;
    ret_text[length++] = byte;
  }
  ret_text[length] = '\0';
  *ret_length = length;
  return true;
}

static bool is_string(struct slice value) { return value.length >= 2 && value.bytes[0] == '"'; }

static struct slice inside(struct slice value) { return (struct slice){value.bytes + 1, value.length - 2}; }

static bool read_secret(struct slice value, struct secret **ret_secret) {
  char text[OAUTH_TOKEN_BYTES_MAX + 1];
  size_t length = 0;
  bool good = is_string(value) && unescape(inside(value), text, sizeof text, &length) && length > 0;
  if (good) {
    secret_destroy(*ret_secret);
    *ret_secret = secret_create(text, length);
  }
  explicit_bzero(text, sizeof text);
  return good;
}

/* What is no text, or does not fit, is not told. */
static void read_text(struct slice value, char *ret_text, size_t size) {
  size_t length;
  if (!is_string(value) || !unescape(inside(value), ret_text, size, &length))
    *ret_text = '\0';
}

/* 3600, "3600" or 3600.0; -1 when it is no number. */
static int64_t read_seconds(struct slice value) {
  int64_t seconds = 0;
  if (is_string(value))
    value = inside(value);
  size_t digits = 0;
  for (; digits < value.length && digits < 15 && value.bytes[digits] >= '0' && value.bytes[digits] <= '9'; digits++)
    seconds = 10 * seconds + (value.bytes[digits] - '0');
  return digits > 0 && (digits == value.length || value.bytes[digits] == '.') ? seconds : -1;
}

/* RFC 6749, 7.1: a token of a type that one does not know is not used. */
static bool is_bearer(struct slice value) {
  char type[16];
  read_text(value, type, sizeof type);
  return strcasecmp(type, "Bearer") == 0 || slice_equals(value, "null");
}

struct members { /* of a token, wherever it was written */
  struct oauth_token token;
  int64_t expires_in_s, expires_at_s, obtained_at_s; /* -1: absent */
  bool broken;                                       /* a token that cannot be one */
};

static void take_member(void *context, struct slice name, struct slice value) {
  struct members *members = context;
  struct oauth_token *token = &members->token;
  if (scan_stands_for(name, "access_token"))
    members->broken |= !read_secret(value, &token->access);
  else if (scan_stands_for(name, "refresh_token"))
    members->broken |= !read_secret(value, &token->refresh) && !slice_equals(value, "null");
  else if (scan_stands_for(name, "token_type"))
    members->broken |= !is_bearer(value);
  else if (scan_stands_for(name, "expires_in"))
    members->expires_in_s = read_seconds(value);
  else if (scan_stands_for(name, "expires_at"))
    members->expires_at_s = read_seconds(value);
  else if (scan_stands_for(name, "obtained_at"))
    members->obtained_at_s = read_seconds(value);
  else if (scan_stands_for(name, "organization_id"))
    read_text(value, token->organization_id, sizeof token->organization_id);
  else if (scan_stands_for(name, "user_id"))
    read_text(value, token->user_id, sizeof token->user_id);
  else if (scan_stands_for(name, "replaces"))
    read_text(value, token->replaces, sizeof token->replaces);
}

typedef void member_fn(void *context, struct slice name, struct slice value);

/* Each member of the object that `text` is; false when it is none. */
static bool walk(struct slice text, member_fn *member, void *context) {
  struct scan scan;
  struct slice name, value;
  scan_init(&scan, text);
  scan_space(&scan);
  bool good = scan_take(&scan, '{');
  scan_space(&scan);
  bool empty = good && scan_take(&scan, '}');
  while (good && !empty) {
    scan_space(&scan);
    good = scan_string(&scan, &name);
    scan_space(&scan);
    good = good && scan_take(&scan, ':');
    scan_space(&scan);
    good = good && scan_value(&scan, &value);
    if (good)
      member(context, name, value);
    scan_space(&scan);
    if (!good || !scan_take(&scan, ','))
      break;
  }
  good = good && (empty || scan_take(&scan, '}'));
  scan_space(&scan);
  good = good && scan.at == scan.end;
  scan_finish(&scan);
  return good;
}

/* Behind the text of a file that was reserved and not cut there may be zero bytes. */
static struct slice without_zeros(struct slice text) {
  while (text.length > 0 && text.bytes[text.length - 1] == '\0')
    text.length--;
  return text;
}

/* `dated`: the text may say itself when it was obtained, and when it expires. */
static bool read_members(struct slice text, int64_t obtained_s, bool dated, struct oauth_token *ret_token) {
  struct members members = {.expires_in_s = -1, .expires_at_s = -1, .obtained_at_s = -1};
  bool good = walk(text, take_member, &members) && !members.broken;
  struct oauth_token *token = &members.token;
  if (!dated)
    members.expires_at_s = members.obtained_at_s = -1;
  token->obtained_s = members.obtained_at_s >= 0 ? members.obtained_at_s : obtained_s;
  if (members.expires_at_s > 0)
    token->expires_s = members.expires_at_s;
  else if (members.expires_in_s >= 0)
    token->expires_s =
        token->obtained_s + (members.expires_in_s < LIFE_MAX_S ? members.expires_in_s : (int64_t)LIFE_MAX_S);
  if (good)
    *ret_token = *token;
  else
    oauth_token_finish(token);
  return good;
}

bool oauth_read_answer(struct slice body, int64_t now_s, struct oauth_token *ret_token, struct error *error) {
  struct oauth_token token = {.access = NULL};
  bool good = body.length <= OAUTH_ANSWER_BYTES_MAX && read_members(body, now_s, false, &token) && token.access != NULL;
  if (!good) {
    oauth_token_finish(&token);
    return error_set(error, ERROR_SHAPE, "the answer of api.oauth_url holds no access token of type Bearer");
  }
  *ret_token = token;
  return true;
}

static void on_error_member(void *context, struct slice name, struct slice value) {
  if (scan_stands_for(name, "error") && is_string(value))
    *(struct slice *)context = inside(value);
}

const char *oauth_read_refusal(struct slice body) {
  static const char *const words[] = {"invalid_grant",       "invalid_client",         "invalid_request",
                                      "unauthorized_client", "unsupported_grant_type", "invalid_scope"};
  struct slice word = {0};
  bool told = body.length <= OAUTH_ANSWER_BYTES_MAX && walk(body, on_error_member, &word);
  for (size_t i = 0; told && i < sizeof words / sizeof words[0]; i++)
    if (scan_stands_for(word, words[i]))
      return words[i];
  return "";
}

bool oauth_read_file(struct slice text, int64_t written_s, struct oauth_token *ret_token, struct error *error) {
  struct oauth_token token = {.access = NULL};
  if (text.length > OAUTH_FILE_BYTES_MAX || !read_members(without_zeros(text), written_s, true, &token))
    return error_set(error, ERROR_CREDENTIAL, "it is no token file");
  if (token.refresh == NULL) {
    oauth_token_finish(&token);
    return error_set(error, ERROR_CREDENTIAL, "it holds no refresh token");
  }
  *ret_token = token;
  return true;
}

/* ---- what is written ---- */

struct secret *oauth_write_file(const struct oauth_token *token) {
  struct buffer text;
  buffer_init_secret(&text, OAUTH_FILE_BYTES_MAX);
  bool good = buffer_append_text(&text, "{\"access_token\": ") &&
              text_append_json(&text, slice_of(secret_expose(token->access))) &&
              buffer_append_text(&text, ",\n \"refresh_token\": ") &&
              text_append_json(&text, slice_of(secret_expose(token->refresh))) &&
              buffer_append_format(&text, ",\n \"obtained_at\": %lld,\n \"expires_at\": %lld,\n \"organization_id\": ",
                                   (long long)token->obtained_s, (long long)token->expires_s) &&
              text_append_json(&text, slice_of(token->organization_id)) &&
              buffer_append_text(&text, ",\n \"user_id\": ") && text_append_json(&text, slice_of(token->user_id)) &&
              buffer_append_format(&text, ",\n \"replaces\": \"%s\"}\n", token->replaces);
  if (!good)
    abort(); /* two tokens, every byte of them escaped, fit: OAUTH_FILE_BYTES_MAX */
  struct secret *file = secret_create(text.bytes, text.length);
  buffer_finish(&text);
  return file;
}

void oauth_digest(const struct secret *refresh, char ret_hex[2 * HASH_BYTES + 1]) {
  unsigned char digest[HASH_BYTES];
  struct hasher *hasher = hasher_create();
  hasher_digest(hasher, slice_of(secret_expose(refresh)), digest);
  text_hex(digest, HASH_BYTES, ret_hex);
  hasher_destroy(hasher);
}

static bool append_parameter(struct buffer *form, const char *name, const char *value) {
  return buffer_append_text(form, form->length == 0 ? "" : "&") && buffer_append_text(form, name) &&
         buffer_append_text(form, "=") && text_percent_encode(form, slice_of(value));
}

/* The client's own parameters close the form; in the body, as Close documents it. */
static struct secret *close_form(struct buffer *form, const struct oauth_client *client, bool good) {
  good = good && append_parameter(form, "client_id", client->id) &&
         append_parameter(form, "client_secret", secret_expose(client->secret));
  if (!good)
    abort(); /* the configuration bounds its lines, and a token its bytes */
  struct secret *secret = secret_create(form->bytes, form->length);
  buffer_finish(form);
  return secret;
}

enum { FORM_BYTES_MAX = 1024 * 1024 };

struct secret *oauth_refresh_form(const struct oauth_client *client, const struct secret *refresh) {
  struct buffer form;
  buffer_init_secret(&form, FORM_BYTES_MAX);
  bool good = append_parameter(&form, "grant_type", "refresh_token") &&
              append_parameter(&form, "refresh_token", secret_expose(refresh));
  return close_form(&form, client, good);
}

struct secret *oauth_code_form(const struct oauth_client *client, const struct secret *code) {
  struct buffer form;
  buffer_init_secret(&form, FORM_BYTES_MAX);
  bool good = append_parameter(&form, "grant_type", "authorization_code") &&
              append_parameter(&form, "code", secret_expose(code)) &&
              (client->redirect_uri == NULL || append_parameter(&form, "redirect_uri", client->redirect_uri));
  return close_form(&form, client, good);
}
