/* A NAME is bound once, to what the accounts, the configuration and /me/ agree on as far as each is known; on a disagreement or a
 * guess it fails, says why, and writes nothing. */
#include "support/story.h"

#include <criterion/criterion.h>
#include <stdio.h>

/* A is orga_storyN, B is orga_otherN for the N-th case. */
struct scene {
  const char *listed, *configured, *me; /* "A", "B", "AB", or "" for not known */
  const char *error;                    /* NULL: bound to A */
};

static const char WHICH[] = "the organization behind this key is not known";
static const char WRONG_KEY[] = "is this the right key?";
static const char WRONG_ID[] = "belong to another organization than organization_id says";

static const struct scene scenes[] = {
    {"A", "", "A", NULL},
    {"A", "", "", NULL},
    {"A", "", "AB", NULL},
    {"A", "", "B", WRONG_KEY},
    {"A", "A", "A", NULL},
    {"A", "A", "", NULL},
    {"A", "A", "B", WRONG_KEY},
    {"A", "B", "A", WRONG_ID},
    {"A", "B", "B", WRONG_ID},
    {"A", "B", "AB", WRONG_ID},
    {"", "A", "A", NULL},
    {"", "A", "", NULL},
    {"", "A", "AB", NULL},
    {"", "A", "B", WRONG_KEY},
    {"", "", "A", NULL},
    {"", "", "", WHICH},
    {"", "", "AB", WHICH},
    {"AB", "", "A", "of two organizations"},
    {"AB", "A", "A", "of two organizations"},
};
enum { SCENES = sizeof scenes / sizeof *scenes };

static const char *organization(struct story *story, char letter, int number) {
  return story_format(story, letter == 'A' ? "orga_story%d" : "orga_other%d", number);
}

static void prepare(struct story *story, const struct scene *scene, int number, const char **replies) {
  const char *accounts = "", *organizations = "";
  for (const char *at = scene->listed; *at; at++)
    accounts = story_format(story, "%s%s{\"id\": \"emailacct_%d_%c\", \"organization_id\": \"%s\"}", accounts,
                            *accounts ? ", " : "", number, *at, organization(story, *at, number));
  for (const char *at = scene->me; *at; at++)
    organizations = story_format(story, "%s%s{\"id\": \"%s\"}", organizations, *organizations ? ", " : "",
                                 organization(story, *at, number));
  story_accounts(story, number, story_format(story, "[%s]", accounts));
  if (*scene->configured)
    story_set(story, story_format(story, "organization org%d", number), "organization_id",
              organization(story, *scene->configured, number));
  *replies =
      story_format(story,
                   "%s%s{\"match\": {\"key\": \"api_story_%d\", \"path\": \"/me/\"}, \"status\": 200, \"body_json\": "
                   "{\"id\": \"user_story%d\", \"organizations\": [%s]}}",
                   *replies, **replies ? ", " : "", number, number, organizations);
}

static void expect_scene(struct story *story, const struct run *run, const struct scene *scene, int number) {
  const char *name = story_format(story, "org%d", number);
  fprintf(stderr, "%s: listed \"%s\", configured \"%s\", /me/ \"%s\"\n", name, scene->listed, scene->configured,
          scene->me);
  story_expect_member(story, run, name, "outcome",
                      scene->error != NULL ? "failed"
                      : *scene->listed     ? "changed"
                                           : "unchanged");
  story_expect_sql(story, scene->error == NULL ? organization(story, 'A', number) : "",
                   story_format(story, "select organization_id from organization where name = '%s'", name));
  if (scene->error == NULL)
    story_expect_mirror(story, number);
  else
    story_expect_stderr(story, run, story_format(story, "%s: ", name));
}

Test(binding_first, needs_all_that_is_known_to_agree) {
  struct story *story = story_create(SCENES);
  const char *replies = "";
  for (int i = 0; i < SCENES; i++)
    prepare(story, &scenes[i], i + 1, &replies);
  story_replies(story, story_format(story, "[%s]", replies));
  const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
  for (int i = 0; i < SCENES; i++) {
    expect_scene(story, run, &scenes[i], i + 1);
    if (scenes[i].error != NULL)
      story_expect_stderr(story, run, scenes[i].error);
  }
  cr_assert_eq(story_count(story, "select count(*) from organization"), 9);
  story_expect_sql(story, "0", "select count(*) from account_history where organization_id like 'orga_other%'");
  story_expect_sql(story, "0", "select count(*) from sweep where outcome = 'failed'");
  story_expect_history(story);
  story_destroy(story);
}

