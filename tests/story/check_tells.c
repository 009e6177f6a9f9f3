/* `check` tells every problem in one go, one aligned line each, with what to do about it, and writes nothing. */
#include "support/story.h"
#include "support/truth.h"

#include <criterion/criterion.h>
#include <json-c/json.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct run *expect_check(struct story *story, int exit_status, const char *option,
                                      const char *const lines[]) {
  const struct run *run = story_expect_exit(story, exit_status, "check", option, NULL);
  for (; *lines != NULL; lines++)
    if (strstr(run->out, *lines) == NULL)
      story_fail(story, "check does not say \"%s\"", *lines);
  cr_assert_str_empty(run->err);
  return run;
}

#define expect_all_of(story, exit_status, ...) \
  expect_check(story, exit_status, NULL, (const char *const[]){__VA_ARGS__, NULL})
#define expect_offline(story, exit_status, ...) \
  expect_check(story, exit_status, "--offline", (const char *const[]){__VA_ARGS__, NULL})

Test(check_tells, that_all_is_well) {
  struct story *story = story_create_generated(2, 3, 1);
  expect_all_of(story, 0, "ok       configuration  every setting is understood\n",
                "ok       database       PostgreSQL ",
                "\"close_crm\" is not there yet: the next sync, or `closesyncd migrate`, brings it to version ",
                "skipped  privileges     there is no schema yet\n",
                "ok       org1           the key acts as user_story1 of orga_story1\n",
                "2 organizations: 2 ok, 0 skipped, 0 not ok; 0 problems in all\n");
  story_expect_sql(story, "0", "select count(*) from pg_namespace where nspname = 'close_crm'");
  story_expect_exit(story, 0, "sync", NULL);
  const char *before = story_dump(story, "");
  expect_all_of(story, 0, "ok       schema         \"close_crm\" is up to date",
                "ok       privileges     the role may do what a sweep needs\n");
  story_expect_same(story, before, story_dump(story, ""));
  story_destroy(story);
}

Test(check_tells, of_a_bad_configuration_and_of_the_rest_too) {
  struct story *story = story_create_generated(3, 3, 1);
  const char *key = story_format(story, "%s/org2.key", story_directory(story));
  chmod(key, 0644);
  story_set(story, "sync", "intervall", "1m");
  story_set(story, "organization org3", "enabled", "no");
  const struct run *run =
      expect_all_of(story, 78, ":2: unknown key \"intervall\" in [sync]: the nearest is \"interval\"\n",
                    "others can read it, run chmod o-r on it", "ok       database       ", "ok       org1           ",
                    "skipped  org2           not asked: its key could not be read, see above\n",
                    "skipped  org3           disabled in the configuration\n", "; 2 problems in all\n");
  cr_assert_null(strstr(run->out, "api_story"));
  story_destroy(story);
}

/* For ExecReload and package scripts: nobody is asked, and one organization's key is not the others' affair. */
Test(check_tells, of_the_configuration_alone_when_offline) {
  struct story *story = story_create_generated(3, 3, 1);
  const char *key = story_format(story, "%s/org2.key", story_directory(story));
  story_set(story, "database", "conninfo", "host=/nowhere dbname=none");
  story_set(story, "organization org3", "enabled", "no");
  expect_offline(story, 0, "ok       configuration  every setting is understood\n",
                 "skipped  database       not asked\n", "ok       org1           its key can be read\n",
                 "skipped  org3           disabled in the configuration\n");
  chmod(key, 0602);
  expect_offline(story, 0, "problem  org2           could not use key file \"",
                 "others can write it, run chmod o-w on it", "ok       org1           its key can be read\n",
                 "1 problem in all\n");
  story_expect_stderr(story, story_expect_exit(story, 78, "sync", NULL), "others can write it");
  chmod(story_format(story, "%s/org1.key", story_directory(story)), 0604);
  const struct run *run = story_expect_exit(story, 78, "check", "--offline", NULL);
  cr_assert(strstr(run->out, "others can write it") != NULL && strstr(run->out, "others can read it") != NULL, "%s",
            run->out);
  chmod(key, 0600);
  story_set(story, "sync", "interval", "soon");
  expect_offline(story, 78, "\"sync.interval\" must be ");
  cr_assert_eq(story_request_count(story, ""), 0);
  story_destroy(story);
}

