/* From PQconninfoOptions[] in src/interfaces/libpq/fe-connect.c of PostgreSQL 15 to 18; described in
 * https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-PARAMKEYWORDS. A test compares them with PQconndefaults().
 * LIBPQ_MAJOR is the version that this binary is built with: what that one does not know is not known here either. */
#include "config/keyword.h"
#include "base/nearest.h"
#include <string.h>

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
#if LIBPQ_MAJOR >= 16
    "sslcertmode",
    "require_auth",
    "gssdelegation",
    "load_balance_hosts",
#endif
#if LIBPQ_MAJOR >= 17
    "sslnegotiation",
#endif
#if LIBPQ_MAJOR >= 18
    "min_protocol_version",
    "max_protocol_version",
    "scram_client_key",
    "scram_server_key",
    "oauth_issuer",
    "oauth_client_id",
    "oauth_client_secret",
    "oauth_scope",
    "sslkeylogfile",
#endif
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

static const char *keyword_at(const void *context, size_t index) {
  (void)context;
  return keywords[index];
}

const char *config_keyword_nearest(const char *keyword) { return nearest_word(keyword, keyword_at, NULL); }
