#pragma once
/* The whole configuration, read once, immutable: closesyncd.conf, then closesyncd.conf.d/ *.conf (contract section 3). */
#include "base/error.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"

enum config_way { CONFIG_API_KEY, CONFIG_ACCESS_TOKEN, CONFIG_OAUTH };

struct config_organization {
  const char *name;
  enum config_way way;
  struct secret *key;     /* the API key, access token or client's secret; NULL: not read, or `key_problem` says why */
  const char *key_path;   /* of its file; NULL: not known */
  bool key_is_credential; /* of systemd, which copies it when the service starts */
  bool key_is_hidden;     /* a credential that this process may not look at */
  char *key_problem;      /* or NULL */
  const char *token_path; /* of the access token, or of the OAuth tokens; NULL: an API key, or it is not known where */
  const char *client_id, *redirect_uri; /* of OAuth; redirect_uri or NULL */
  const char *organization_id;          /* expected, or NULL */
  const char *user_id;                  /* filter, or NULL */
  int64_t interval_ms;
  bool enabled;
};

struct config_names { /* sorted bytewise, unique */
  const char **names;
  int count;
};

struct config_exclusion {
  struct config_names excluded, asked; /* asked: the other default fields of Close's; none when nothing is excluded */
  const char *asked_text;              /* the same with commas between them; NULL when nothing is excluded */
};

struct config {
  struct {
    const char *conninfo, *schema;
    int connections;
    int64_t statement_timeout_ms, lock_timeout_ms;
  } database;
  struct {
    const char *base_url; /* without a trailing slash */
    const char *oauth_url, *oauth_authorize_url;
    const char *ca_file, *proxy; /* NULL when not set */
    int64_t connect_timeout_ms, request_timeout_ms;
    size_t max_response_bytes;
    int max_requests, page_size;
  } api;
  struct {
    int64_t interval_ms, deadline_ms, gap_ms /* 0: three intervals of the organization */, verify_interval_ms,
        flush_interval_ms;
    double jitter, max_removed;
    struct config_names volatile_fields;
    struct config_exclusion fields; /* what Close is not asked for, and so what it is asked for */
    bool notify, members;
  } sync;
  struct {
    int64_t retention_ms; /* 0: forever */
  } history;
  struct {
    const char *listen; /* NULL: off */
    bool show_addresses, allow_remote, metrics_per_organization;
  } http;
  struct {
    bool enabled;
    const char *member; /* the host's name when not set */
    int64_t ttl_ms;
  } fleet;
  enum log_level log_level;
  enum log_format log_format;
  struct config_organization *organizations; /* in file order */
  int organization_count;
  struct { /* only after config_read(): what is set there is not what was meant */
    bool database, api;
  } doubtful;
};

enum config_keys {
  CONFIG_KEYS_UNREAD, /* the keys' files are not looked at (migrate, status, verify need none) */
  CONFIG_KEYS_NEEDED, /* one that cannot be read is a problem */
  CONFIG_KEYS_WANTED, /* is that organization's own; a problem only when no enabled organization has one */
};

/* Read everything and judge everything. On false, `problems` holds one line per problem ("file:line: message\n"); it is empty on
 * true. `path` NULL: /etc/closesyncd/closesyncd.conf, and where that is missing but $CLOSE_API_KEY is set, one organization `default`
 * into the database that libpq's own variables name. */
bool config_load(const char *path, enum config_keys keys, struct config **ret_config, struct buffer *problems)
    __attribute__((warn_unused_result));
/* As config_load(), but what was understood is returned in any case, for `check`; NULL only when there is no file at all. */
bool config_read(const char *path, enum config_keys keys, struct config **ret_config, struct buffer *problems)
    __attribute__((warn_unused_result));
/* Reads the key's file when there is no key yet, into `room` (or NULL); sets `key` or `key_problem`. */
void config_read_key(struct config_organization *organization, struct secret_room *room);
/* Likewise, of one in `config`: a file that could not be read may be there now. The only thing that changes in a configuration. */
void config_retry_key(const struct config *config, const struct config_organization *organization);
void config_destroy(struct config *config); /* NULL is allowed */
/* Whether both get in by the same way with the same secret. */
bool config_same_way(const struct config_organization *left, const struct config_organization *right);
const struct config_organization *config_find(const struct config *config, const char *name);