static void expect_object(const char **at, const char *check, const char *organization, const char *result,
                          int exit_status, const char *message) {
  size_t length = strcspn(*at, "\n");
  char text[2048];
  snprintf(text, sizeof text, "%.*s", (int)length, *at);
  struct json_object *line = json_tokener_parse(text), *member;
  cr_assert(line != NULL && json_object_object_length(line) == 5, "%s", text);
  cr_assert(json_object_object_get_ex(line, "check", &member));
  cr_expect_str_eq(json_object_get_string(member), check);
  cr_assert(json_object_object_get_ex(line, "organization", &member));
  cr_expect_str_eq(member == NULL ? "null" : json_object_get_string(member), organization);
  cr_assert(json_object_object_get_ex(line, "result", &member));
  cr_expect_str_eq(json_object_get_string(member), result);
  cr_assert(json_object_object_get_ex(line, "exit_status", &member));
  cr_expect_eq(json_object_get_int(member), exit_status);
  cr_assert(json_object_object_get_ex(line, "message", &member));
  cr_expect(strstr(json_object_get_string(member), message) != NULL, "%s", text);
  json_object_put(line);
  *at += length + 1;
}

Test(check_tells, programs_the_same) {
  struct story *story = story_create_generated(2, 3, 1);
  story_replies(story, "[{\"match\": {\"key\": \"api_story_2\"}, \"status\": 401}]");
  const struct run *run = story_expect_exit(story, 1, "check", "--json", NULL);
  const char *at = run->out;
  expect_object(&at, "configuration", "null", "ok", 0, "every setting is understood");
  expect_object(&at, "database", "null", "ok", 0, ", no pooler in between");
  expect_object(&at, "schema", "null", "ok", 0, "\"close_crm\" is not there yet");
  expect_object(&at, "privileges", "null", "skipped", 0, "there is no schema yet");
  expect_object(&at, "organization", "org1", "ok", 0, "the key acts as user_story1 of orga_story1");
  expect_object(&at, "organization", "org2", "problem", 1, "401");
  cr_assert_str_empty(at);
  story_destroy(story);
}

/* What a section that is in doubt says is not tried: it might be another database, or another server, that gets the key. */
Test(check_tells, nothing_to_a_place_that_may_not_be_meant) {
  struct story *story = story_create_generated(1, 3, 1);
  story_set(story, "api", "base_url", "http://example.com/api/v1");
  story_set(story, "database", "schema", "");
  expect_all_of(story, 78, "\"api.base_url\" must be ", "\"database.schema\" must be ",
                "skipped  database       not asked: what is set in [database] is in doubt, see above\n",
                "skipped  org1           not asked: what is set in [api] is in doubt, see above\n");
  cr_assert_eq(story_request_count(story, ""), 0);
  story_destroy(story);
}

Test(check_tells, that_nobody_is_enabled) {
  struct story *story = story_create_generated(2, 3, 1);
  story_set(story, "organization org1", "enabled", "no");
  expect_all_of(story, 0, "skipped  org1           disabled in the configuration\n");
  story_set(story, "organization org2", "enabled", "no");
  expect_all_of(story, 78, "problem  configuration  no organization is enabled: set enabled = yes in a section");
  story_destroy(story);
}

Test(check_tells, one_problem_of_a_configuration_without_organizations) {
  struct story *story = story_create_generated(1, 3, 1);
  const struct run *run = story_expect_exit(story, 78, "-c", "/dev/null", "check", "--offline", NULL);
  cr_expect(strstr(run->out, "no organization is configured: add a section [organization NAME]") != NULL, "%s",
            run->out);
  cr_expect(strstr(run->out, "enabled") == NULL, "%s", run->out);
  story_destroy(story);
}

Test(check_tells, that_one_session_is_enough) {
  struct story *story = story_create_generated(1, 3, 1);
  story_set(story, "database", "connections", "1");
  expect_all_of(story, 0, "ok       database       PostgreSQL ");
  story_expect_exit(story, 0, "sync", NULL);
  story_destroy(story);
}

