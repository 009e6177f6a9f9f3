/* Compares the tables with what oracle.sql makes of the simulator's accounts. */
#include "support/inner.h"

#include <stdio.h>
#include <stdlib.h>

void story_prepare_oracle(struct story *story) {
  if (*story_sql(story, "select to_regclass('pg_temp.actual')")) { /* also gone with the schema */
    PQclear(story_query(story, "truncate said", 0, NULL));
    return;
  }
  const char *path = story_format(story, "%s/tests/support/oracle.sql", story_source());
  char *sql = story_keep(story, file_content(path));
  if (!*sql)
    story_fail(story, "could not read \"%s\"", path);
  PQclear(story_query(story, sql, 0, NULL));
}

static const char FILL[] =
    "insert into said"
    " select coalesce(nullif(pg_temp.string(a -> 'organization_id'), ''), $2), a ->> 'id',"
    "  pg_temp.asked(pg_temp.canonical(a), (select excluded_fields from organization where organization_id = $2))"
    " from jsonb_array_elements($1::jsonb -> 'data') a"
    " where coalesce((select a ->> 'user_id' = user_id from organization"
    "  where organization_id = $2), true)";

static const char COMPARE[] =
    "with wanted as materialized (select * from expected), found as materialized ("
    " select * from actual where organization_id = $1 or organization_id in (select organization_id from said)),"
    " wrong as ("
    " (select 'missing:    ' as what, * from wanted except all select 'missing:    ', * from found)"
    " union all (select 'unexpected: ', * from found except all select 'unexpected: ', * from wanted))"
    " select count(*), (select string_agg(left(line, 1500), E'\n') from"
    "  (select what || of_table || ' ' || row::text as line from wrong order by account_id, of_table, what limit 8) l)"
    " from wrong";

void story_expect_mirror(struct story *story, int organization) {
  const char *name = story_format(story, "org%d", organization);
  const char *const by_name[] = {name};
  story_prepare_oracle(story);
  PGresult *bound = story_query(story, "select organization_id from organization where name = $1", 1, by_name);
  if (PQntuples(bound) != 1)
    story_fail(story, "no organization is named \"%s\"", name);
  const char *id = story_format(story, "%s", PQgetvalue(bound, 0, 0));
  PQclear(bound);
  const char *const values[] = {story_truth(story, organization), id};
  PQclear(story_query(story, FILL, 2, values));
  PQclear(story_query(story, "analyze said", 0, NULL));
  PGresult *wrong = story_query(story, COMPARE, 1, &id);
  long count = strtol(PQgetvalue(wrong, 0, 0), NULL, 10);
  if (count)
    story_fail(story, "the mirror of \"%s\" is not what Close says, %ld rows differ\n%s", name, count,
               PQgetvalue(wrong, 0, 1));
  PQclear(wrong);
}

void story_expect_exact(struct story *story) {
  for (int i = 1; i <= story->organizations; i++)
    story_expect_mirror(story, i);
  story_expect_history(story);
}
