/* Follows conninfo_parse() and conninfo_uri_parse() of libpq (fe-connect.c). Where in doubt it refuses: a password that slips
 * through is in the process list of every tool that prints the configuration. */
#include "config/conninfo.h"
#include "base/text.h"
#include "config/keyword.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SPACES " \t\n\r\v\f"

static const char no_password[] = "free of passwords; use peer authentication, or passfile=PATH";
static const char unreadable[] =
    "in libpq's notation: keyword=value with spaces between, or postgresql://HOST/DATABASE";

static const char no_port[] = "given a port from 1 to 65535, or several with commas";

struct judging {
  struct arena *arena;
  int hosts, addresses, ports; /* 0: not given */
};

static const char *judge(const char *text, struct judging *judging, int depth);

/* "5432", or several with commas, some of them empty. */
static bool are_ports(const char *value) {
  for (const char *at = value; *at;) {
    size_t length = strcspn(at, ",");
    size_t digits = strspn(at, "0123456789");
    long port = digits > 0 && digits < 6 ? strtol(at, NULL, 10) : 0;
    if (length > 0 && (digits != length || port < 1 || port > 65535))
      return false;
    at += length + (at[length] == ',');
  }
  return true;
}

static bool is_counted(const char *keyword) {
  return strncmp(keyword, "keepalives", strlen("keepalives")) == 0 || strcmp(keyword, "connect_timeout") == 0 ||
         strcmp(keyword, "tcp_user_timeout") == 0;
}

/* Such that an int holds it. */
static bool is_whole(const char *value) {
  const char *digits = value + (*value == '-');
  size_t length = strspn(digits, "0123456789");
  return !*value || (length > 0 && length < 10 && digits[length] == '\0');
}

/* What libpq would find out only when it connects, and call a server that cannot be reached. An empty value is its default. */
static const char *judge_value(const char *keyword, const char *value) {
  static const struct {
    const char *keyword, *values, *words;
  } choices[] = {
      {"sslmode", " disable allow prefer require verify-ca verify-full ",
       "given an sslmode of disable, allow, prefer, require, verify-ca or verify-full"},
      {"target_session_attrs", " any read-write read-only primary standby prefer-standby ",
       "given target_session_attrs of any, read-write, read-only, primary, standby or prefer-standby"},
      {"gssencmode", " disable prefer require ", "given a gssencmode of disable, prefer or require"},
      {"channel_binding", " disable prefer require ", "given a channel_binding of disable, prefer or require"},
      {"ssl_min_protocol_version", " TLSv1 TLSv1.1 TLSv1.2 TLSv1.3 ",
       "given an ssl_min_protocol_version of TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3"},
      {"ssl_max_protocol_version", " TLSv1 TLSv1.1 TLSv1.2 TLSv1.3 ",
       "given an ssl_max_protocol_version of TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3"},
      {"replication", " false off no 0 ", "given no replication: such a session takes no queries"},
  };
  if (strcmp(keyword, "port") == 0 && !are_ports(value))
    return no_port;
  if (is_counted(keyword) && !is_whole(value))
    return "given whole numbers for connect_timeout, tcp_user_timeout and the keepalives";
  for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
    if (strcmp(keyword, choices[i].keyword) != 0 || !*value)
      continue;
    const char *found = strchr(value, ' ') ? NULL : strstr(choices[i].values, value);
    if (!found || found[-1] != ' ' || found[strlen(value)] != ' ')
      return choices[i].words;
  }
  return NULL;
}

static bool is_password(const char *keyword) {
  static const char *const secrets[] = {"password", "sslpassword", "scram_client_key", "scram_server_key",
                                        "oauth_client_secret"};
  for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
    if (strcasecmp(keyword, secrets[i]) == 0)
      return true;
  }
  return false;
}

