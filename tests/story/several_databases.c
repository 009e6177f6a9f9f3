/* Organizations in the databases of two clusters, brought together in that of a third by the very commands of sql/README.md: verify proves all of them there, views
 * and time travel answer over all, and a change, a removal, an erasure and a pruning arrive. Then an organization moves from one database to the
 * other, by the commands there. */
#include "support/inner.h"
#include "support/running.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

struct scene {
  struct story *story;
  const char *reports;       /* the directory of the cluster that has the reporting database */
  const char *second_config; /* of the closesyncd of the second source */
  const char *hosts[2];      /* the directories of the clusters that both sources are in; the first is the story's */
  const char *databases[2];  /* their names */
  int homes[2];              /* which of them org1 and org2 are in */
};

static void shell(const struct scene *scene, const char *host, const char *command) {
  struct story *story = scene->story;
  const char *line =
      story_format(story,
                   "set -e; cd '%s'; export PGHOST='%s' PGUSER=postgres; PATH=$('%s/tests/support/postgresql' "
                   "bin):$(dirname \"$CLOSESYNCD_BINARY\"):$PATH; { %s\n} >said 2>&1 || { cat said >&2; exit 1; }",
                   story_directory(story), host, story_source(), command);
  if (system(line) != 0)
    story_fail(story, "could not run \"%s\"", command);
}

/* The commands of a section, as they stand there but for the names of hosts and databases. */
static const char *section(const struct scene *scene, const char *name, const char *words) {
  return story_format(scene->story,
                      "awk -v s='<!-- section: %s -->' '$0 == s { on = 1; next } on && /^```$/ { exit } on && !/^```/' "
                      "'%s/sql/README.md' | sed -e '%s' >commands; test -s commands; sh -e commands",
                      name, story_source(), words);
}

static void configure_second(const struct scene *scene, const char *more) {
  struct story *story = scene->story;
  story_write(story, scene->second_config,
              story_format(story,
                           "[database]\nconninfo = host=%s dbname=%s user=postgres\n[api]\nbase_url = "
                           "http://127.0.0.1:%d/api/v1\n[sync]\nmembers = no\n[organization org2]\napi_key_file = "
                           "%s/org2.key\n%s",
                           scene->hosts[1], scene->databases[1], story_port(story), story_directory(story), more));
}

static void begin(struct scene *scene) {
  struct story *story = scene->story = own_cluster_story(2, 6);
  scene->reports = story_format(story, "%s-r", story->host);
  scene->second_config = story_format(story, "%s/second.conf", story_directory(story));
  scene->hosts[0] = story->host;
  scene->hosts[1] = story_format(story, "%s-two", story->host);
  scene->databases[0] = story->database;
  scene->databases[1] = "close_two";
  scene->homes[1] = 1;
  configure_second(scene, "");
  story_set(story, "organization org2", "enabled", "no");
  own_cluster_add(story, scene->hosts[1]);
  own_cluster_add(story, scene->reports);
  for (int i = 0; i < 2; i++) {
    own_cluster_set(scene->hosts[i], "wal_level = logical");
    own_cluster_control(scene->hosts[i], "-m fast restart");
  }
  PQfinish(story->connection);
  story->connection =
      PQconnectdb(story_format(story, "%s options='-c search_path=close_crm -c TimeZone=UTC'", story_conninfo(story)));
  shell(scene, scene->hosts[1], story_format(story, "createdb -T template0 %s", scene->databases[1]));
}

static void sweep(const struct scene *scene) {
  story_expect_exit(scene->story, 0, "sync", NULL);
  story_expect_exit(scene->story, 0, "-c", scene->second_config, "sync", NULL);
}

static const char *ask(const struct scene *scene, const char *host, const char *database, const char *sql) {
  struct story *story = scene->story;
  const char *path = story_format(story, "%s/answer", story_directory(story));
  shell(scene, host,
        story_format(story,
                     "PGOPTIONS='-c search_path=close_crm -c TimeZone=UTC' psql -XAtq -v ON_ERROR_STOP=1 %s -c \"%s\" "
                     ">answer",
                     database, sql));
  char *text = story_keep(story, file_content(path));
  text[strcspn(text, "\n")] = '\0';
  return text;
}

static const char *ask_source(const struct scene *scene, int source, const char *sql) {
  return ask(scene, scene->hosts[source], scene->databases[source], sql);
}

static const char EVIDENCE[] = "select md5(string_agg(line, ',' order by line)) from (select h::text from "
                               "account_history as h union all select a::text from "
                               "account as a union all select i::text from account_identity as i union all select "
                               "c::text from account_calendar as c union "
                               "all select e::text from erasure as e union all select p::text from history_anchor as p "
                               "union all select o::text from "
                               "organization as o) as told (line) where line like '%orga_story";

/* What each source has of its organization, the reporting database has too. */
static void await_arrival(const struct scene *scene) {
  struct story *story = scene->story;
  for (int i = 0; i < 2; i++) {
    const char *sql = story_format(story, "%s%d%%'", EVIDENCE, i + 1);
    const char *wanted = ask_source(scene, scene->homes[i], sql), *there = "";
    cr_assert_neq(*wanted, '\0');
    for (int looks = 0; looks < 200 && strcmp(wanted, there) != 0; looks++) {
      running_sleep(looks == 0 ? 0 : 200);
      there = ask(scene, scene->reports, "reports", sql);
    }
    cr_assert_str_eq(there, wanted, "of organization %d another state arrived", i + 1);
  }
}

