/* Reads what a person pasted. It promises to take a code from an address only when the address carries the state of this very attempt,
 * or a stranger's consent could be slipped in (RFC 6749, 10.12). */
#include "crm/consent.h"
#include "base/text.h"
#include <string.h>

enum { VALUE_BYTES = OAUTH_TOKEN_BYTES_MAX };

bool consent_url(struct buffer *url, const char *address, const struct oauth_client *client, const char *state) {
  buffer_clear(url);
  return buffer_append_format(url, "%s?client_id=", address) && text_percent_encode(url, slice_of(client->id)) &&
         buffer_append_text(url, "&response_type=code&state=") && text_percent_encode(url, slice_of(state)) &&
         (client->redirect_uri == NULL ||
          (buffer_append_text(url, "&redirect_uri=") && text_percent_encode(url, slice_of(client->redirect_uri))));
}

static bool has_odd_bytes(struct slice text) {
  for (size_t i = 0; i < text.length; i++)
    if (text.bytes[i] <= 0x20 || (unsigned char)text.bytes[i] >= 0x7f)
      return true;
  return false;
}

static bool begins(struct slice text, const char *with) {
  return text.length >= strlen(with) && memcmp(text.bytes, with, strlen(with)) == 0;
}

/* A query's value, percent-decoded; false when it is too long, or decodes to what no code holds. */
static bool decode(struct slice value, char ret_text[VALUE_BYTES]) {
  size_t length = 0;
  for (size_t i = 0; i < value.length; i++) {
    char byte = value.bytes[i];
    if (byte == '%') {
      int high = i + 2 < value.length ? text_hex_digit(value.bytes[i + 1]) : -1;
      int low = i + 2 < value.length ? text_hex_digit(value.bytes[i + 2]) : -1;
      if (high < 0 || low < 0)
        return false;
      byte = (char)(high * 16 + low);
      i += 2;
    } else if (byte == '+') {
      byte = ' ';
    }
    if (byte < 0x20 || (unsigned char)byte >= 0x7f || length + 1 >= VALUE_BYTES)
      return false;
    ret_text[length++] = byte;
  }
  ret_text[length] = '\0';
  return true;
}

/* The value of a parameter; false when it is absent or cannot be decoded. */
static bool find(struct slice query, const char *name, char ret_text[VALUE_BYTES]) {
  while (query.length > 0) {
    const char *ampersand = memchr(query.bytes, '&', query.length);
    size_t length = ampersand == NULL ? query.length : (size_t)(ampersand - query.bytes);
    struct slice pair = {query.bytes, length};
    if (begins(pair, name) && length > strlen(name) && pair.bytes[strlen(name)] == '=')
      return decode((struct slice){pair.bytes + strlen(name) + 1, length - strlen(name) - 1}, ret_text);
    query.bytes += length + (ampersand == NULL ? 0 : 1);
    query.length -= length + (ampersand == NULL ? 0 : 1);
  }
  return false;
}

/* The query of an address, without its fragment; false for what is no address but a code. */
static bool query_of(struct slice pasted, struct slice *ret_query) {
  const char *question = memchr(pasted.bytes, '?', pasted.length);
  bool bare = begins(pasted, "code=") || begins(pasted, "state=") || begins(pasted, "error=");
  if (question == NULL && !bare && !begins(pasted, "http://") && !begins(pasted, "https://"))
    return false;
  const char *begin = bare ? pasted.bytes : question == NULL ? pasted.bytes + pasted.length : question + 1;
  size_t length = (size_t)(pasted.bytes + pasted.length - begin);
  const char *hash = length > 0 ? memchr(begin, '#', length) : NULL;
  *ret_query = (struct slice){begin, hash == NULL ? length : (size_t)(hash - begin)};
  return true;
}

static bool refused(const char *word, struct error *error) {
  bool plain = *word != '\0' && strlen(word) <= 40 && strspn(word, "abcdefghijklmnopqrstuvwxyz_") == strlen(word);
  return error_set(error, ERROR_AUTH, "the consent was not given (%s)",
                   plain ? word : "with a word that is none of OAuth's");
}

static bool read_query(struct slice query, const char *state, char text[VALUE_BYTES], struct error *error) {
  if (find(query, "error", text))
    return refused(text, error);
  if (!find(query, "code", text))
    return error_set(
        error, ERROR_AUTH, "%s",
        find(query, "client_id", text)
            ? "this is the address to open: paste the one that the browser is sent back to"
            : "the pasted address holds no code: paste the whole address that the browser was sent back to");
  if (!find(query, "state", text))
    return error_set(error, ERROR_AUTH,
                     "the pasted address holds no state: paste the whole address that the browser was sent back to");
  if (strcmp(text, state) != 0)
    return error_set(error, ERROR_AUTH,
                     "the state of the pasted address is not that of this attempt: open the address that was just "
                     "printed, and paste what it leads to");
  return find(query, "code", text);
}

bool consent_read(struct slice pasted, const char *state, struct secret **ret_code, struct error *error) {
  char text[VALUE_BYTES];
  struct slice query;
  pasted = text_trim(pasted);
  if (pasted.length == 0)
    return error_set(error, ERROR_AUTH, "nothing was pasted");
  if (has_odd_bytes(pasted))
    return error_set(error, ERROR_AUTH, "what was pasted holds a blank in its middle: paste the address as one line");
  bool address = query_of(pasted, &query);
  bool good = address ? read_query(query, state, text, error) : decode(pasted, text);
  if (good && *text != '\0')
    *ret_code = secret_create(text, strlen(text));
  else if (good || !address)
    good = error_set(error, ERROR_AUTH, "what was pasted holds no code that could be Close's");
  explicit_bzero(text, sizeof text);
  return good;
}