Test(binding_first, records_the_principal_and_the_filter) {
  struct story *story = story_create(1);
  story_set(story, "organization org1", "user_id", "user_wanted");
  story_put(story, 1, "{\"id\": \"emailacct_1\", \"user_id\": \"user_wanted\"}");
  story_put(story, 1, "{\"id\": \"emailacct_2\", \"user_id\": \"user_unwanted\"}");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_sql(story, "org1 orga_story1 user_story1 user_wanted",
                   "select concat_ws(' ', name, organization_id, principal_id, user_id) from organization");
  story_expect_sql(story, "emailacct_1", "select string_agg(account_id, ',') from account");
  story_expect_exact(story);
  cr_assert_eq(story_request_count(story, "user_id=user_wanted"), 1);
  story_destroy(story);
}

/* A server that does not know the filter ignores it (close-api.md 1.1): strangers are passed by, page after page. */
Test(binding_first, filters_by_itself_what_the_server_does_not) {
  struct story *story = story_create(1);
  story_set(story, "organization org1", "user_id", "user_wanted");
  story_set(story, "api", "page_size", "1");
  static const char *const pages[] = {"a\\\", \\\"user_id\\\": \\\"user_other",
                                      "b\\\", \\\"user_id\\\": \\\"user_wanted",
                                      "c\\\", \\\"user_id\\\": \\\"user_other"};
  const char *rules = "";
  for (int i = 0; i < 3; i++)
    rules = story_format(
        story,
        "%s%s{\"match\": {\"path\": \"/connected_account/\", \"skip\": %d}, \"body\": \"{\\\"data\\\": [{\\\"id\\\": "
        "\\\"%s\\\"}], \\\"has_more\\\": %s}\"}",
        rules, i == 0 ? "" : ", ", i, pages[i], i < 2 ? "true" : "false");
  story_replies(story, story_format(story, "[%s]", rules));
  for (int i = 0; i < 2; i++) {
    const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
    story_expect_member(story, run, "org1", "outcome", i == 0 ? "changed" : "unchanged");
    story_expect_member(story, run, "org1", "accounts", "1");
    story_expect_sql(story, "b", "select string_agg(account_id, ',') from account");
  }
  story_expect_history(story);
  story_destroy(story);
}

/* An agency's user: the organization is the last of many that /me/ names. */
Test(binding_first, finds_the_organization_among_many) {
  struct story *story = story_create(1);
  const char *others = "";
  for (int i = 0; i < 100; i++)
    others = story_format(story, "%s{\"id\": \"orga_client%d\"}, ", others, i);
  story_put(story, 1, "{\"id\": \"emailacct_1\", \"organization_id\": \"orga_story1\"}");
  story_replies(story, story_format(story,
                                    "[{\"match\": {\"path\": \"/me/\"}, \"body_json\": {\"id\": \"user_story1\", "
                                    "\"organizations\": [%s{\"id\": \"orga_story1\"}]}}]",
                                    others));
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_sql(story, "orga_story1", "select organization_id from organization");
  story_destroy(story);
}

Test(binding_first, fails_without_a_trace_when_me_does_not_answer) {
  struct story *story = story_create(1);
  story_put(story, 1, "{\"id\": \"emailacct_1\"}");
  story_replies(story, "[{\"match\": {\"path\": \"/me/\"}, \"status\": 401, \"body\": \"{}\"}]");
  const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "organization_id", "null");
  story_expect_sql(story, "0", "select (select count(*) from organization) + (select count(*) from sweep)");
  run = story_expect_exit(story, 0, "status", "--json", NULL);
  story_expect_member(story, run, "org1", "error", "never reached");
  story_replies(story, "[]");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  story_destroy(story);
}
