/* A number of eight characters may be sixteen thousand digits long when it is written out: a small page of them costs neither disk nor
 * memory nor anybody's time. */
#include "support/scene.h"
#include "support/truth.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static void serve(struct story *story, int accounts, int numbers) {
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  fprintf(out,
          "[{\"match\": {\"key\": \"api_story_1\", \"path\": \"/connected_account/\"}, \"body\": \"{\\\"data\\\": [");
  for (int i = 0; i < accounts; i++) {
    fprintf(out, "{\\\"id\\\": \\\"long%d\\\", \\\"x\\\": [0", i);
    for (int k = 0; k < numbers; k++)
      fprintf(out, ",1e-16%03d", k % 380);
    fprintf(out, "]}, ");
  }
  fprintf(out,
          "{\\\"id\\\": \\\"short\\\", \\\"organization_id\\\": \\\"orga_story1\\\"}], \\\"has_more\\\": false}\"}]");
  fclose(out);
  story_replies(story, text);
  free(text);
}

/* Nothing of them is spooled: no temporary file could be made. */
Test(hostile_numbers, are_set_aside_where_they_are_too_long) {
  struct story *story = story_create(2);
  story_put(story, 2, "{\"id\": \"other\", \"organization_id\": \"orga_story2\"}");
  story_environment(story, "TMPDIR=/nonexistent");
  serve(story, 300, 500);
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "rejected", "300");
  story_expect_member(story, run, "org1", "added", "1");
  story_expect_member(story, run, "org2", "added", "1");
  cr_assert_leq(scene_peak_kib(run), 100 * 1024);
  story_expect_sql(story, "300",
                   "select count(*) from rejected_account where document is null and reason like '%written out%'");
  run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_expect_history(story);
  story_spare(story, TRUTH_TIMES, "the simulator does not read what its rule says there");
  story_destroy(story);
}

/* Three of them are an account's own business. */
Test(hostile_numbers, are_kept_where_they_are_few) {
  struct story *story = story_create(1);
  serve(story, 10, 3);
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "rejected", "0");
  story_expect_member(story, run, "org1", "added", "11");
  story_expect_sql(story, "10", "select count(*) from account where (other -> 'x' -> 1)::numeric > 0");
  run = story_expect_exit(story, 0, "sync", "--json", "--verify", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_expect_history(story);
  story_destroy(story);
}
