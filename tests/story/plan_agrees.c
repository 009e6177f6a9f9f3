/* What `plan` says is what `sync` then does: over many random states, field by field, as a role that may only SELECT, while the
 * database stays exactly as it was. */
#include "support/story.h"
#include "support/truth.h"

#include <criterion/criterion.h>
#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ORGANIZATIONS = 3, ACCOUNTS = 23, ROUNDS = 24 };

struct dice {
  uint64_t state;
};

static int roll(struct dice *dice, int sides) {
  dice->state = dice->state * 6364136223846793005u + 1442695040888963407u;
  return (int)((dice->state >> 33) % (uint64_t)sides);
}

/* A role that may read and nothing else, not even make a temporary table. */
static const char *make_reader(struct story *story) {
  const char *role = story_format(story, "plan_reader_%d", (int)getpid());
  story_sql(story, story_format(story, "create role %s login", role));
  story_sql(story, "do $$ begin execute format('revoke all on database %I from public', current_database()); end $$");
  return role;
}

/* What was created meanwhile may be read too. */
static void let_read(struct story *story, const char *role) {
  story_sql(story,
            story_format(
                story, "do $$ begin execute format('grant connect on database %%I to %s', current_database()); end $$",
                role));
  story_sql(story, story_format(story,
                                "do $$ begin if to_regnamespace('close_crm') is not null then "
                                "grant usage on schema close_crm to %s; "
                                "grant select on all tables in schema close_crm to %s; end if; end $$",
                                role, role));
}

static void drop_reader(struct story *story, const char *role) {
  story_sql(story, story_format(story, "drop owned by %s", role));
  story_sql(story, story_format(story, "drop role %s", role));
}

/* The story's configuration, but for the role. */
static const char *reader_config(struct story *story, const char *role) {
  const char *path = story_format(story, "%s/reader.conf", story_directory(story));
  const char *script = story_format(story, "sed 's/user=postgres/user=%s/' '%s' > '%s' && ln -s '%s.d' '%s.d'", role,
                                    story_config_path(story), path, story_config_path(story), path);
  cr_assert_eq(system(script), 0);
  return path;
}

/* The id of one of the accounts that Close has now. */
static const char *any_id(struct story *story, int organization, struct dice *dice) {
  struct json_object *truth = json_tokener_parse(story_truth(story, organization));
  struct json_object *data = json_object_object_get(truth, "data");
  size_t count = json_object_array_length(data);
  const char *id = NULL;
  for (int tries = 0; id == NULL && count > 0 && tries < 100; tries++) {
    struct json_object *account = json_object_array_get_idx(data, (size_t)roll(dice, (int)count));
    struct json_object *name = json_object_object_get(account, "id");
    if (json_object_is_type(name, json_type_string))
      id = story_format(story, "%s", json_object_get_string(name));
  }
  json_object_put(truth);
  return id == NULL ? "nobody" : id;
}

static void add_account(struct story *story, int organization, struct dice *dice, bool listed) {
  const char *id = story_format(story, "emailacct_new%d", roll(dice, 1000000));
  story_put_as(story, organization, id,
               story_format(story,
                            "{\"id\": \"%s\", \"_type\": \"zoom\", \"organization_id\": \"orga_story%d\", "
                            "\"email\": \"%s@example.com\", \"smtp\": null}",
                            id, organization, id),
               listed);
}

static void edit(struct story *story, int organization, struct dice *dice) {
  static const char *const edits[] = {
      "{\"send_status\": \"error\"}",
      "{\"smtp\": {\"host\": \"a\", \"port\": 25}}",
      "{\"synced_calendars\": [\"b\", \"a\"]}",
      "{\"latest_send_error\": \"\\u001b[31m no \\u2192 yes\"}",
      "{\"send_status\": null, \"brand_new\": 12345678901234567890}",
      "{\"lead_suggestions_updated_at\": \"2026-01-01T00:00:00\"}", /* volatile: no change */
  };
  const char *id = any_id(story, organization, dice);
  if (strcmp(id, "nobody") == 0)
    return;
  if (roll(dice, 5) == 0)
    story_drop_member(story, organization, id, "send_status");
  else
    story_edit(story, organization, id, edits[roll(dice, (int)(sizeof edits / sizeof *edits))]);
}

