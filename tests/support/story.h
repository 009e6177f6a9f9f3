/* A story: a private database, a pretended Close with some organizations, a configuration, and the real binary.
 *
 *   Test(mirror, follows_a_change) {
 *     struct story *story = story_create(1);
 *     story_put(story, 1, "{\"id\": \"emailacct_1\", \"_type\": \"google\", ...}");
 *     story_expect_exit(story, 0, "sync", NULL);
 *     story_edit(story, 1, "emailacct_1", "{\"send_status\": \"error\"}");
 *     story_expect_exit(story, 0, "sync", NULL);
 *     story_expect_sql(story, "error", "select send_status from account");
 *     story_expect_exact(story);
 *     story_destroy(story);
 *   }
 *
 * Organizations are numbered from 1: NAME "org1", key "api_story_1", id "orga_story1", principal "user_story1".
 * Whatever goes wrong fails the test and prints the binary's output and the requests the simulator saw.
 * Returned texts and runs belong to the story. Stories run side by side and share nothing but the cluster. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct json_object;
struct story;
/* accounts_each > 0: every organization has that many generated ones from the seed; else they are empty. */
struct story *story_create(int organizations);
struct story *story_create_generated(int organizations, int accounts_each, unsigned long long seed);
void story_destroy(struct story *story);

/* Fails the test with all evidence. */
_Noreturn void story_fail(struct story *story, const char *format, ...) __attribute__((format(printf, 2, 3)));
void story_note(struct story *story, const char *note); /* what is tried now; begins the evidence, should it fail */
/* ---- configuration; section is "sync" or "organization org1"; the last setting of a key wins ---- */
void story_set(struct story *story, const char *section, const char *key, const char *value);
void story_environment(struct story *story, const char *assignment); /* "NAME=value" for every later run */
const char *story_directory(const struct story *story);              /* removed at the end */
const char *story_config_path(struct story *story);
const char *story_conninfo(struct story *story);
const char *story_format(struct story *story, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- the binary; arguments end with NULL, "-c CONFIG" is put before them ---- */
struct run {
  int exit_status; /* 128 + signal when killed; -1 while it runs */
  const char *out;
  const char *err;
};

/* Runs to the end; more than 60 s, times CLOSESYNCD_TEST_PATIENCE when that is set, fail the test. */
const struct run *story_run(struct story *story, ...) __attribute__((sentinel));
const struct run *story_expect_exit(struct story *story, int exit_status, ...) __attribute__((sentinel));
/* In the background; several at once are fine. story_wait() fills in the rest of the run. */
const struct run *story_start(struct story *story, ...) __attribute__((sentinel));
void story_signal(struct story *story, const struct run *run, int signal);
bool story_ended(struct story *story, const struct run *run);
void story_wait(struct story *story, const struct run *run, int limit_ms);
int story_pid(const struct story *story, const struct run *run);

/* The --json line of an organization's NAME; the caller puts it. Fails when there is none. */
struct json_object *story_line(struct story *story, const struct run *run, const char *name);
/* Fails unless that line's member, as text ("null" for null), is this. */
void story_expect_member(struct story *story, const struct run *run, const char *name, const char *member,
                         const char *expected);
/* Waits until the SQL's first value is this text; for what `run` does in its own time. */
void story_await_sql(struct story *story, const char *expected, const char *sql, int limit_ms);
void story_expect_stderr(struct story *story, const struct run *run, const char *part);
/* ---- the database; search_path is close_crm ---- */
const char *story_sql(struct story *story, const char *sql); /* the first value; "" for NULL or no row */
long story_count(struct story *story, const char *sql);
void story_expect_sql(struct story *story, const char *expected, const char *sql);
/* All rows of all tables as text. except names what to leave out: "table" or "table.column", comma-separated. */
const char *story_dump(struct story *story, const char *except);
void story_expect_same(struct story *story, const char *before, const char *after);
/* What may differ between two dumps although no account's state or history does. */
#define STORY_BOOKKEEPING "coverage,sweep,organization,account_digest.seen_at"

/* ---- the pretended Close ---- */
int story_port(const struct story *story);
void story_scene(struct story *story, const char *json); /* replaces everything: organizations, settings, replies */
void story_accounts(struct story *story, int organization, const char *json_array);
/* A list reply in tests/sim/data/; the organization takes the id and the user of its first account. */
void story_load(struct story *story, int organization, const char *file);
/* What /me/ says from now on; NULL leaves a part as it is. */
void story_principal(struct story *story, int organization, const char *organization_id, const char *user_id);
void story_put(struct story *story, int organization, const char *account);
void story_put_as(struct story *story, int organization, const char *id, const char *account, bool listed);
void story_edit(struct story *story, int organization, const char *id, const char *members);
void story_drop_member(struct story *story, int organization, const char *id, const char *member);
void story_remove(struct story *story, int organization, const char *id);
void story_change(struct story *story, double percent, unsigned long long seed); /* generated accounts */
void story_replies(struct story *story, const char *json_array);                 /* tests/sim/README.md */
const char *story_requests(struct story *story);                                 /* the log, one request a line */
long story_request_count(struct story *story, const char *target_part);          /* "" counts all */
void story_forget_requests(struct story *story);
const char *story_truth(struct story *story, int organization); /* {"data": [...]}: what the mirror must hold */

/* ---- oracles: the mirror's tables hold exactly what the simulator lists, by code that shares nothing with sql/ ---- */
void story_expect_mirror(struct story *story, int organization);
/* All histories: gapless, versions, times, changed_fields, digests and chain recomputed. */
void story_expect_history(struct story *story);
/* Both, for every organization. */
void story_expect_exact(struct story *story);
