/* `migrate --roles`: the daemon runs as the writer alone, the auditor proves, the owner alone alters; running it again changes nothing. */
#include "support/story.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *const logins[] = {"owner", "writer", "auditor", "analyst"};
enum { LOGINS = sizeof logins / sizeof *logins };

/* A login role in each of them; all gone with the story. Returns their prefix. */
static const char *make_roles(struct story *story) {
  const char *prefix = story_format(story, "r%s", strstr(story_sql(story, "select current_database()"), "_"));
  const struct run *dry = story_expect_exit(story, 0, "migrate", "--dry-run", "--roles", prefix, NULL);
  cr_assert(strstr(dry->out, "create role") == NULL, "there is no schema to give yet");
  story_expect_exit(story, 0, "migrate", "--roles", prefix, NULL);
  story_expect_exit(story, 0, "migrate", "--roles", prefix, NULL);
  for (int i = 0; i < LOGINS; i++)
    story_sql(story, story_format(story, "create role \"%s_%s_login\" login in role \"%s_%s\"", prefix, logins[i],
                                  prefix, logins[i]));
  story_sql(
      story,
      "do $$ begin execute format('revoke temporary, create on database %I from public', current_database()); end $$");
  story_expect_exit(story, 0, "migrate", "--roles", prefix, NULL);
  return prefix;
}

static void become(struct story *story, const char *prefix, const char *login) {
  const char *admin = story_conninfo(story);
  const char *user = strstr(admin, "user=postgres");
  story_set(story, "database", "conninfo",
            story_format(story, "%.*suser=%s_%s_login", (int)(user - admin), admin, prefix, login));
}

static void drop_roles(struct story *story, const char *prefix) {
  for (int i = 0; i < LOGINS; i++)
    story_sql(story,
              story_format(story,
                           "drop owned by \"%s_%s_login\", \"%s_%s\" cascade; drop role \"%s_%s_login\", \"%s_%s\"",
                           prefix, logins[i], prefix, logins[i], prefix, logins[i], prefix, logins[i]));
}

/* What is no PREFIX is the user's slip, before anything is asked; what each role got is told; a second set would take the schema. */
Test(evidence_roles, have_one_prefix_and_are_told) {
  static const char *const bad[] = {"Bad Name", "pg_x", "", "a-b",
                                    "123456789012345678901234567890123456789012345678901"};
  struct story *story = story_create(1);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    story_expect_stderr(story, story_expect_exit(story, 64, "migrate", "--roles", bad[i], NULL),
                        "the PREFIX of the roles");
  story_expect_sql(story, "0", "select count(*) from pg_namespace where nspname = 'close_crm'");
  const char *prefix = make_roles(story);
  const struct run *run = story_expect_exit(story, 0, "migrate", "--roles", NULL); /* those made before */
  cr_assert(strstr(run->out, story_format(story, "\n%s_owner: owns the schema \"close_crm\" and all in it\n", prefix)),
            "%s", run->out);
  cr_assert(strstr(run->out, story_format(story, "\n%s_writer: select, insert on account_history", prefix)), "%s",
            run->out);
  cr_assert(strstr(run->out, story_format(story, "\n%s_auditor: select on account,", prefix)), "%s", run->out);
  run = story_expect_exit(story, 1, "migrate", "--roles", "another", NULL);
  story_expect_stderr(
      story, run, story_format(story, "has roles already, %s_owner and the others: take --roles %s", prefix, prefix));
  story_expect_exit(story, 1, "migrate", "--dry-run", "--roles=closesync", NULL);
  story_expect_sql(story, "0", "select count(*) from pg_roles where rolname like 'another%'");
  drop_roles(story, prefix);
  story_destroy(story);
}

