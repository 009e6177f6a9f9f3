/* Connecting: hosts that refuse, that are silent, that are unknown; never a blocked loop, never a secret in a text. */
#include "outcome.h"
#include "server.h"

/* One query with this conninfo ("%s" becomes the cluster's directory); returns how it ended. */
static struct outcome ask(const char *format, int64_t connect_timeout_ms) {
  static char conninfo[600];
  struct database database = {.options = {.connect_timeout_ms = connect_timeout_ms}};
  struct outcome outcome = {.calls = 0};
  const char *directory = getenv("CLOSESYNCD_TEST_PGHOST");
  const char *place = strstr(format, "%s");
  size_t before = place != NULL ? (size_t)(place - format) : strlen(format);
  snprintf(conninfo, sizeof conninfo, "%.*s%s%s", (int)before, format, place != NULL ? directory : "",
           place != NULL ? place + 2 : "");
  database_open(&database, conninfo);
  query(&database, &outcome, "select 1");
  int64_t start = loop_now_ms(database.loop);
  database_finish(&database);
  cr_assert_lt(loop_now_ms(database.loop = loop_create()) - start, 4000, "%s", conninfo);
  cr_assert(loop_destroy(database.loop));
  cr_assert_eq(outcome.calls, 1);
  return outcome;
}

static void expect_well(const char *conninfo, int64_t connect_timeout_ms) {
  struct outcome outcome = ask(conninfo, connect_timeout_ms);
  cr_assert_eq(outcome.kind, ERROR_NONE, "%s: %s", conninfo, outcome.error);
  cr_assert_str_eq(outcome.text, "0:1|");
}

static void expect_error(const char *conninfo, enum error_kind kind, const char *text) {
  struct outcome outcome = ask(conninfo, 600);
  cr_assert_eq(outcome.kind, kind, "%s: %d %s", conninfo, outcome.kind, outcome.error);
  cr_assert_not_null(strstr(outcome.error, text), "%s: %s", conninfo, outcome.error);
  cr_assert_null(strstr(outcome.error, "hunter2"), "%s", outcome.error);
}

Test(db_connect, nobody_there) {
  expect_error("host=127.0.0.1 port=1", ERROR_UNREACHABLE, "port 1 failed: Connection refused");
  expect_error("host=/nowhere", ERROR_UNREACHABLE, "No such file or directory");
  expect_error("host=no-such-host.invalid", ERROR_UNREACHABLE, "could not resolve host \"no-such-host.invalid\": ");
  expect_error("host=%s user=postgres dbname=no_such_database", ERROR_UNREACHABLE,
               "FATAL:  database \"no_such_database\" does not exist");
}

Test(db_connect, conninfo_that_cannot_be_read) {
  expect_error("host=%s nonsense=1", ERROR_CONFIG,
               "could not read database.conninfo: invalid connection option \"nonsense\"");
  expect_error("password = a hunter2", ERROR_CONFIG, "could not read database.conninfo: it is no connection string");
  expect_error("postgresql://u:hunter2@[::1/", ERROR_CONFIG, "it is no connection string");
  expect_error("host=a,b,c port=1,2", ERROR_CONFIG, "give as many ports as hosts, or one port, and at most 16 hosts");
}

Test(db_connect, next_host_is_tried) {
  expect_well("host=127.0.0.1,%s port=1,5432 user=postgres dbname=postgres", 5000);
  expect_well("host=no-such-host.invalid,/nowhere,%s user=postgres dbname=postgres", 5000);
  expect_error("host=127.0.0.1,/nowhere,no-such-host.invalid port=1", ERROR_UNREACHABLE, "Connection refused");
}

Test(db_connect, environment_names_the_host) {
  setenv("PGHOST", getenv("CLOSESYNCD_TEST_PGHOST"), 1);
  setenv("PGUSER", "postgres", 1);
  expect_well("dbname=postgres", 5000);
  expect_well("postgresql:///postgres", 5000);
}

static void be_mute(struct server *server, int fd) {
  char byte;
  (void)server;
  while (recv(fd, &byte, 1, 0) > 0)
    continue;
}

Test(db_connect, silent_host_uses_up_its_share_only) {
  struct server server;
  char conninfo[300];
  server_start(&server, be_mute);
  snprintf(conninfo, sizeof conninfo, "host=127.0.0.1 port=%d sslmode=disable", server.port);
  expect_error(conninfo, ERROR_UNREACHABLE, "no connection to \"127.0.0.1\" within 0.6 s for all hosts");
  snprintf(conninfo, sizeof conninfo, "host=127.0.0.1,%%s port=%d,5432 user=postgres dbname=postgres", server.port);
  expect_well(conninfo, 1000);
  server_stop(&server);
}

