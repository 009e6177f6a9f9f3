/* libpq would look up names in a blocking call and ignores connect_timeout when asynchronous. So each host of the
 * conninfo becomes candidates with a numeric hostaddr (the name stays, for TLS and the password file), and each candidate
 * is one PQconnectStart with our own timer. What a service file names is libpq's own business and may block. */
#include "io/db_connect.h"
#include "base/memory.h"
#include "io/db_result.h"
#include <arpa/inet.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#define HOSTS_MAX      16
#define CANDIDATES_MAX 64
#define SETTINGS_MAX   64
#define OLDEST_VERSION 150000

struct candidate {
  char *host, *address, *port; /* NULL: libpq's default */
};

struct connecting {
  struct loop *loop;
  connected_fn *fn;
  void *context;
  char *application_name;
  int64_t deadline_ms, timeout_ms;
  struct timer *timer;
  struct resolver *resolver;
  struct watcher *watcher;
  PGconn *connection;
  PQconninfoOption *settings;
  struct candidate hosts[HOSTS_MAX], candidates[CANDIDATES_MAX];
  int host_count, next_host, candidate_count, next_candidate;
  struct error error; /* what each failed candidate said, joined */
};

static void try_next(struct connecting *connecting);

/* ---- the end ---- */

static void free_candidates(struct candidate *candidates, int count) {
  for (int i = 0; i < count; i++) {
    free(candidates[i].host);
    free(candidates[i].address);
    free(candidates[i].port);
  }
}

static void close_connection(struct connecting *connecting) {
  watcher_close(connecting->watcher);
  connecting->watcher = NULL;
  PQfinish(connecting->connection);
  connecting->connection = NULL;
}

void connecting_cancel(struct connecting *connecting) {
  if (connecting == NULL)
    return;
  close_connection(connecting);
  resolver_cancel(connecting->resolver);
  timer_close(connecting->timer);
  PQconninfoFree(connecting->settings);
  free_candidates(connecting->hosts, connecting->host_count);
  free_candidates(connecting->candidates, connecting->candidate_count);
  free(connecting->application_name);
  free(connecting);
}

static void end(struct connecting *connecting, struct pg_conn *connection, const struct error *error) {
  connected_fn *fn = connecting->fn;
  void *context = connecting->context;
  struct error copy = error != NULL ? *error : (struct error){.kind = ERROR_NONE};
  connecting_cancel(connecting);
  fn(context, connection, error != NULL ? &copy : NULL);
}

/* One more reason; the first one stays in front. */
static void add_reason(struct connecting *connecting, const char *reason) {
  struct error *error = &connecting->error;
  if (error->kind == ERROR_NONE)
    error_set(error, ERROR_UNREACHABLE, "%s", reason);
  else if (strstr(error->text, reason) == NULL) {
    struct error before = *error;
    error_set(error, ERROR_UNREACHABLE, "%s; %s", before.text, reason);
  }
}

/* ---- reading the conninfo ---- */

static const char *setting(const PQconninfoOption *settings, const char *keyword) {
  for (; settings != NULL && settings->keyword != NULL; settings++)
    if (strcmp(settings->keyword, keyword) == 0)
      return settings->val != NULL && settings->val[0] != '\0' ? settings->val : NULL;
  return NULL;
}

/* The n-th element of a comma separated list, NULL when there is none or it is empty. */
static char *element(const char *list, int number) {
  for (; list != NULL && number > 0; number--) {
    list = strchr(list, ',');
    list = list != NULL ? list + 1 : NULL;
  }
  size_t length = list != NULL ? strcspn(list, ",") : 0;
  return length > 0 ? memory_copy(list, length) : NULL;
}

static int count_elements(const char *list) {
  int count = list != NULL;
  for (; list != NULL && *list != '\0'; list++)
    count += *list == ',';
  return count;
}

/* Hosts as libpq would see them: the conninfo's, else its service's (libpq reads that), else the environment's. */
static bool split_hosts(struct connecting *connecting, struct error *error) {
  const PQconninfoOption *own = connecting->settings;
  PQconninfoOption *defaults = setting(own, "service") == NULL ? PQconndefaults() : NULL;
  const char *host = setting(own, "host") != NULL ? setting(own, "host") : setting(defaults, "host");
  const char *address = setting(own, "hostaddr") != NULL ? setting(own, "hostaddr") : setting(defaults, "hostaddr");
  const char *port = setting(own, "port") != NULL ? setting(own, "port") : setting(defaults, "port");
  int hosts = count_elements(host), addresses = count_elements(address), ports = count_elements(port);
  int count = hosts > addresses ? hosts : addresses > 0 ? addresses : 1;
  bool fits = count <= HOSTS_MAX && (hosts == 0 || hosts == count) && (addresses == 0 || addresses == count) &&
              (ports <= 1 || ports == count);
  for (int i = 0; fits && i < count; i++)
    connecting->hosts[connecting->host_count++] = (struct candidate){
        .host = element(host, i), .address = element(address, i), .port = element(port, ports > 1 ? i : 0)};
  PQconninfoFree(defaults);
  if (!fits)
    error_set(error, ERROR_CONFIG, "database.conninfo: give as many ports as hosts, or one port, and at most %d hosts",
              HOSTS_MAX);
  return fits;
}

