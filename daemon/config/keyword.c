/* From PQconninfoOptions[] in src/interfaces/libpq/fe-connect.c of PostgreSQL 15, Debian 12's; described in
 * https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-PARAMKEYWORDS. A test compares them with PQconndefaults(). */
#include "config/keyword.h"
#include <ctype.h>
#include <string.h>

enum { LENGTH_MAX = 32, FAR = 3 }; /* two slips of the finger are still a slip */

static const char *const keywords[] = {
    "service",
    "user",
    "password",
    "passfile",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "port",
    "client_encoding",
    "options",
    "application_name",
    "fallback_application_name",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "sslmode",
    "sslcompression",
    "sslcert",
    "sslkey",
    "sslpassword",
    "sslrootcert",
    "sslcrl",
    "sslcrldir",
    "sslsni",
    "requirepeer",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "gssencmode",
    "krbsrvname",
    "gsslib",
    "replication",
    "target_session_attrs",
    "requiressl", /* no option of its own: conninfo_storeval() makes an sslmode of it */
    NULL,
};

const char *config_keyword_at(size_t index) { return keywords[index]; }

bool config_keyword_is_known(const char *keyword) {
  for (size_t i = 0; keywords[i] != NULL; i++) {
    if (strcmp(keyword, keywords[i]) == 0)
      return true;
  }
  return false;
}

static size_t least(size_t left, size_t right) { return left < right ? left : right; }

/* Levenshtein's distance, capitals being no difference; both are shorter than LENGTH_MAX. */
static size_t distance(const char *left, const char *right) {
  size_t row[LENGTH_MAX], width = strlen(right);
  for (size_t j = 0; j <= width; j++)
    row[j] = j;
  for (size_t i = 0; left[i] != '\0'; i++) {
    size_t diagonal = row[0]++;
    for (size_t j = 0; j < width; j++) {
      size_t changed = diagonal + (tolower((unsigned char)left[i]) != tolower((unsigned char)right[j]));
      diagonal = row[j + 1];
      row[j + 1] = least(changed, 1 + least(row[j], row[j + 1]));
    }
  }
  return row[width];
}

const char *config_keyword_nearest(const char *keyword) {
  const char *nearest = NULL;
  /* Of a short word two letters are not a slip but another word. */
  size_t length = strlen(keyword), closest = length < 5 ? FAR - 1 : FAR;
  for (size_t i = 0; length < LENGTH_MAX && keywords[i] != NULL; i++) {
    size_t away = distance(keyword, keywords[i]);
    if (away < closest) {
      closest = away;
      nearest = keywords[i];
    }
  }
  return nearest;
}