Test(evidence_roles, the_daemon_runs_as_the_writer_alone) {
  struct story *story = story_create_generated(2, 12, 5);
  const char *prefix = make_roles(story);
  become(story, prefix, "writer");
  story_expect_exit(story, 0, "check", NULL);
  story_expect_exit(story, 0, "sync", NULL);
  story_put(story, 1, "{\"id\": 7}");
  story_change(story, 30, 9);
  story_expect_exit(story, 0, "sync", NULL);
  story_put(story, 2, "{\"id\": \"emailacct_gone\", \"_type\": \"zoom\"}");
  story_expect_exit(story, 0, "sync", "--verify", NULL);
  story_remove(story, 2, "emailacct_gone");
  story_expect_exit(story, 0, "sync", NULL);
  story_replies(story, "[{\"organization\": 1, \"status\": 500}]");
  story_set(story, "api", "request_timeout", "1s");
  story_expect_exit(story, 1, "sync", "org1", NULL);
  story_expect_exit(story, 1, "sync", "org1", NULL);
  story_expect_sql(story, "2",
                   "select attempts from sweep where organization_id = 'orga_story1' order by sweep_id desc limit 1");
  story_expect_exit(story, 0, "status", NULL);
  story_expect_exit(story, 0, "verify", "--head", NULL);
  story_expect_exit(story, 0, "verify", "--record", NULL);
  story_expect_exit(story, 0, "migrate", NULL);
  story_expect_history(story);
  const struct run *run = story_expect_exit(story, 1, "erase", "--account", "emailacct_gone", NULL);
  cr_assert(strstr(run->err, "only the owner of the schema may erase") != NULL);
  story_set(story, "history", "retention", "1s");
  run = story_expect_exit(story, 1, "prune", NULL);
  cr_assert(strstr(run->err, "only the owner of the schema may prune") != NULL);
  become(story, prefix, "auditor");
  story_expect_exit(story, 0, "verify", NULL);
  run = story_expect_exit(story, 1, "verify", "--record", NULL);
  story_expect_stderr(story, run, "only the owner and the writer of the schema may --record");
  cr_assert_str_eq(run->out, "", "and nothing was verified in vain");
  story_expect_sql(story, "2", "select count(*) from verification where is_proven");
  story_expect_exit(story, 1, "sync", "org2", NULL);
  become(story, prefix, "owner");
  story_expect_exit(story, 0, "erase", "--account", "emailacct_gone", NULL);
  story_expect_exit(story, 0, "verify", "--record", NULL);
  story_set(story, "database", "conninfo", story_conninfo(story));
  drop_roles(story, prefix);
  story_destroy(story);
}

Test(evidence_roles, a_member_of_the_owner_migrates_and_what_is_new_belongs_to_the_owner) {
  struct story *story = story_create(1);
  const char *prefix = make_roles(story);
  story_sql(
      story,
      story_format(story, "drop schema close_crm cascade; create schema close_crm authorization \"%s_owner\"", prefix));
  become(story, prefix, "owner");
  story_expect_exit(story, 0, "migrate", NULL);
  story_expect_sql(story, "t",
                   "select bool_and(proowner = nspowner) from pg_proc join pg_namespace on pg_namespace.oid = "
                   "pronamespace where nspname = 'close_crm'");
  story_expect_sql(story, "t",
                   "select bool_and(relowner = nspowner) from pg_class join pg_namespace on pg_namespace.oid = "
                   "relnamespace where nspname = 'close_crm'");
  become(story, prefix, "writer");
  story_expect_exit(story, 0, "sync", NULL);
  story_set(story, "database", "conninfo", story_conninfo(story));
  drop_roles(story, prefix);
  story_destroy(story);
}

Test(evidence_roles, functions_of_another_closesyncd_are_replaced_by_the_owner_alone) {
  struct story *story = story_create_generated(1, 3, 5);
  const char *prefix = make_roles(story);
  become(story, prefix, "writer");
  story_expect_exit(story, 0, "sync", NULL);
  story_sql(story, "update migration set functions_checksum = repeat('0', 64)");
  story_expect_stderr(story, story_expect_exit(story, 78, "sync", NULL), "run `closesyncd migrate` as its owner");
  become(story, prefix, "owner");
  story_expect_exit(story, 0, "migrate", NULL);
  become(story, prefix, "writer");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  story_set(story, "database", "conninfo", story_conninfo(story));
  drop_roles(story, prefix);
  story_destroy(story);
}

