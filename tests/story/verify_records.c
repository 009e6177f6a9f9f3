/* `verify --record`: the last result of each organization is kept in the table verification, whichever it was. */
#include "support/truth.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void expect_kept(struct story *story, int organization, const char *expected) {
  story_expect_sql(
      story, expected,
      story_format(story,
                   "select concat_ws('|', kept.seq, kept.is_proven, kept.hash = past.hash) from verification as "
                   "kept left join account_history as past using (organization_id, seq) where "
                   "organization_id = 'orga_story%d' and verified_at > now() - interval '2 min'",
                   organization));
}

Test(verify_records, proven_or_not) {
  struct story *story = story_create_generated(2, 3, 5);
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exit(story, 0, "verify", NULL);
  story_expect_sql(story, "0", "select count(*) from verification");
  story_expect_exit(story, 0, "verify", "--record", "org1", NULL);
  expect_kept(story, 1, "3|t|t");
  story_expect_sql(story, "1", "select count(*) from verification");
  story_sql(story, "update account set email = 'forged@example.com' where organization_id = 'orga_story1'");
  const struct run *run = story_expect_exit(story, 1, "verify", "--record", NULL);
  expect_kept(story, 1, "3|f|t");
  expect_kept(story, 2, "3|t|t");
  const char *problem = story_sql(story, "select problem from verification where not is_proven");
  cr_assert_eq(strncmp(problem, "account account ", 16), 0, "%s", problem);
  story_expect_stderr(story, run, story_format(story, "closesyncd: org1: %s\n", problem));
  story_expect_exit(story, 0, "sync", "--verify", NULL);
  story_expect_exit(story, 0, "verify", "--record", "--json", NULL);
  expect_kept(story, 1, "3|t|t");
  story_expect_sql(story, "0", "select count(problem) from verification");
  story_destroy(story);
}

Test(verify_records, what_an_older_head_says) {
  struct story *story = story_create_generated(1, 3, 5);
  const char *path = story_format(story, "%s/heads", story_directory(story));
  story_spare(story, TRUTH_MIRROR | TRUTH_CHAIN, "a row of the history is deleted");
  story_expect_exit(story, 0, "sync", NULL);
  FILE *file = fopen(path, "we");
  fputs(story_expect_exit(story, 0, "verify", "--head", NULL)->out, file);
  fclose(file);
  story_expect_exit(story, 0, "verify", "--record", "--since", path, NULL);
  expect_kept(story, 1, "3|t|t");
  story_sql(story, "alter table account_history disable trigger all");
  story_sql(story, "delete from account_history where seq = 3");
  story_expect_exit(story, 1, "verify", "--record", "--since", path, NULL);
  expect_kept(story, 1, "2|f|t");
  story_expect_sql(story, "head: the history ends at seq 2: its tail was cut off",
                   "select regexp_replace(problem, ' seq [0-9]+:', ':') from verification");
  story_destroy(story);
}

Test(verify_records, that_there_is_no_history) {
  struct story *story = story_create(1);
  story_expect_stderr(story, story_expect_exit(story, 0, "verify", "--record", NULL), "there is nothing to prove yet");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exit(story, 0, "verify", "--record", NULL);
  expect_kept(story, 1, "t");
  story_expect_stderr(story, story_expect_exit(story, 64, "verify", "--record", "--head", NULL),
                      "--head and --record exclude each other");
  story_destroy(story);
}
