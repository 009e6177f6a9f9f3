/* Every forgery of the history that one can plant before its head is found by `verify`, one at a time; a tail cut off and a chain
 * made anew are found by `verify --since` and only so. */
#include "support/truth.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char ACCOUNT[] =
    "{\"id\": \"emailacct_%s\", \"_type\": \"google\", \"email\": \"%s@example.com\", \"send_status\": "
    "\"ok\", \"identities\": [{\"email\": \"%s@example.com\", \"name\": \"N\"}], \"smtp\": {\"host\": "
    "\"h\", \"port\": 465}}";

/* What a forger with all rights does: the triggers do not ask him, and he can make the chain anew. */
static const char TOOLS[] =
    "create schema kept;"
    "create table kept.history as table account_history; create table kept.erasure as table erasure;"
    "create function kept.restore() returns void language plpgsql as $$ begin"
    "  set local session_replication_role = replica;"
    "  delete from account_history; delete from erasure;"
    "  insert into account_history (organization_id, seq, account_id, version, change, not_before, observed_at, "
    "document,"
    "    changed_fields, sweep_id, document_salt, document_digest, hash_version, previous_hash, hash)"
    "  select organization_id, seq, account_id, version, change, not_before, observed_at, document,"
    "    changed_fields, sweep_id, document_salt, document_digest, hash_version, previous_hash, hash from kept.history;"
    "  insert into erasure select * from kept.erasure; end $$;"
    "create function kept.chain(organization text) returns void language plpgsql as $$ declare past record; link bytea "
    ":="
    "  decode(repeat('00', 32), 'hex'); begin"
    "  for past in select * from account_history where organization_id = organization order by seq loop"
    "    if past.document_salt is not null then past.document_digest := sha256(past.document_salt ||"
    "      convert_to(past.document::text, 'UTF8')); end if;"
    "    past.previous_hash := link;"
    "    link := sha256(link || convert_to(history_link(past.organization_id, past.seq, past.account_id, past.version,"
    "      past.change, past.not_before, past.observed_at, past.changed_fields, past.sweep_id, past.document_digest), "
    "'UTF8'));"
    "    update account_history set previous_hash = past.previous_hash, hash = link, document_digest = "
    "past.document_digest"
    "      where organization_id = organization and seq = past.seq;"
    "  end loop; end $$";

static void put(struct story *story, const char *name) {
  story_put(story, 1, story_format(story, ACCOUNT, name, name, name));
}

/* Six rows: a and b added, a changed, b removed, a changed, c added; and row 2 erased, for b is gone. */
static struct story *six_rows(void) {
  struct story *story = story_create(1);
  put(story, "a");
  put(story, "b");
  story_expect_exit(story, 0, "sync", NULL);
  story_edit(story, 1, "emailacct_a", "{\"send_status\": \"error\"}");
  story_expect_exit(story, 0, "sync", NULL);
  story_remove(story, 1, "emailacct_b");
  story_expect_exit(story, 0, "sync", NULL);
  story_edit(story, 1, "emailacct_a", "{\"send_status\": \"ok\"}");
  story_expect_exit(story, 0, "sync", NULL);
  put(story, "c");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  story_expect_exit(story, 0, "erase", "--account", "emailacct_b", "--reason", "asked for", NULL);
  story_expect_sql(story, "6", "select count(*) from account_history");
  story_sql(story, TOOLS);
  story_expect_exit(story, 0, "verify", NULL);
  story_spare(story, TRUTH_ALL, "what follows is forged");
  return story;
}

static void forge(struct story *story, const char *sql) {
  story_sql(story, story_format(story, "begin; set local session_replication_role = replica; %s; commit", sql));
}