Test(db_connect, read_only_server_is_not_taken) {
  expect_error("host=%s user=postgres dbname=postgres options='-c default_transaction_read_only=on'", ERROR_UNREACHABLE,
               "session is read-only");
  expect_well("host=%s user=postgres dbname=postgres target_session_attrs=any "
              "options='-c default_transaction_read_only=on'",
              5000);
}

Test(db_connect, own_application_name_and_encoding) {
  struct database database = {.pending = 0};
  struct outcome outcome = {.calls = 0};
  char conninfo[300];
  snprintf(conninfo, sizeof conninfo,
           "host=%s user=postgres dbname=postgres application_name=mine client_encoding=LATIN1",
           getenv("CLOSESYNCD_TEST_PGHOST"));
  database_open(&database, conninfo);
  query(&database, &outcome, "select current_setting('application_name'), current_setting('client_encoding')");
  database_finish(&database);
  cr_assert_str_eq(outcome.text, "0:mine,UTF8|");
}

/* AuthenticationOk, server_version 14.5, ready for query. */
static void be_old(struct server *server, int fd) {
  static const char hello[] = "R\0\0\0\x08\0\0\0\0S\0\0\0\x18server_version\0"
                              "14.5\0Z\0\0\0\x05I";
  unsigned char length[4];
  char rest[1000];
  (void)server;
  if (recv(fd, length, 4, MSG_WAITALL) == 4 && recv(fd, rest, (size_t)length[2] * 256 + length[3] - 4, MSG_WAITALL) > 0)
    server_send(fd, hello, sizeof hello - 1);
  be_mute(server, fd);
}

Test(db_connect, old_server_is_refused) {
  struct server server;
  char conninfo[200];
  server_start(&server, be_old);
  snprintf(conninfo, sizeof conninfo,
           "host=127.0.0.1 port=%d sslmode=disable gssencmode=disable target_session_attrs=any", server.port);
  expect_error(conninfo, ERROR_CONFIG, "PostgreSQL 15 or newer is needed, this is 14.5");
  server_stop(&server);
}

static void destroy_now(void *context) {
  struct database *database = context;
  database_close(database);
}

/* At any moment of connecting: before, while a name is looked up, while a host is silent, just connected. */
Test(db_connect, destroy_while_connecting) {
  struct server server;
  char silent[100];
  server_start(&server, be_mute);
  snprintf(silent, sizeof silent, "host=127.0.0.1 port=%d", server.port);
  const char *const conninfos[] = {silent, "host=localhost port=1", NULL};
  for (size_t i = 0; i < 3; i++)
    for (int delay = 0; delay < 8; delay++) {
      struct database database = {.pending = 0};
      struct outcome outcome = {.calls = 0};
      database_open(&database, conninfos[i]);
      query(&database, &outcome, "select pg_sleep(1)");
      struct timer *timer = timer_open(database.loop, destroy_now, &database);
      timer_start(timer, delay);
      loop_run(database.loop);
      timer_close(timer);
      database.pending = 0;
      database_finish(&database);
      cr_assert_eq(outcome.calls, 1);
      cr_assert_neq(outcome.kind, ERROR_NONE);
    }
  server_stop(&server);
}

struct tick {
  struct timer *timer;
  int count;
  struct outcome *outcome;
};

static void on_tick(void *context) {
  struct tick *tick = context;
  tick->count++;
  if (tick->outcome->calls == 0)
    timer_start(tick->timer, 10);
  else
    timer_close(tick->timer);
}

Test(db_connect, loop_runs_on_meanwhile) {
  struct server server;
  struct database database = {.options = {.connect_timeout_ms = 500}};
  struct outcome outcome = {.calls = 0};
  struct tick tick = {.outcome = &outcome};
  char conninfo[200];
  server_start(&server, be_mute);
  snprintf(conninfo, sizeof conninfo, "host=no-such-host.invalid,localhost port=1,%d", server.port);
  database_open(&database, conninfo);
  query(&database, &outcome, "select 1");
  tick.timer = timer_open(database.loop, on_tick, &tick);
  timer_start(tick.timer, 10);
  database_finish(&database);
  cr_assert_eq(outcome.kind, ERROR_UNREACHABLE);
  cr_assert_gt(tick.count, 15);
  server_stop(&server);
}