/* libpq quotes the place it did not understand, which may be a piece of a password: only harmless texts are shown. */
static bool parse_conninfo(struct connecting *connecting, const char *conninfo, struct error *error) {
  char *message = NULL;
  connecting->settings = PQconninfoParse(conninfo, &message);
  if (connecting->settings == NULL) {
    char text[200] = "it is no connection string";
    if (message != NULL && strncmp(message, "invalid connection option", 25) == 0)
      message_join_lines(message, text, sizeof text);
    error_set(error, ERROR_CONFIG, "could not read database.conninfo: %s", text);
  }
  PQfreemem(message);
  return connecting->settings != NULL && split_hosts(connecting, error);
}

/* ---- one candidate ---- */

struct setting_list {
  const char *keywords[SETTINGS_MAX], *values[SETTINGS_MAX];
  int count;
};

static void put(struct setting_list *list, const char *keyword, const char *value) {
  if (value == NULL || list->count >= SETTINGS_MAX - 1)
    return;
  list->keywords[list->count] = keyword;
  list->values[list->count++] = value;
}

/* For libpq a later mention of a keyword wins: our defaults first, then the administrator's, then what must be. */
static void fill_settings(const struct connecting *connecting, const struct candidate *candidate,
                          struct setting_list *list) {
  static const struct {
    const char *keyword, *value;
  } usual[] = {{"keepalives_idle", "10"},
               {"keepalives_interval", "5"},
               {"keepalives_count", "3"},
               {"tcp_user_timeout", "15000"}};
  for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
    put(list, usual[i].keyword, usual[i].value);
  if (getenv("PGTARGETSESSIONATTRS") == NULL)
    put(list, "target_session_attrs", "read-write");
  put(list, "application_name", connecting->application_name);
  for (const PQconninfoOption *option = connecting->settings; option->keyword != NULL; option++)
    if (strcmp(option->keyword, "host") != 0 && strcmp(option->keyword, "hostaddr") != 0 &&
        strcmp(option->keyword, "port") != 0)
      put(list, option->keyword, option->val);
  put(list, "host", candidate->host);
  put(list, "hostaddr", candidate->address);
  put(list, "port", candidate->port);
  put(list, "client_encoding", "UTF8");
}

static void candidate_failed(struct connecting *connecting) {
  struct error error;
  connection_error(connecting->connection, &error);
  add_reason(connecting, error.text);
  close_connection(connecting);
  try_next(connecting);
}

static void candidate_ready(struct connecting *connecting) {
  int version = PQserverVersion(connecting->connection);
  if (version < OLDEST_VERSION) {
    struct error error;
    error_set(&error, ERROR_CONFIG, "PostgreSQL 15 or newer is needed, this is %d.%d", version / 10000,
              version % 10000);
    end(connecting, NULL, &error);
    return;
  }
  PGconn *connection = connecting->connection;
  connecting->connection = NULL;
  end(connecting, connection, NULL);
}

static void on_ready(void *context, int ready, bool broken);

static void watch(struct connecting *connecting, int events) {
  connecting->watcher = watcher_create(connecting->loop, PQsocket(connecting->connection), on_ready, connecting);
  if (connecting->watcher != NULL)
    watcher_set(connecting->watcher, events);
  else
    candidate_failed(connecting);
}

/* The watcher is closed before libpq looks: it may close the socket and open the next under the same number. */
static void on_ready(void *context, int ready, bool broken) {
  struct connecting *connecting = context;
  (void)ready, (void)broken; /* a refused connect is "broken": libpq knows why */
  watcher_close(connecting->watcher);
  connecting->watcher = NULL;
  switch (PQconnectPoll(connecting->connection)) {
  case PGRES_POLLING_READING:
    watch(connecting, WATCH_READ);
    return;
  case PGRES_POLLING_WRITING:
    watch(connecting, WATCH_WRITE);
    return;
  case PGRES_POLLING_OK:
    candidate_ready(connecting);
    return;
  case PGRES_POLLING_FAILED:
  case PGRES_POLLING_ACTIVE:
    candidate_failed(connecting);
    return;
  }
}

static void be_silent(void *context, const char *message) {
  (void)context;
  (void)message;
}