static void remove_some(struct story *story, int organization, struct dice *dice, int count) {
  for (int i = 0; i < count; i++) {
    const char *id = any_id(story, organization, dice);
    if (strcmp(id, "nobody") != 0)
      story_remove(story, organization, id);
  }
}

/* Something wrong with an organization's answers, for this round only. */
static void disturb(struct story *story, int organization, struct dice *dice) {
  const char *key = story_format(story, "\"key\": \"api_story_%d\"", organization);
  switch (roll(dice, 6)) {
  case 0: /* unstable: a page comes twice */
    story_replies(story, story_format(story, "[{\"match\": {%s, \"skip\": 10}, \"serve_skip\": 5}]", key));
    break;
  case 1:
    story_replies(story, story_format(story, "[{\"match\": {%s}, \"status\": 401}]", key));
    break;
  case 2: /* a removal that is not proven */
    remove_some(story, organization, dice, 1);
    story_replies(story, story_format(story,
                                      "[{\"match\": {%s, \"path_prefix\": \"/connected_account/emailacct\"}, "
                                      "\"status\": 403}]",
                                      key));
    break;
  case 3: /* too many are missing */
    story_replies(story, story_format(story,
                                      "[{\"match\": {%s, \"path\": \"/connected_account/\"}, \"body\": "
                                      "\"{\\\"data\\\": [], \\\"has_more\\\": false}\"}]",
                                      key));
    break;
  case 4: /* somebody else's eyes */
    remove_some(story, organization, dice, 1);
    story_principal(story, organization, NULL, "user_other");
    break;
  default: /* not a list at all */
    story_replies(story, story_format(story, "[{\"match\": {%s, \"page\": 2}, \"body\": \"<html>\"}]", key));
    break;
  }
}

static void calm(struct story *story) {
  story_replies(story, "[]");
  for (int i = 1; i <= ORGANIZATIONS; i++)
    story_principal(story, i, NULL, story_format(story, "user_story%d", i));
}

static void change_the_world(struct story *story, int organization, struct dice *dice) {
  for (int i = roll(dice, 4); i > 0; i--)
    edit(story, organization, dice);
  for (int i = roll(dice, 3); i > 0; i--)
    add_account(story, organization, dice, roll(dice, 4) > 0);
  if (roll(dice, 3) == 0)
    remove_some(story, organization, dice, 1 + roll(dice, 2));
  story_put_as(story, organization, "rejected", roll(dice, 2) ? "{\"id\": 5}" : "\"no account\"", true);
  if (roll(dice, 4) > 0)
    story_remove(story, organization, "rejected");
  if (roll(dice, 4) == 0)
    disturb(story, organization, dice);
}

/* What the history gained behind this seq, told as plan tells it, by SQL that shares nothing with sql/query/difference.sql. */
static const char *gained(struct story *story, const char *organization_id, long seq) {
  return story_sql(
      story, story_format(
                 story,
                 "select coalesce(jsonb_agg(jsonb_build_object('change', now.change, 'account_id', now.account_id,"
                 "   'type', coalesce(now.document, before.document) -> '_type',"
                 "   'email', coalesce(now.document, before.document) -> 'email',"
                 "   'fields', (select coalesce(jsonb_object_agg(name,"
                 "     jsonb_build_array(before.document -> name, now.document -> name)), '{}')"
                 "     from unnest(now.changed_fields) as name)) order by now.account_id collate \"C\", now.seq), '[]')"
                 " from account_history as now left join account_history as before"
                 " on before.organization_id = now.organization_id and before.account_id = now.account_id"
                 " and before.version = now.version - 1"
                 " where now.organization_id = '%s' and now.seq > %ld",
                 organization_id, seq));
}

static const char *member(struct story *story, struct json_object *line, const char *name) {
  struct json_object *value = json_object_object_get(line, name);
  return story_format(story, "%s", value == NULL ? "null" : json_object_get_string(value));
}

