/* URLs, host:port, and the question of whether a host is this machine. Strict on purpose: what curl, libpq and we might read
 * differently (user@host tricks, escapes, back slashes, short IPv4 forms) is refused. */
#include "config/address.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

/* inet_pton() of a slice; it knows only the four-part form of IPv4. */
static bool is_address(int family, struct slice host, unsigned char *ret_address) {
  char text[INET6_ADDRSTRLEN + 1];
  if (host.length >= sizeof text)
    return false;
  memcpy(text, host.bytes, host.length);
  text[host.length] = '\0';
  return inet_pton(family, text, ret_address) == 1;
}

/* 127.0.0.0/8, "::1" and exactly "localhost"; without brackets. */
static bool is_loopback(struct slice host) {
  unsigned char address[16];
  if (slice_equals(host, "localhost") || slice_equals(host, "::1"))
    return true;
  return is_address(AF_INET, host, address) && address[0] == 127;
}

/* ":1" to ":65535"; an absent port is well unless it is needed. */
static bool is_port(struct slice text, bool needed) {
  if (text.length == 0)
    return !needed;
  if (text.bytes[0] != ':' || text.length < 2 || text.length > 6)
    return false;
  long port = 0;
  for (size_t i = 1; i < text.length; i++) {
    if (text.bytes[i] < '0' || text.bytes[i] > '9')
      return false;
    port = port * 10 + (text.bytes[i] - '0');
  }
  return port >= 1 && port <= 65535;
}

/* The host of "HOST", "HOST:PORT", "[IPv6]" or "[IPv6]:PORT", without brackets; false when the text is none of these. */
static bool split_host(struct slice text, bool port_needed, struct slice *ret_host) {
  unsigned char address[16];
  if (text.length && text.bytes[0] == '[') {
    const char *end = memchr(text.bytes, ']', text.length);
    if (!end)
      return false;
    struct slice host = {text.bytes + 1, (size_t)(end - text.bytes) - 1};
    struct slice port = {end + 1, text.length - host.length - 2};
    *ret_host = host;
    return is_address(AF_INET6, host, address) && is_port(port, port_needed);
  }
  size_t length = 0;
  while (length < text.length && text.bytes[length] && strchr(LETTERS DIGITS ".-_", text.bytes[length]))
    length++;
  *ret_host = (struct slice){text.bytes, length};
  return length > 0 && is_port((struct slice){text.bytes + length, text.length - length}, port_needed);
}

enum { BASE_URL_BYTES_MAX = 2000 }; /* a request's address is bounded, and its ids need room */

/* What follows "scheme://" up to the path. */
static struct slice authority_of(const char *text) { return (struct slice){text, strcspn(text, "/?#")}; }

/* What is wrong with a URL that secrets are sent to; NULL: nothing. `example` follows "a URL like". */
static const char *judge_url(const char *text, const char *example) {
  bool plain = strncmp(text, "http://", 7) == 0;
  if (!plain && strncmp(text, "https://", 8) != 0)
    return "a URL that begins with https://";
  struct slice authority = authority_of(text + (plain ? 7 : 8)), host;
  if (memchr(authority.bytes, '@', authority.length))
    return "a URL without a user name; the key comes from api_key_file";
  if (strpbrk(text, "?#"))
    return "a URL without a query (?) and a fragment (#)";
  const char *path = authority.bytes + authority.length;
  if (!split_host(authority, false, &host) || path[strspn(path, LETTERS DIGITS "/-._~%+:")] || strstr(path, "/.."))
    return example;
  if (plain && !is_loopback(host))
    return "https://, for the key would travel in the clear; plain http is for 127.0.0.0/8, [::1] and localhost alone";
  return strlen(text) > BASE_URL_BYTES_MAX ? "a URL of at most 2,000 bytes" : NULL;
}

const char *config_judge_base_url(const struct config_rule *rule, const char *text, void *target) {
  const char *words = judge_url(text, "a URL like https://api.close.com/api/v1");
  size_t length = strlen(text);
  while (!words && text[length - 1] == '/')
    length--;
  return words ? words : config_keep(rule, text, length, target);
}

const char *config_judge_oauth_url(const struct config_rule *rule, const char *text, void *target) {
  const char *words = judge_url(text, "a URL like https://api.close.com/oauth2/token/");
  return words ? words : config_keep(rule, text, strlen(text), target);
}

/* Nothing secret is sent there by us; Close compares it with what its OAuth app names. */
const char *config_judge_redirect(const struct config_rule *rule, const char *text, void *target) {
  if (*text && strncmp(text, "https://", 8) != 0 && strncmp(text, "http://", 7) != 0)
    return "a URL like https://example.com/back";
  for (const char *at = text; *at; at++) {
    if (*at <= ' ' || (unsigned char)*at >= 0x7f)
      return "a URL like https://example.com/back";
  }
  return config_keep(rule, text, strlen(text), target);
}

const char *config_judge_proxy(const struct config_rule *rule, const char *text, void *target) {
  static const char *const schemes[] = {"http://", "https://", "socks5://", "socks5h://"};
  struct slice host;
  if (!*text || strcmp(text, "none") == 0)
    return config_keep(rule, text, 0, target);
  for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
    size_t length = strlen(schemes[i]);
    if (strncmp(text, schemes[i], length) == 0 && split_host(slice_of(text + length), false, &host))
      return config_keep(rule, text, strlen(text), target);
  }
  return "empty, or a URL like http://proxy.example:3128 (https, socks5 and socks5h too) without a user name";
}

const char *config_judge_listen(const struct config_rule *rule, const char *text, void *target) {
  unsigned char address[16];
  struct slice host;
  bool well = !*text;
  if (strncmp(text, "unix:", 5) == 0)
    well = text[5] == '/' && text[6] && strlen(text + 5) <= 107; /* sockaddr_un */
  else if (*text && split_host(slice_of(text), true, &host))
    well = *text == '[' || is_address(AF_INET, host, address);
  if (!well)
    return "empty, or an address like 127.0.0.1:8740, [::1]:8740 or unix:/run/closesyncd/http.sock";
  return config_keep(rule, text, strlen(text), target);
}

bool config_listens_locally(const char *listen) {
  struct slice host;
  return strncmp(listen, "unix:", 5) == 0 || (split_host(slice_of(listen), true, &host) && is_loopback(host));
}