Test(check_tells, of_a_database_that_is_not_there) {
  struct story *story = story_create_generated(1, 3, 1);
  story_set(story, "database", "conninfo", "host=/nowhere dbname=x");
  expect_all_of(story, 69, "problem  database       ", "check database.conninfo, and that PostgreSQL runs there",
                "skipped  schema         not looked at: see above\n", "ok       org1 ");
  story_set(story, "organization org1", "organization_id", "orga_other");
  expect_all_of(story, 69, "problem  org1           the key is not of orga_other, as organization_id says");
  story_destroy(story);
}

Test(check_tells, of_each_credential) {
  struct story *story = story_create_generated(4, 3, 1);
  story_set(story, "organization same", "api_key_file", story_format(story, "%s/org4.key", story_directory(story)));
  story_replies(story, "[{\"match\": {\"key\": \"api_story_1\"}, \"status\": 401},"
                       " {\"match\": {\"key\": \"api_story_2\"}, \"body\": \"<html>hello</html>\"},"
                       " {\"match\": {\"key\": \"api_story_3\"}, \"redirect\": \"https://example.com/\"}]");
  expect_all_of(story, 1, "problem  org1           Close refuse", "(HTTP 401)",
                "problem  org2           the answer of /me/ names no user: check that api.base_url is Close's\n",
                "problem  org3           Close answered with a redirect",
                "problem  org4           two names, \"org4\" and \"same\", for one organization",
                "problem  same           two names, \"same\" and \"org4\", for one organization",
                "5 organizations: 0 ok, 0 skipped, 5 not ok; 5 problems in all\n");
  story_destroy(story);
}

Test(check_tells, of_another_organization_than_recorded) {
  struct story *story = story_create_generated(1, 3, 1);
  story_expect_exit(story, 0, "sync", NULL);
  story_principal(story, 1, "orga_stranger", NULL);
  expect_all_of(story, 1, "problem  org1           this NAME is recorded as orga_story1, which the key is not of");
  story_principal(story, 1, "orga_story1", NULL);
  story_set(story, "organization org1", "user_id", "user_x");
  expect_all_of(story, 1, "problem  org1           this NAME was recorded with user_id \"\", now it is \"user_x\"");
  story_destroy(story);
}

Test(check_tells, of_a_wrong_address_and_of_no_tls) {
  struct story *story = story_create_generated(1, 3, 1);
  int port = story_port(story);
  story_set(story, "api", "base_url", story_format(story, "http://127.0.0.1:%d/api/v2", port));
  expect_all_of(story, 1, "problem  org1           /me/ answered HTTP 404: check api.base_url\n");
  story_set(story, "api", "base_url", story_format(story, "https://127.0.0.1:%d/api/v1", port));
  expect_all_of(story, 1, "problem  org1           could not make a trusted connection",
                "check the certificate of api.base_url, or name who signed it in api.ca_file\n");
  story_set(story, "api", "base_url", "http://127.0.0.1:1/api/v1");
  expect_all_of(story, 1, "problem  org1           could not connect",
                "check api.base_url, api.proxy and the network\n");
  story_destroy(story);
}

Test(check_tells, of_a_schema_that_is_newer_and_of_privileges_that_lack) {
  struct story *story = story_create_generated(1, 3, 1);
  const char *role = story_format(story, "check_poor_%d", (int)getpid());
  story_expect_exit(story, 0, "sync", NULL);
  story_sql(story, story_format(story,
                                "create role %s login; grant usage on schema close_crm to %s; "
                                "grant select on all tables in schema close_crm to %s",
                                role, role, role));
  const char *poor = story_format(story, "%s/poor.conf", story_directory(story));
  cr_assert_eq(
      system(story_format(story, "sed 's/user=postgres/user=%s/' '%s' > '%s'", role, story_config_path(story), poor)),
      0);
  const struct run *run = story_expect_exit(story, 78, "-c", poor, "check", NULL);
  cr_assert_not_null(strstr(run->out, "problem  privileges     the role lacks delete on account, insert on account"));
  story_sql(story, story_format(story, "drop owned by %s; drop role %s", role, role));
  story_sql(story, "insert into migration (version, name, checksum) values (999, 'future', 'x')");
  expect_all_of(story, 78, "problem  schema         the schema \"close_crm\" is newer (version 999, \"future\")",
                "skipped  privileges     not looked at: see above\n", "ok       org1 ");
  story_spare(story, TRUTH_ALL, "the schema is a newer one");
  story_destroy(story);
}