static const struct {
  const char *sql, *found; /* part of what verify says on stderr */
} forgeries[] = {
    {"update account_history set account_id = 'emailacct_x' where seq = 3",
     "seq 3 account emailacct_x: hash does not fit"},
    {"update account_history set version = 7 where seq = 3", "seq 3 account emailacct_a: hash does not fit"},
    {"update account_history set change = 'added' where seq = 3", "seq 3 account emailacct_a: hash does not fit"},
    {"update account_history set not_before = not_before - interval '1 us' where seq = 3", "seq 3"},
    {"update account_history set not_before = null where seq = 3", "seq 3"},
    {"update account_history set not_before = observed_at where seq = 1", "seq 1"},
    {"update account_history set observed_at = observed_at - interval '1 us' where seq = 1", "seq 1"},
    {"update account_history set changed_fields = '{}' where seq = 3", "seq 3"},
    {"update account_history set sweep_id = 9 where seq = 3", "seq 3"},
    {"update account_history set document_digest = sha256('x') where seq = 3", "seq 3"},
    {"update account_history set hash_version = 2 where seq = 3", "hash_version 2 is unknown"},
    {"update account_history set previous_hash = sha256('x') where seq = 3",
     "seq 3 account emailacct_a: previous_hash is not"},
    {"update account_history set previous_hash = sha256('x') where seq = 1", "seq 1"},
    {"update account_history set hash = sha256('x') where seq = 3", "seq 3 account emailacct_a: hash does not fit"},
    {"update account_history set hash = sha256('x') where seq = 6", "seq 6 account emailacct_c: hash does not fit"},
    {"update account_history set document = document || '{\"email\": \"forged@example.com\"}' where seq = 3",
     "seq 3 account emailacct_a: document_digest does not fit"},
    {"update account_history set document = document - 'smtp' where seq = 1", "document_digest does not fit"},
    {"update account_history set document = null where seq = 3", "the document is missing"},
    {"update account_history set document_salt = sha256('x') where seq = 3", "document_digest does not fit"},
    {"update account_history set document = '{\"id\": \"emailacct_b\"}' where seq = 4",
     "a removed account has a document"},
    {"update account_history set document_salt = null where seq = 4", "document_salt is not 32 bytes"},
    {"update account_history set document_salt = 'short' where seq = 4", "document_salt is not 32 bytes"},
    {"update account_history set document = tombstone(document), document_salt = null where seq = 3",
     "a tombstone without its erasure"},
    {"update account_history set document = document || '{\"email\": \"x\"}' where seq = 2", "more than a tombstone"},
    {"update account_history set document = jsonb_set(document, '{id}', '\"emailacct_x\"') where seq = 2",
     "the tombstone is not the one that its erasure left"},
    {"update account_history set document = document || '{\"send_status\": \"error\"}' where seq = 2",
     "the tombstone is not the one that its erasure left"},
    {"update erasure set tombstones = null", "erasure 1 does not fit its chain"},
    {"update account_history set document_salt = sha256('x') where seq = 2", "seq 2"},
    {"delete from erasure", "a tombstone without its erasure"},
    {"update erasure set reason = 'another'", "erasure 1 does not fit its chain"},
    {"update erasure set erasure_id = 2", "erasure 2 does not fit its chain"},
    {"update erasure set seqs = '{2, 3}'", "an erased document is back"},
    {"delete from account_history where seq = 1", "the row before it is gone: seq 2 follows 0"},
    {"delete from account_history where seq = 3", "the row before it is gone: seq 4 follows 2"},
    {"delete from account_history where seq in (3, 4, 5)", "the row before it is gone: seq 6 follows 2"},
    {"delete from account_history where seq = 3; update account_history set seq = seq - 1 where seq > 3", "seq 3"},
    {"update account_history set seq = seq + 10 where seq > 2; update account_history set seq = seq - 9 where seq > "
     "10; insert into "
     "account_history (organization_id, seq, account_id, version, change, not_before, observed_at, document, "
     "changed_fields, "
     "sweep_id, document_salt, document_digest, hash_version, previous_hash, hash) select organization_id, 3, "
     "account_id, 9, "
     "change, not_before, observed_at, document, changed_fields, sweep_id, document_salt, document_digest, 1, "
     "previous_hash, hash "
     "from account_history where seq = 1",
     "seq 3"},
    {"update account_history set seq = 30 where seq = 3; update account_history set seq = 3 where seq = 5; update "
     "account_history "
     "set seq = 5 where seq = 30",
     "seq 3"},
    {"insert into account_history (organization_id, seq, account_id, version, change, observed_at, changed_fields, "
     "sweep_id, "
     "hash_version, previous_hash, hash) values ('orga_story1', 7, 'emailacct_a', 4, 'removed', now(), '{}', 9, 1, "
     "sha256('x'), "
     "sha256('y'))",
     "seq 7"},
    {"insert into account_history (organization_id, seq, account_id, version, change, observed_at, changed_fields, "
     "sweep_id, "
     "hash_version, previous_hash, hash) values ('orga_story1', 0, 'emailacct_z', 1, 'removed', now(), '{}', 9, 1, "
     "sha256('x'), "
     "sha256('y'))",
     "seq 0"},
    /* A chain made anew hides these from the hashes, not from what the rows say. */
    {"update account_history set version = 5 where seq = 5; select kept.chain('orga_story1')", "version 5 follows 2"},
    {"update account_history set change = 'added' where seq = 3; select kept.chain('orga_story1')",
     "\"added\" follows \"added\""},
    {"update account_history set not_before = observed_at + interval '1 s' where seq = 3; select "
     "kept.chain('orga_story1')",
     "not_before is after observed_at"},
    {"update account_history set observed_at = observed_at - interval '1 day', not_before = null where seq = 5; select "
     "kept.chain('orga_story1')",
     "observed_at goes back"},
};