static void expect_proven(const struct scene *scene, const char *organizations) {
  struct story *story = scene->story;
  shell(scene, scene->reports, "closesyncd -c reports.conf verify");
  cr_assert_str_eq(ask(scene, scene->reports, "reports", "select count(*) from organization_status"), organizations);
  cr_assert_str_eq(ask(scene, scene->reports, "reports", "select count(*) from account_overview"),
                   story_format(story, "%ld",
                                strtol(ask_source(scene, 0, "select count(*) from account"), NULL, 10) +
                                    strtol(ask_source(scene, 1, "select count(*) from account"), NULL, 10)));
}

static const char PAST[] =
    "select format('%s history from %s, %s spans, %s erased, %s anchors, version %s', count(*), min(seq), "
    "(select count(*) from coverage where organization_id = 'orga_story1'), (select count(*) "
    "from erasure where organization_id = 'orga_story1'), (select count(*) from history_anchor "
    "where organization_id = 'orga_story1'), max(version)) from account_history where "
    "organization_id = 'orga_story1'";
static const char LEFT_BEHIND[] =
    "select string_agg(table_name, ' ') from information_schema.columns where table_schema = 'close_crm' and "
    "column_name = 'organization_id' and xpath_exists('//n', query_to_xml(format('select 1 as n from %I where "
    "organization_id = %L', table_name, 'orga_story1'), false, false, ''))";

/* The first organization moves into the second database, with all of its past, and is swept there. */
static void move(struct scene *scene) {
  struct story *story = scene->story;
  const char *past = ask_source(scene, 0, PAST);
  story_set(story, "organization org1", "enabled", "no");
  shell(scene, scene->reports,
        section(scene, "move",
                story_format(story,
                             "s#host=one.example.com dbname=close#host=%s dbname=%s#; s#host=two.example.com "
                             "dbname=close#host=%s dbname=%s#; s#name=acme organization=orga_acme#name=org1 "
                             "organization=orga_story1#; s#one.conf#%s#; s#two.conf#%s#",
                             scene->hosts[0], scene->databases[0], scene->hosts[1], scene->databases[1],
                             story_config_path(story), scene->second_config)));
  cr_assert_str_eq(ask_source(scene, 1, PAST), past);
  cr_assert_str_eq(ask_source(scene, 0, LEFT_BEHIND), "", "something is left behind");
  scene->homes[0] = 1;
  await_arrival(scene);
  expect_proven(scene, "2");

  configure_second(scene,
                   story_format(story, "[organization org1]\napi_key_file = %s/org1.key\n", story_directory(story)));
  story_expect_exit(story, 0, "-c", scene->second_config, "sync", NULL);
  cr_assert_str_eq(ask_source(scene, 1, PAST), past, "it is as Close has it");
  story_put(story, 1, "{\"id\": \"moved\", \"organization_id\": \"orga_story1\", \"email\": \"m@example.com\"}");
  story_expect_exit(story, 0, "-c", scene->second_config, "sync", NULL);
  await_arrival(scene);
  expect_proven(scene, "2");
  cr_assert_str_eq(ask(scene, scene->reports, "reports", "select count(*) from account where account_id = 'moved'"),
                   "1");
}

Test(several_databases, are_brought_together) {
  struct scene scene;
  begin(&scene);
  struct story *story = scene.story;
  sweep(&scene);
  for (int i = 0; i < 2; i++)
    shell(&scene, scene.hosts[i],
          section(&scene, "publish", story_format(story, "s/ close <</ %s <</", scene.databases[i])));
  shell(&scene, scene.reports,
        section(
            &scene, "report",
            story_format(story,
                         "s#host=one.example.com dbname=close#host=%s dbname=%s user=postgres#; s#host=two.example.com "
                         "dbname=close#host=%s dbname=%s user=postgres#; s#conninfo = dbname#conninfo = host=%s "
                         "user=postgres dbname#",
                         scene.hosts[0], scene.databases[0], scene.hosts[1], scene.databases[1], scene.reports)));
  await_arrival(&scene);
  expect_proven(&scene, "2");
  const char *before = ask(&scene, scene.reports, "reports", "select clock_timestamp()");

  story_change(story, 50, 8);
  story_put(story, 1, "{\"id\": \"gone\", \"organization_id\": \"orga_story1\", \"email\": \"gone@example.com\"}");
  sweep(&scene);
  story_remove(story, 1, "gone");
  sweep(&scene);
  story_expect_exit(story, 0, "erase", "--account", "gone", "--reason", "asked to", NULL);
  await_arrival(&scene);
  expect_proven(&scene, "2");
  cr_assert_str_eq(ask(&scene, scene.reports, "reports",
                       "select count(*) from account_history where document::text like "
                       "'%gone@example.com%'"),
                   "0");
  cr_assert_str_eq(
      ask(&scene, scene.reports, "reports",
          story_format(story, "select count(*), count(distinct organization_id) from account_as_of('%s')", before)),
      "12|2");
  ask_source(&scene, 0, "select count(*) from prune_history('0 s')");
  await_arrival(&scene);
  expect_proven(&scene, "2");
  move(&scene);
  for (int i = 0; i < 2; i++)
    shell(&scene, scene.reports,
          story_format(story, "psql -Xq reports -c 'drop subscription close_%s'", i == 0 ? "one" : "two"));
  story_destroy(story);
}