/* All that Close said of whom, where and what, and what it said of members. */
static const char TOLD[] =
    "create temp table told as "
    "select distinct said #>> '{}' as word from account_history, jsonb_path_query(document, 'strict $.**') as said "
    "where jsonb_typeof(said) = 'string' and (said #>> '{}' like '%@%' or said #>> '{}' like '%example%') "
    "union select said ->> 'host' from account_history, jsonb_path_query(document, 'strict $.*') as said "
    "where jsonb_typeof(said) = 'object' and said ? 'host' "
    "union select said ->> 'name' from account_history, jsonb_path_query(document, 'strict $.**') as said "
    "where jsonb_typeof(said) = 'object' and said ? 'name' "
    "union select email from member union select full_name from member "
    "union select document::text from account_history union select document::text from rejected_account";

static const char *all_of(struct story *story, const char *role, const char *table) {
  story_sql(story, story_format(story, "set role \"%s\"", role));
  const char *text = story_sql(story, story_format(story, "select string_agg(t::text, E'\\n') from %s as t", table));
  story_sql(story, "reset role");
  return text;
}

/* Whatever an analyst may read, word for word: of no person, address, server or document. An auditor's tables show that the search finds. */
Test(evidence_roles, an_analyst_reads_no_address_name_host_or_document) {
  struct story *story = story_create_generated(2, 12, 5);
  const char *prefix = make_roles(story), *analyst = story_format(story, "%s_analyst", prefix);
  story_set(story, "sync", "members", "yes");
  story_put(story, 1, "{\"id\": 7, \"email\": \"rejected@example.com\"}");
  story_put(story, 1,
            "{\"id\": \"emailacct_odd\", \"_type\": \"zoom\", \"email\": [\"drift@example.com\"], "
            "\"smtp\": {\"host\": \"odd.example.com\", \"port\": \"x\"}, \"send_status\": \"error\", "
            "\"latest_send_error\": \"550 odd@example.com\"}");
  story_expect_exit(story, 0, "sync", NULL);
  story_change(story, 40, 3);
  story_remove(story, 1, "emailacct_odd");
  story_run(story, "sync", NULL);
  story_replies(story, "[{\"match\": {\"key\": \"api_story_2\"}, \"status\": 500, \"body\": \"person@example.com\"}]");
  story_expect_exit(story, 1, "sync", "org2", NULL);
  story_replies(story, "[]");
  cr_assert_gt(story_count(story, story_format(story, "%s; select count(*) from told", TOLD)), 30);
  const char *tables = story_sql(
      story,
      story_format(story,
                   "select string_agg(relname, ' ') from pg_class where relnamespace = 'close_crm'::regnamespace "
                   "and relkind in ('r', 'v') and has_table_privilege('%s', oid, 'select')",
                   analyst));
  int read = 0;
  for (const char *at = tables; *at != '\0'; read++) {
    size_t length = strcspn(at, " ");
    const char *table = story_format(story, "%.*s", (int)length, at), *text = all_of(story, analyst, table);
    const char *found = story_sql(
        story, story_format(story,
                            "select string_agg(word, ', ') from told where length(word) > 2 and position(word in "
                            "$told$%s$told$) > 0",
                            text));
    cr_assert_str_empty(found, "%s tells %s", table, found);
    at += length + (at[length] == ' ' ? 1 : 0);
  }
  cr_assert_geq(read, 6, "%s", tables);
  const char *auditors = all_of(story, story_format(story, "%s_auditor", prefix), "account");
  cr_assert_gt(
      story_count(
          story, story_format(story, "select count(*) from told where position(word in $told$%s$told$) > 0", auditors)),
      5);
  story_sql(story, "drop table told");
  drop_roles(story, prefix);
  story_destroy(story);
}