static void try_candidate(struct connecting *connecting, const struct candidate *candidate) {
  struct setting_list list = {.count = 0};
  fill_settings(connecting, candidate, &list);
  connecting->connection = PQconnectStartParams(list.keywords, list.values, 0);
  if (connecting->connection == NULL) { /* out of memory, in libpq's words */
    add_reason(connecting, "could not start a connection");
    try_next(connecting);
    return;
  }
  PQsetNoticeProcessor(connecting->connection, be_silent, NULL);
  if (PQstatus(connecting->connection) == CONNECTION_BAD)
    candidate_failed(connecting);
  else
    watch(connecting, WATCH_WRITE);
}

/* ---- one host after the other ---- */

static void add_candidate(struct connecting *connecting, const struct candidate *host, const char *address) {
  if (connecting->candidate_count == CANDIDATES_MAX)
    return;
  connecting->candidates[connecting->candidate_count++] = (struct candidate){
      .host = memory_copy_optional(host->host),
      .address = memory_copy_optional(address),
      .port = memory_copy_optional(host->port),
  };
}

static bool needs_lookup(const struct candidate *host) {
  unsigned char numeric[sizeof(struct in6_addr)];
  return host->address == NULL && host->host != NULL && host->host[0] != '/' && host->host[0] != '@' &&
         inet_pton(AF_INET, host->host, numeric) != 1 && inet_pton(AF_INET6, host->host, numeric) != 1;
}

static void on_resolved(void *context, int count, const char *const *addresses, const char *reason) {
  struct connecting *connecting = context;
  const struct candidate *host = &connecting->hosts[connecting->next_host++];
  connecting->resolver = NULL;
  for (int i = 0; i < count; i++)
    add_candidate(connecting, host, addresses[i]);
  if (count == 0) {
    struct error error;
    error_set(&error, ERROR_UNREACHABLE, "could not resolve host \"%s\": %s", host->host, reason);
    add_reason(connecting, error.text);
  }
  try_next(connecting);
}

/* Each step gets its share of what is left, the last one all of it. */
static void start_share(struct connecting *connecting, int steps) {
  int64_t left = connecting->deadline_ms - loop_now_ms(connecting->loop);
  timer_start(connecting->timer, left / (steps > 0 ? steps : 1));
}

/* Hosts in order: the candidates of one are used up before the next is looked up. */
static void try_next(struct connecting *connecting) {
  timer_stop(connecting->timer);
  int candidates = connecting->candidate_count - connecting->next_candidate;
  int hosts = connecting->host_count - connecting->next_host;
  if (candidates == 0 && hosts == 0) {
    end(connecting, NULL, &connecting->error);
    return;
  }
  start_share(connecting, candidates + hosts);
  if (candidates > 0) {
    try_candidate(connecting, &connecting->candidates[connecting->next_candidate++]);
    return;
  }
  const struct candidate *host = &connecting->hosts[connecting->next_host];
  if (needs_lookup(host)) {
    connecting->resolver = resolver_start(connecting->loop, host->host, on_resolved, connecting);
    return;
  }
  connecting->next_host++;
  add_candidate(connecting, host, host->address);
  try_next(connecting);
}

/* The first tick begins, and every later one says that a step has used up its share. */
static void on_timer(void *context) {
  struct connecting *connecting = context;
  struct error error;
  if (connecting->resolver != NULL) {
    resolver_cancel(connecting->resolver);
    connecting->resolver = NULL;
    error_set(&error, ERROR_UNREACHABLE, "could not resolve host \"%s\": no answer in time",
              connecting->hosts[connecting->next_host++].host);
    add_reason(connecting, error.text);
  } else if (connecting->connection != NULL) {
    const struct candidate *candidate = &connecting->candidates[connecting->next_candidate - 1];
    error_set(&error, ERROR_UNREACHABLE, "no connection to \"%s\" within %g s for all hosts",
              candidate->host != NULL ? candidate->host : "localhost", (double)connecting->timeout_ms / 1000.0);
    add_reason(connecting, error.text);
    close_connection(connecting);
  } else if (connecting->error.kind == ERROR_CONFIG) {
    end(connecting, NULL, &connecting->error);
    return;
  }
  try_next(connecting);
}

struct connecting *connecting_start(struct loop *loop, const struct db_options *options, connected_fn *fn,
                                    void *context) {
  struct connecting *connecting = memory_allocate(sizeof *connecting);
  connecting->loop = loop;
  connecting->fn = fn;
  connecting->context = context;
  connecting->application_name = memory_copy_text(options->application_name);
  connecting->timeout_ms = options->connect_timeout_ms;
  connecting->deadline_ms = loop_now_ms(loop) + options->connect_timeout_ms;
  connecting->timer = timer_open(loop, on_timer, connecting);
  if (parse_conninfo(connecting, options->conninfo, &connecting->error))
    error_clear(&connecting->error);
  timer_start(connecting->timer, 0);
  return connecting;
}