Test(evidence_forged, every_forgery_before_the_head_is_found) {
  struct story *story = six_rows();
  for (size_t i = 0; i < sizeof forgeries / sizeof forgeries[0]; i++) {
    forge(story, forgeries[i].sql);
    const struct run *run = story_run(story, "verify", NULL);
    if (run->exit_status != 1 || strstr(run->err, forgeries[i].found) == NULL)
      story_fail(story, "forgery not found: %s\n  expected \"%s\"", forgeries[i].sql, forgeries[i].found);
    story_sql(story, "select kept.restore()");
    story_expect_sql(story, "0", "select count(*) from verify_history('orga_story1')");
  }
  story_expect_exit(story, 0, "verify", NULL);
  story_destroy(story);
}

/* Whoever may alter the table may let a column say what its document does not. */
Test(evidence_forged, a_column_that_is_no_longer_generated_is_found) {
  struct story *story = six_rows();
  forge(story, "alter table account_history alter column other drop expression;"
               " update account_history set other = '{\"forged\": 1}' where seq = 3");
  const struct run *run = story_expect_exit(story, 1, "verify", NULL);
  cr_assert(strstr(run->err, "column \"other\" of account_history is no longer generated") != NULL, "%s", run->err);
  story_destroy(story);
}

Test(evidence_forged, damage_to_the_mirror_is_found) {
  static const struct {
    const char *sql, *found;
  } damages[] = {
      {"update account set email = 'x' where account_id = 'emailacct_a'",
       "account account emailacct_a: differs from the document in email"},
      {"update account set other = '[]' where account_id = 'emailacct_a'", "differs from the document in other"},
      {"update account set other = '5' where account_id = 'emailacct_a'", "differs from the document in other"},
      {"update account set changed_at = changed_at + interval '1 us' where account_id = 'emailacct_a'", "changed_at"},
      {"update account set first_seen_at = first_seen_at - interval '1 us' where account_id = 'emailacct_a'",
       "first_seen_at"},
      {"update account set other = '{\"x\": 1}' where account_id = 'emailacct_a'", "differs from the document in x"},
      {"delete from account where account_id = 'emailacct_a'", "a row of the document is missing"},
      {"insert into account (organization_id, account_id, first_seen_at, changed_at) values ('orga_story1', 'stray', "
       "now(), now())",
       "account account stray: a row that no document has"},
      {"update account_identity set name = 'x' where account_id = 'emailacct_a'",
       "account_identity account emailacct_a"},
      {"delete from account_identity", "account_identity account emailacct_a: a row of the document is missing"},
      {"update account_mail_server set port = 1 where account_id = 'emailacct_c'",
       "account_mail_server account emailacct_c: differs"},
      {"insert into account_calendar values ('orga_story1', 'emailacct_a', 'x', null, null, false, false, false)",
       "account_calendar"},
      {"insert into account_feature values ('orga_story1', 'emailacct_a', 'x', false, false)", "account_feature"},
      {"delete from account_digest where account_id = 'emailacct_a'", "account_digest account emailacct_a"},
      {"update account_digest set canonical_digest = sha256('x') where account_id = 'emailacct_a'",
       "account_digest account emailacct_a: canonical_digest does not fit the document"},
  };
  struct story *story = six_rows();
  for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
    story_sql(story, damages[i].sql);
    const struct run *run = story_run(story, "verify", "org1", NULL);
    if (run->exit_status != 1 || strstr(run->err, damages[i].found) == NULL)
      story_fail(story, "damage not found: %s\n  expected \"%s\"", damages[i].sql, damages[i].found);
    story_expect_exit(story, 0, "sync", "--verify", NULL);
    story_expect_exit(story, 0, "verify", NULL);
  }
  story_destroy(story);
}

/* Of an organization that nobody knows, too: no sweep would ever come by. */
Test(evidence_forged, rows_of_an_unknown_organization_are_found) {
  static const struct {
    const char *table, *rest;
  } rows[] = {
      {"account", "null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, "
                  "null, null, '{}', now(), now()"},
      {"account_identity", "'x@example.com', 'X', false"},
      {"account_mail_server", "'smtp', null, null, null, null, null"},
      {"account_calendar", "'x', null, null, false, false, false"},
      {"account_feature", "'x', false, false"},
      {"account_digest", "sha256('x'), sha256('x'), null"},
  };
  struct story *story = six_rows();
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    story_sql(story, story_format(story, "insert into %s values ('orga_ghost', 'x', %s)", rows[i].table, rows[i].rest));
    const struct run *run = story_expect_exit(story, 1, "verify", NULL);
    story_expect_stderr(story, run,
                        story_format(story, "orga_ghost: %s account x: a row that no document has", rows[i].table));
    story_expect_stderr(story, run, "orga_ghost: organization: its row is gone");
    story_sql(story, story_format(story, "delete from %s where organization_id = 'orga_ghost'", rows[i].table));
    story_expect_exit(story, 0, "verify", NULL);
  }
  story_destroy(story);
}

