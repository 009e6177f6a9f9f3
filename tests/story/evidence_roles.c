/* `migrate --roles`: the daemon runs as the writer alone, the auditor proves, the owner alone alters; running it again changes nothing. */
#include "support/story.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *const logins[] = {"owner", "writer", "auditor"};

/* A login role in each of the three; all gone with the story. Returns their prefix. */
static const char *make_roles(struct story *story) {
  const char *prefix = story_format(story, "r%s", strstr(story_sql(story, "select current_database()"), "_"));
  const struct run *dry = story_expect_exit(story, 0, "migrate", "--dry-run", "--roles", prefix, NULL);
  cr_assert(strstr(dry->out, "create role") == NULL, "there is no schema to give yet");
  story_expect_exit(story, 0, "migrate", "--roles", prefix, NULL);
  story_expect_exit(story, 0, "migrate", "--roles", prefix, NULL);
  for (int i = 0; i < 3; i++)
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
  for (int i = 0; i < 3; i++)
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
  story_expect_exit(story, 0, "migrate", NULL);
  story_expect_history(story);
  const struct run *run = story_expect_exit(story, 1, "erase", "--account", "emailacct_gone", NULL);
  cr_assert(strstr(run->err, "only the owner of the schema may erase") != NULL);
  story_set(story, "history", "retention", "1s");
  run = story_expect_exit(story, 1, "prune", NULL);
  cr_assert(strstr(run->err, "only the owner of the schema may prune") != NULL);
  become(story, prefix, "auditor");
  story_expect_exit(story, 0, "verify", NULL);
  story_expect_exit(story, 1, "sync", "org2", NULL);
  become(story, prefix, "owner");
  story_expect_exit(story, 0, "erase", "--account", "emailacct_gone", NULL);
  story_expect_exit(story, 0, "verify", NULL);
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