static void expect_agreement(struct story *story, const struct run *plan, const struct run *sync, int organization,
                             long seq) {
  static const char *const members[] = {"organization_id", "outcome",  "accounts", "added",    "changed", "removed",
                                        "rejected",        "requests", "error",    "repaired", "rescoped"};
  const char *name = story_format(story, "org%d", organization);
  struct json_object *planned = story_line(story, plan, name), *done = story_line(story, sync, name);
  for (size_t i = 0; i < sizeof members / sizeof *members; i++)
    if (strcmp(member(story, planned, members[i]), member(story, done, members[i])) != 0)
      story_fail(story, "\"%s\" of \"%s\": plan said \"%s\", sync says \"%s\"", members[i], name,
                 member(story, planned, members[i]), member(story, done, members[i]));
  const char *sorted = story_sql(
      story, story_format(
                 story,
                 "select coalesce(jsonb_agg(change order by change ->> 'account_id' collate \"C\", number), '[]') from "
                 "jsonb_array_elements($plan$%s$plan$::jsonb) with ordinality as told (change, number)",
                 member(story, planned, "changes")));
  const char *written = gained(story, member(story, done, "organization_id"), seq);
  if (strcmp(sorted, written) != 0)
    story_fail(story, "the changes of \"%s\" differ\n  planned %s\n  written %s", name, sorted, written);
  json_object_put(planned);
  json_object_put(done);
}

static int expected_status(const struct run *sync, const struct run *plan) {
  bool differs = strstr(plan->out, "\"changes\": [{") != NULL;
  return sync->exit_status != 0 ? sync->exit_status : differs ? 2 : 0;
}

static long newest(struct story *story, int organization) {
  return story_count(story, story_format(story,
                                         "select coalesce(max(seq), 0) from account_history"
                                         " where organization_id = 'orga_story%d'",
                                         organization));
}

enum { OUTCOMES = 5 };
static const char *const outcomes[OUTCOMES] = {"unchanged", "changed", "incomplete", "guarded", "failed"};

static void tally(struct story *story, const struct run *sync, int seen[OUTCOMES]) {
  for (int i = 0; i < OUTCOMES; i++)
    seen[i] += strstr(sync->out, story_format(story, "\"outcome\": \"%s\"", outcomes[i])) != NULL;
}

static void one_round(struct story *story, const char *config, bool schema, int seen[OUTCOMES]) {
  long seqs[ORGANIZATIONS + 1] = {0};
  const char *before = schema ? story_dump(story, "") : "";
  const struct run *plan = story_run(story, "-c", config, "plan", "--json", NULL);
  if (schema)
    story_expect_same(story, before, story_dump(story, ""));
  else
    story_expect_sql(story, "0", "select count(*) from pg_namespace where nspname = 'close_crm'");
  for (int i = 1; i <= ORGANIZATIONS; i++)
    seqs[i] = schema ? newest(story, i) : 0;
  const struct run *sync = story_run(story, "sync", "--json", NULL);
  tally(story, sync, seen);
  for (int i = 1; i <= ORGANIZATIONS; i++)
    expect_agreement(story, plan, sync, i, seqs[i]);
  if (plan->exit_status != expected_status(sync, plan))
    story_fail(story, "plan's exit status is %d, expected %d", plan->exit_status, expected_status(sync, plan));
  cr_assert(strstr(plan->err, "@example.com") == NULL);
}

/* Now and then another part of the documents is not asked for. */
static void rescope(struct story *story, struct dice *dice) {
  static const char *const settings[] = {"", "smtp", "email, synced_calendars",
                                         "lead_suggestions_updated_at, smtp, imap"};
  if (roll(dice, 6) == 0)
    story_set(story, "sync", "exclude_fields", settings[roll(dice, 4)]);
}