static const char *keep_head(struct story *story) {
  const char *path = story_format(story, "%s/head-%d", story_directory(story), rand());
  const struct run *run = story_expect_exit(story, 0, "verify", "--head", NULL);
  FILE *file = fopen(path, "we");
  cr_assert(file != NULL && fputs(run->out, file) >= 0 && fclose(file) == 0);
  return path;
}

static void expect_since(struct story *story, const char *head, const char *found) {
  story_expect_exit(story, 0, "verify", NULL);
  const struct run *run = story_expect_exit(story, 1, "verify", "--since", head, NULL);
  if (strstr(run->err, found) == NULL)
    story_fail(story, "expected \"%s\"", found);
}

Test(evidence_forged, a_cut_tail_and_a_new_chain_are_found_by_an_older_head_only) {
  struct story *story = six_rows();
  const char *head = keep_head(story);
  story_expect_exit(story, 0, "verify", "--since", head, NULL);
  forge(story,
        "delete from account_history where seq = 6; delete from account where account_id = 'emailacct_c'; delete from "
        "account_identity where account_id = 'emailacct_c'; delete from account_mail_server where account_id = "
        "'emailacct_c'; delete from account_digest where account_id = 'emailacct_c'");
  expect_since(story, head, "the history ends at seq 5: its tail was cut off");
  /* The next sweep writes row 6 anew; it is another one. */
  story_expect_exit(story, 0, "sync", NULL);
  expect_since(story, head, "the history was made anew");
  story_destroy(story);

  story = six_rows();
  head = keep_head(story);
  forge(story,
        "update account_history set document = document || '{\"email\": \"forged@example.com\"}' where seq = 1; select "
        "kept.chain('orga_story1')");
  expect_since(story, head, "seq 6: seq 6 has another hash than the head: the history was made anew");
  story_destroy(story);
}

Test(evidence_forged, the_head_pins_coverage_and_erasures_too) {
  struct story *story = six_rows();
  const char *head = keep_head(story);
  forge(story, "update coverage set until_at = until_at - interval '1 ms'");
  expect_since(story, head, "says less than the head");
  forge(story, "update coverage set until_at = until_at + interval '1 ms'");
  story_expect_exit(story, 0, "verify", "--since", head, NULL);
  static const char *const quieter[] = {"pending_gap = '0', longest_gap = '0'",
                                        "first_ended_at = first_ended_at - interval '1 ms'"};
  for (int i = 0; i < 2; i++) {
    forge(story, story_format(story, "create table kept.span as table coverage; update coverage set %s", quieter[i]));
    expect_since(story, head, "says less than the head");
    forge(story, "delete from coverage; insert into coverage table kept.span; drop table kept.span");
  }
  forge(story, "update coverage set from_at = from_at - interval '1 day'");
  expect_since(story, head, "is gone");
  forge(story, "update coverage set from_at = from_at + interval '1 day'");
  story_expect_exit(story, 0, "verify", "--since", head, NULL);
  forge(story, "insert into coverage (organization_id, from_at, until_at, sweeps) values ('orga_story1', '2020-01-01', "
               "'2021-01-01', 9)");
  expect_since(story, head, "is not what it was");
  forge(story, "delete from coverage where sweeps = 9; update erasure set hash = sha256(previous_hash || "
               "convert_to(erasure_link("
               "organization_id, erasure_id, erased_at, erased_by, 'another', account_ids, seqs, tombstones), "
               "'UTF8')), reason = "
               "'another'");
  expect_since(story, head, "erasure 1 is not the one the head names");
  forge(story,
        "delete from organization; delete from account; delete from account_identity; delete from account_mail_server; "
        "delete from account_digest");
  const struct run *run = story_expect_exit(story, 1, "verify", "--since", head, NULL);
  cr_assert(strstr(run->err, "the organization is gone") != NULL);
  run = story_expect_exit(story, 1, "verify", NULL);
  cr_assert(strstr(run->err, "its row is gone") != NULL, "%s", run->err);
  run = story_expect_exit(story, 0, "verify", "--head", NULL);
  cr_assert_str_empty(run->out);
  story_destroy(story);
}

