/* sql/README.md keeps its word: all of its SQL runs, it names every function, and its Python, which shares no code with us, computes
 * the head that we compute and stops at a forged row. */
#include "support/inner.h"
#include "support/truth.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs a shell command and returns its exit status. */
static int shell(struct story *story, const char *command) {
  int status = system(story_format(story, "cd '%s' && %s", story_directory(story), command));
  return status < 0 ? -1 : status >> 8;
}

static const char *output(struct story *story, const char *file) {
  char text[4096];
  FILE *stream = fopen(story_format(story, "%s/%s", story_directory(story), file), "re");
  cr_assert(stream != NULL, "no %s", file);
  text[fread(text, 1, sizeof text - 1, stream)] = '\0';
  fclose(stream);
  return story_format(story, "%s", text);
}

/* The fenced blocks of one language, with this story's names in them. */
static void extract(struct story *story, const char *language, const char *file) {
  int status =
      shell(story, story_format(story,
                                "awk '/^```/ { on = ($0 == \"```%s\"); next } on' '%s/sql/README.md' | sed -e "
                                "s/orga_acme/orga_story1/g -e s,/path/to/kept/head,%s/head, > %s && test -s %s",
                                language, story_source(), story_directory(story), file, file));
  cr_assert_eq(status, 0, "no block of %s", language);
}

static int psql(struct story *story, const char *file) {
  return shell(
      story,
      story_format(
          story,
          "PGOPTIONS='-c search_path=close_crm,pg_temp -c jit=off -c TimeZone=UTC' psql -XAtq -v ON_ERROR_STOP=1 '%s' "
          "-f %s >%s.out 2>%s.err || { cat %s.err >&2; false; }",
          story_conninfo(story), file, file, file, file));
}

static struct story *some_history(void) {
  struct story *story = story_create_generated(1, 10, 4);
  story_put(story, 1,
            "{\"id\": \"emailacct_gone\", \"_type\": \"google\", \"email\": \"\\u00fc\\u2028\\\"\\\\ \\u0001@x\", "
            "\"send_status\": \"ok\"}");
  story_put(story, 1, "{\"id\": \"emailacct_\\u00e9\\u0007 \\\"x\", \"_type\": \"zoom\"}");
  story_expect_exit(story, 0, "sync", NULL);
  story_change(story, 40, 8);
  story_edit(story, 1, "emailacct_gone", "{\"brand \\u0009 new\": 1.50, \"\\ud83d\\ude00\": [1e3, null]}");
  story_expect_exit(story, 0, "sync", NULL);
  story_remove(story, 1, "emailacct_gone");
  story_expect_exit(story, 0, "sync", NULL);
  return story;
}

Test(evidence_readme, its_python_computes_the_same_head) {
  struct story *story = some_history();
  extract(story, "python", "chain.py");
  extract(story, "psql", "copy.psql");
  cr_assert_eq(psql(story, "copy.psql"), 0);
  cr_assert_eq(shell(story, "python3 chain.py orga_story1 history.csv > chain.out"), 0);
  const char *head = story_sql(
      story, "select format(E'seq=%s hash=%s\\n', seq, encode(hash, 'hex')) from history_head('orga_story1')");
  cr_assert_str_eq(output(story, "chain.out"), head);
  cr_assert(story_count(story, "select count(*) from account_history") > 13);
  cr_assert(shell(story, "test $(wc -l < chain.py) -le 24") == 0, "about twenty lines");
  story_expect_exit(story, 0, "erase", "--account", "emailacct_gone", NULL);
  cr_assert_eq(psql(story, "copy.psql"), 0);
  cr_assert_eq(shell(story, "python3 chain.py orga_story1 history.csv"), 0);
  story_sql(story,
            "begin; set local session_replication_role = replica; update account_history set document = document || "
            "'{\"email\": \"forged@example.com\"}' where seq = 5; commit");
  cr_assert_eq(psql(story, "copy.psql"), 0);
  cr_assert_eq(shell(story, "python3 chain.py orga_story1 history.csv 2>chain.err"), 1);
  cr_assert_str_eq(output(story, "chain.err"), "seq 5: the document is not the one that was seen\n");
  story_sql(story, "begin; set local session_replication_role = replica; update account_history set version = 9 where "
                   "seq = 3; commit");
  cr_assert_eq(psql(story, "copy.psql"), 0);
  cr_assert_eq(shell(story, "python3 chain.py orga_story1 history.csv 2>chain.err"), 1);
  cr_assert_str_eq(output(story, "chain.err"), "seq 3: hash does not fit the row\n");
  story_spare(story, TRUTH_ALL, "it is forged");
  story_destroy(story);
}

Test(evidence_readme, its_sql_runs_and_it_names_every_function) {
  struct story *story = some_history();
  const struct run *run = story_expect_exit(story, 0, "verify", "--head", NULL);
  cr_assert_eq(shell(story, story_format(story, "chmod 755 . && printf '%%s' '%s' > head && chmod 644 head", run->out)),
               0);
  extract(story, "sql", "all.sql");
  cr_assert_eq(psql(story, "all.sql"), 0);
  const char *names = story_sql(story, "select string_agg(distinct proname, ' ') from pg_proc where pronamespace = "
                                       "'close_crm'::regnamespace and proname !~ '^json_|_is_plain$'");
  int status =
      shell(story, story_format(story,
                                "for name in %s; do grep -qw \"$name\" '%s/sql/README.md' || { echo \"$name is not in "
                                "sql/README.md\" >&2; exit 1; }; done",
                                names, story_source()));
  cr_assert_eq(status, 0);
  story_expect_exit(story, 0, "verify", NULL);
  story_destroy(story);
}