static void agree_for(uint64_t seed) {
  struct dice dice = {seed}, other_dice = {seed};
  int seen[OUTCOMES] = {0};
  struct story *story = story_create_generated(ORGANIZATIONS, ACCOUNTS, seed);
  const char *role = make_reader(story), *config = reader_config(story, role);
  story_set(story, "api", "page_size", "5");
  let_read(story, role);
  one_round(story, config, false, seen);
  let_read(story, role);
  for (int round = 0; round < ROUNDS; round++) {
    story_set(story, "sync", "verify_interval", roll(&dice, 3) == 0 ? "1ms" : "1h");
    rescope(story, &other_dice);
    calm(story);
    for (int i = 1; i <= ORGANIZATIONS; i++)
      change_the_world(story, i, &dice);
    one_round(story, config, true, seen);
  }
  calm(story);
  story_expect_history(story);
  cr_assert_gt(story_count(story, "select count(*) from account_history where change = 'rescoped'"), 50);
  for (int i = 0; i < OUTCOMES; i++)
    cr_assert_gt(seen[i], 0, "no round came to the outcome %s", outcomes[i]);
  drop_reader(story, role);
  story_spare(story, TRUTH_MIRROR, "entries that cannot be read may keep removals from being proven");
  story_destroy(story);
}

Test(plan_agrees, with_what_sync_does_afterwards) { agree_for(1); }
Test(plan_agrees, with_what_sync_does_afterwards_in_another_world) { agree_for(20261123); }

Test(plan_agrees, and_neither_takes_nor_waits_for_a_lock) {
  struct story *story = story_create_generated(1, 3, 5);
  story_set(story, "database", "lock_timeout", "200ms");
  story_expect_exit(story, 0, "sync", NULL);
  story_sql(story, "select pg_advisory_lock(hashtextextended('org1', hashtext('close_crm')))");
  story_expect_exit(story, 1, "sync", NULL);
  story_expect_exit(story, 0, "plan", NULL);
  story_destroy(story);
}

Test(plan_agrees, and_claims_nothing_for_a_second_name) {
  struct story *story = story_create_generated(1, 3, 5);
  const char *key = story_format(story, "%s/org1.key", story_directory(story));
  story_expect_exit(story, 0, "sync", NULL);
  story_set(story, "organization zwei", "api_key_file", key);
  const char *before = story_dump(story, "");
  const struct run *run = story_expect_exit(story, 1, "plan", NULL);
  story_expect_stderr(story, run, "two names, \"org1\" and \"zwei\", for one organization");
  story_expect_same(story, before, story_dump(story, ""));
  story_destroy(story);
}

Test(plan_agrees, that_two_new_names_for_one_organization_cannot_both_be) {
  struct story *story = story_create_generated(1, 3, 5);
  story_set(story, "organization zwei", "api_key_file", story_format(story, "%s/org1.key", story_directory(story)));
  const struct run *plan = story_expect_exit(story, 1, "plan", "--json", NULL);
  cr_assert((strstr(plan->out, "\"outcome\": \"changed\"") != NULL) && strstr(plan->out, "\"outcome\": \"failed\""));
  const struct run *sync = story_expect_exit(story, 1, "sync", "--json", NULL);
  cr_assert((strstr(sync->out, "\"outcome\": \"changed\"") != NULL) && strstr(sync->out, "\"outcome\": \"failed\""));
  story_destroy(story);
}

Test(plan_agrees, with_the_binary_about_the_schema) {
  struct story *story = story_create_generated(1, 3, 5);
  story_expect_exit(story, 0, "sync", NULL);
  story_sql(story, "create table kept as table migration; update migration set functions_checksum = 'another'");
  const struct run *older = story_expect_exit(story, 78, "plan", NULL);
  story_expect_stderr(story, older, "run `closesyncd migrate` first");
  story_sql(story, "delete from migration; insert into migration table kept; drop table kept");
  story_sql(story, "insert into migration (version, name, checksum) values (999, 'future', 'x')");
  const struct run *newer = story_expect_exit(story, 78, "plan", NULL);
  story_expect_stderr(story, newer, "is newer");
  story_spare(story, TRUTH_ALL, "the schema is a newer one");
  story_destroy(story);
}