/* What cannot be compared must not look like a proof. */
Test(evidence_forged, a_head_that_cannot_be_read_is_told) {
  static const struct {
    const char *damage; /* a shell command, stdin to stdout */
    int exit_status;
    const char *told;
  } rows[] = {
      {"cat", 0, ""},
      {"sed 's/^/<6>head organization=org1 /'", 0, ""},
      {"fold -w 80", 1, "line 1 of the heads cannot be read: it was cut or altered"},
      {"fold -w 200", 1, "line 1 of the heads cannot be read"},
      {"cut -c 1-120", 1, "line 1 of the heads cannot be read"},
      {"sed 's/ until_at=[^ ]*//'", 1, "line 1 of the heads cannot be read"},
      {"sed 's/longest_gap=[^ ]*/longest_gap=x/'", 1, "line 1 of the heads cannot be read"},
      {"sed 's/ hash=.*/ hash=0123/'", 1, "line 1 of the heads cannot be read"},
      {"sed -E 's/hash=[^ ]*/\\U&/; s/HASH/hash/'", 1, "line 1 of the heads cannot be read"},
      {"sed 's/ seq=.*//'", 1, "there is no head in it, so nothing was compared"},
      {"sed 's/orga_story1/orga_other/'", 1, "the organization is gone"},
      {"sed 's/orga_story1/orga_story11/'", 1, "the file has none of this organization: nothing was compared"},
      {"grep nothing", 64, "holds no line of `closesyncd verify --head`"},
  };
  struct story *story = six_rows();
  const char *head = keep_head(story), *damaged = story_format(story, "%s.damaged", head);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    story_note(story, rows[i].damage);
    int ignored = system(story_format(story, "%s < '%s' > '%s'", rows[i].damage, head, damaged));
    (void)ignored; /* grep finds nothing */
    const struct run *run = story_expect_exit(story, rows[i].exit_status, "verify", "--since", damaged, NULL);
    story_expect_stderr(story, run, rows[i].told);
  }
  const struct run *json = story_expect_exit(story, 0, "verify", "--head", "--json", NULL);
  FILE *file = fopen(damaged, "we");
  cr_assert(file != NULL && fputs(json->out, file) >= 0 && fclose(file) == 0);
  story_expect_exit(story, 0, "verify", "--since", damaged, NULL);
  cr_assert_eq(system(story_format(story, "sed -i 's/ hash=..../ hash=dead/' '%s'", damaged)), 0);
  expect_since(story, damaged, "the history was made anew");
  story_destroy(story);
}

/* The log of `run` is a witness: its head lines are what --since reads. */
Test(evidence_forged, the_log_of_run_is_a_file_of_heads) {
  struct story *story = six_rows();
  story_set(story, "sync", "interval", "200ms");
  const struct run *run = story_start(story, "run", NULL);
  put(story, "d");
  story_await_sql(story, "7", "select count(*) from account_history", 8000);
  story_signal(story, run, SIGTERM);
  story_wait(story, run, 10000);
  const char *path = story_format(story, "%s/log", story_directory(story));
  FILE *file = fopen(path, "we");
  cr_assert(file != NULL && fputs(run->err, file) >= 0 && fclose(file) == 0);
  cr_assert(strstr(run->err, "seq=7 hash=") != NULL && strstr(run->err, "longest_gap=") != NULL, "%s", run->err);
  story_expect_exit(story, 0, "verify", "--since", path, NULL);
  forge(story, "select kept.chain('orga_story1'); update account_history set document = document || '{\"email\": "
               "\"x\"}' where seq = 1; "
               "select kept.chain('orga_story1')");
  expect_since(story, path, "the history was made anew");
  story_destroy(story);
}

/* As long as the tables are large: here each document takes its time. */
Test(evidence_forged, a_proof_may_take_longer_than_a_sweep) {
  struct story *story = story_create_generated(1, 3, 1);
  story_expect_exit(story, 0, "sync", NULL);
  story_sql(story,
            "set search_path = close_crm, pg_temp;"
            " create or replace function document_digest(salt bytea, document jsonb) returns bytea"
            "  language plpgsql stable parallel safe set search_path from current"
            "  as $$ begin perform pg_sleep(0.2); return sha256(salt || convert_to(document::text, 'UTF8')); end $$");
  story_set(story, "database", "statement_timeout", "100ms");
  story_expect_exit(story, 0, "verify", NULL);
  story_change(story, 100, 2);
  story_expect_exit(story, 1, "sync", NULL);
  story_destroy(story);
}