/* Names it only when it cannot be a key that was put in the wrong place. */
static const char *refuse_keyword(const char *keyword, struct arena *arena) {
  size_t length = strspn(keyword, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");
  bool named = length > 0 && length <= 32 && keyword[length] == '\0';
  const char *nearest = named ? config_keyword_nearest(keyword) : NULL;
  if (nearest && is_password(nearest))
    return no_password;
  char text[256];
  if (nearest)
    snprintf(text, sizeof text, "free of \"%s\", which is no keyword of libpq %d; the nearest is \"%s\"", keyword,
             LIBPQ_MAJOR, nearest);
  else if (named)
    snprintf(text, sizeof text, "free of \"%s\", which is no keyword of libpq %d; take it out", keyword, LIBPQ_MAJOR);
  else
    snprintf(text, sizeof text,
             "free of what is no keyword of libpq %d; there are host, port, dbname, user, sslmode and "
             "others, in small letters",
             LIBPQ_MAJOR);
  const char *copy = arena_copy(arena, text, strlen(text));
  return copy ? copy : "shorter: the configuration is too large";
}

static int count(const char *value) {
  int values = *value != '\0';
  for (; *value; value++)
    values += *value == ',';
  return values;
}

static void count_pair(struct judging *judging, const char *keyword, const char *value) {
  if (strcmp(keyword, "host") == 0)
    judging->hosts = count(value);
  else if (strcmp(keyword, "hostaddr") == 0)
    judging->addresses = count(value);
  else if (strcmp(keyword, "port") == 0)
    judging->ports = count(value);
}

/* One port is every host's; without a host libpq has its own, or $PGHOST's. */
static const char *judge_counts(const struct judging *judging) {
  int hosts = judging->addresses > 0 ? judging->addresses : judging->hosts;
  bool fit = judging->hosts == 0 || hosts == judging->hosts;
  if (hosts > 0 && judging->ports > 1)
    fit = fit && judging->ports == hosts;
  return fit ? NULL : "given as many ports and hostaddr as hosts";
}

/* A keyword and its value, as libpq would take them. */
static const char *judge_pair(const char *keyword, const char *value, struct judging *judging, int depth) {
  if (is_password(keyword))
    return no_password;
  if (depth == 0 && !config_keyword_is_known(keyword)) /* deeper, it may be a database's name after all */
    return refuse_keyword(keyword, judging->arena);
  count_pair(judging, keyword, value);
  /* libpq expands a database name that is itself a conninfo. */
  if (strcasecmp(keyword, "dbname") == 0 && (strchr(value, '=') || strstr(value, "://")))
    return depth < 3 ? judge(value, judging, depth + 1) : unreadable;
  return judge_value(keyword, value);
}

/* Moves *at past a value ('quoted' or not, with back slashes) and unescapes it into `out`; false when a quote stays open. */
static bool take_value(char **at, char *out) {
  char quote = **at == '\'' ? '\'' : '\0';
  if (quote)
    ++*at;
  while (**at && (quote ? **at != quote : !strchr(SPACES, **at))) {
    if (**at == '\\' && (*at)[1])
      ++*at;
    *out++ = *(*at)++;
  }
  bool closed = !quote || **at == quote;
  if (quote && closed)
    ++*at;
  *out = '\0';
  return closed;
}

static const char *judge_keywords(char *at, char *value, struct judging *judging, int depth) {
  for (at += strspn(at, SPACES); *at; at += strspn(at, SPACES)) {
    char *keyword = at;
    at += strcspn(at, "=" SPACES);
    char *end = at;
    at += strspn(at, SPACES);
    if (*at != '=' || end == keyword)
      return unreadable;
    at++;
    at += strspn(at, SPACES);
    *end = '\0';
    if (!take_value(&at, value))
      return unreadable;
    const char *words = judge_pair(keyword, value, judging, depth);
    if (words)
      return words;
  }
  return NULL;
}

/* Percent-decoding in place; false for what is no escape. */
static bool decode(char *text) {
  char *out = text;
  for (; *text; text++) {
    if (*text != '%') {
      *out++ = *text;
      continue;
    }
    int high = text_hex_digit(text[1]), low = high < 0 ? -1 : text_hex_digit(text[2]);
    if (low < 0 || (high == 0 && low == 0))
      return false;
    *out++ = (char)(high * 16 + low);
    text += 2;
  }
  *out = '\0';
  return true;
}

/* "?keyword=value&…" */
static const char *judge_query(char *query, struct judging *judging, int depth) {
  for (char *at = query, *next; at; at = next) {
    next = strchr(at, '&');
    if (next)
      *next++ = '\0';
    char *value = strchr(at, '=');
    if (!value)
      return *at ? unreadable : NULL;
    *value++ = '\0';
    if (!decode(at) || !decode(value))
      return unreadable;
    /* Of JDBC's "ssl" libpq knows this one value, in a URI. */
    bool jdbc = strcmp(at, "ssl") == 0 && strcmp(value, "true") == 0;
    const char *words = jdbc ? NULL : judge_pair(at, value, judging, depth);
    if (words)
      return words;
  }
  return NULL;
}

/* "host:port,[::1]:port,…", each part of which may be missing. */
static const char *judge_hosts(char *at, struct judging *judging) {
  judging->hosts = judging->ports = count(at);
  for (char *next; at; at = next) {
    next = strchr(at, ',');
    if (next)
      *next++ = '\0';
    char *bracket = *at == '[' ? strchr(at, ']') : NULL;
    if (*at == '[' && (!bracket || !strchr(":", bracket[1])))
      return unreadable;
    char *port = strchr(bracket ? bracket : at, ':');
    if (port && !are_ports(port + 1))
      return no_port;
    if (port)
      *port = '\0';
    if (!decode(at))
      return unreadable;
  }
  return NULL;
}

static const char *judge_uri(char *uri, struct judging *judging, int depth) {
  /* libpq takes all before the first "@" as user and password unless a "/" comes first; a "?" does not end it. */
  char *user_end = strpbrk(uri, "@/");
  if (user_end && *user_end == '@') {
    *user_end = '\0';
    if (strchr(uri, ':'))
      return no_password;
    if (!decode(uri))
      return unreadable;
    uri = user_end + 1;
  }
  char *query = strchr(uri, '?');
  if (query)
    *query++ = '\0';
  char *path = strchr(uri, '/'), *late = strchr(uri, '@');
  if (late && memchr(uri, ':', (size_t)(late - uri))) /* most likely a password with an unescaped slash */
    return no_password;
  if (path)
    *path++ = '\0';
  const char *words = judge_hosts(uri, judging);
  if (path && !words)
    words = decode(path) ? judge_pair("dbname", path, judging, depth) : unreadable;
  if (words)
    return words;
  return query ? judge_query(query, judging, depth) : NULL;
}

static const char *judge(const char *text, struct judging *judging, int depth) {
  size_t length = strlen(text);
  char *copy = arena_copy(judging->arena, text, length), *value = arena_allocate(judging->arena, length + 1);
  if (!copy || !value)
    return "shorter: the configuration is too large";
  static const char *const schemes[] = {"postgresql://", "postgres://"};
  for (int i = 0; i < 2; i++) {
    size_t head = strlen(schemes[i]);
    if (strncmp(text, schemes[i], head) == 0)
      return judge_uri(copy + head, judging, depth);
  }
  /* A bare word is a database name only where libpq is told so; the daemon's value is always a conninfo. */
  return judge_keywords(copy, value, judging, depth);
}

const char *config_judge_conninfo(const struct config_rule *rule, const char *text, void *target) {
  struct judging judging = {.arena = rule->arena};
  const char *words = judge(text, &judging, 0);
  if (!words)
    words = judge_counts(&judging);
  if (words)
    return words;
  const char *copy = arena_copy(rule->arena, text, strlen(text));
  if (!copy)
    return "shorter: the configuration is too large";
  *(const char **)target = copy;
  return NULL;
}