/* ---- a real pgbouncer between, in a directory of its own ---- */

struct bouncer {
  const char *directory;
  pid_t pid;
};

static void start_bouncer(struct story *story, struct bouncer *bouncer, const char *mode) {
  char *directory = strdup("/tmp/check-XXXXXX");
  const struct passwd *postgres = getpwnam("postgres");
  cr_assert(directory != NULL && mkdtemp(directory) != NULL && postgres != NULL);
  bouncer->directory = story_format(story, "%s", directory);
  free(directory);
  const char *path = story_format(story, "%s/ini", bouncer->directory);
  FILE *ini = fopen(path, "we");
  cr_assert_not_null(ini);
  fprintf(ini,
          "[databases]\n* = %s\n[pgbouncer]\nlisten_addr =\nlisten_port = 6432\nunix_socket_dir = %s\nauth_type = any\n"
          "pool_mode = %s\nlogfile = %s/log\n",
          story_conninfo(story), bouncer->directory, mode, bouncer->directory);
  fclose(ini);
  chmod(path, 0644);
  bool root = getuid() == 0;
  cr_assert(!root || chown(bouncer->directory, postgres->pw_uid, postgres->pw_gid) == 0);
  bouncer->pid = fork();
  if (bouncer->pid == 0) {
    execl("/usr/sbin/pgbouncer", "pgbouncer", "-q", path, root ? "-u" : NULL, "postgres", (char *)NULL);
    _exit(127);
  }
  const struct timespec nap = {.tv_nsec = 20000000};
  const char *socket = story_format(story, "%s/.s.PGSQL.6432", bouncer->directory);
  for (int i = 0; i < 500 && access(socket, F_OK) != 0; i++)
    nanosleep(&nap, NULL);
  if (access(socket, F_OK) != 0)
    story_fail(story, "pgbouncer did not start");
}

static void stop_bouncer(struct story *story, struct bouncer *bouncer) {
  kill(bouncer->pid, SIGTERM);
  waitpid(bouncer->pid, NULL, 0);
  cr_assert_eq(system(story_format(story, "rm -r '%s'", bouncer->directory)), 0);
}

static void through(const char *mode, int exit_status, const char *line) {
  struct story *story = story_create_generated(1, 3, 1);
  struct bouncer bouncer;
  start_bouncer(story, &bouncer, mode);
  story_set(story, "database", "conninfo",
            story_format(story, "host=%s port=6432 dbname=x user=postgres", bouncer.directory));
  expect_all_of(story, exit_status, line);
  stop_bouncer(story, &bouncer);
  story_spare(story, TRUTH_ALL, "the schema is a newer one");
  story_destroy(story);
}

Test(check_tells, of_a_pooler_in_transaction_mode) {
  through("transaction", 78, "problem  database       a pooler in transaction mode stands before PostgreSQL");
}
Test(check_tells, of_a_pooler_in_statement_mode) {
  through("statement", 78, "problem  database       a pooler in transaction mode stands before PostgreSQL");
}
Test(check_tells, that_a_pooler_in_session_mode_is_well) {
  through("session", 0, ", through a pooler in session mode\n");
}
Test(check_tells, that_one_session_cannot_tell_a_poolers_mode) {
  struct story *story = story_create_generated(1, 3, 1);
  struct bouncer bouncer;
  start_bouncer(story, &bouncer, "session");
  story_set(story, "database", "connections", "1");
  story_set(story, "database", "conninfo",
            story_format(story, "host=%s port=6432 dbname=x user=postgres", bouncer.directory));
  expect_all_of(story, 0, ", through a pooler; whether in session mode, as it must be, one session cannot tell\n");
  stop_bouncer(story, &bouncer);
  story_destroy(story);
}
