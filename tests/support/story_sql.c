/* The story's own database: made at the start, asked and compared, dropped at the end. */
#include "support/inner.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static PGconn *open_connection(struct story *story, const char *database) {
  PGconn *connection = PQconnectdb(story_format(story,
                                                "host=%s dbname=%s user=postgres "
                                                "options='-c search_path=close_crm -c TimeZone=UTC -c jit=off -c "
                                                "client_min_messages=warning' application_name=story",
                                                story->host, database));
  return connection;
}

static void administer(struct story *story, const char *sql) {
  PGconn *connection = open_connection(story, "postgres");
  PGresult *result = PQexec(connection, sql);
  if (PQresultStatus(result) != PGRES_COMMAND_OK)
    fprintf(stderr, "could not run \"%s\": %s", sql, PQerrorMessage(connection));
  PQclear(result);
  PQfinish(connection);
}

void story_open_database(struct story *story) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  snprintf(story->database, sizeof story->database, "story_%d_%lld_%ld", (int)getpid(), (long long)now.tv_sec,
           now.tv_nsec);
  administer(story, story_format(story, "create database %s template template0", story->database));
  story->connection = open_connection(story, story->database);
  if (PQstatus(story->connection) != CONNECTION_OK)
    cr_assert_fail("could not open the story's database: %s", PQerrorMessage(story->connection));
}

void story_close_database(struct story *story) {
  PQfinish(story->connection);
  story->connection = NULL;
  if (story->database[0])
    administer(story, story_format(story, "drop database if exists %s with (force)", story->database));
}

const char *story_conninfo(struct story *story) {
  return story_format(story, "host=%s dbname=%s user=postgres", story->host, story->database);
}

PGresult *story_query(struct story *story, const char *sql, int count, const char *const *values) {
  PGresult *result =
      count ? PQexecParams(story->connection, sql, count, NULL, values, NULL, NULL, 0) : PQexec(story->connection, sql);
  if (PQstatus(story->connection) == CONNECTION_BAD) { /* in some stories the server comes and goes */
    PQclear(result);
    PQreset(story->connection);
    result = count ? PQexecParams(story->connection, sql, count, NULL, values, NULL, NULL, 0)
                   : PQexec(story->connection, sql);
  }
  ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
    story_fail(story, "could not run \"%.300s\": %s", sql, PQerrorMessage(story->connection));
  return result;
}

const char *story_sql(struct story *story, const char *sql) {
  PGresult *result = story_query(story, sql, 0, NULL);
  const char *value = PQntuples(result) > 0 && PQnfields(result) > 0 ? PQgetvalue(result, 0, 0) : "";
  value = story_format(story, "%s", value);
  PQclear(result);
  return value;
}

long story_count(struct story *story, const char *sql) { return strtol(story_sql(story, sql), NULL, 10); }

void story_expect_sql(struct story *story, const char *expected, const char *sql) {
  const char *value = story_sql(story, sql);
  if (strcmp(value, expected) != 0)
    story_fail(story, "%s\n  says     \"%s\"\n  expected \"%s\"", sql, value, expected);
}

void story_await_sql(struct story *story, const char *expected, const char *sql, int limit_ms) {
  const struct timespec nap = {.tv_nsec = 20000000};
  for (int waited_ms = 0; waited_ms < limit_ms * story_patience(); waited_ms += 20) {
    PGresult *result = PQexec(story->connection, sql);
    if (PQstatus(story->connection) == CONNECTION_BAD)
      PQreset(story->connection);
    bool reached = PQntuples(result) > 0 && strcmp(PQgetvalue(result, 0, 0), expected) == 0;
    PQclear(result);
    if (reached)
      return;
    nanosleep(&nap, NULL);
  }
  story_expect_sql(story, expected, sql);
}

/* One select per table, its chosen columns as text, rows in bytewise order. */
static const char DUMP[] =
    "select table_name, format('select coalesce(string_agg(r, E''\\n'' order by r collate \"C\"), '''')"
    " from (select row(%s)::text as r from %I) as rows',"
    " string_agg(quote_ident(column_name), ', ' order by column_name collate \"C\"), table_name)"
    " from information_schema.columns"
    " join information_schema.tables using (table_schema, table_name)"
    " where table_schema = 'close_crm' and table_type = 'BASE TABLE'"
    " and table_name <> all (string_to_array($1, ','))"
    " and table_name || '.' || column_name <> all (string_to_array($1, ','))"
    " group by table_name order by table_name collate \"C\"";

const char *story_dump(struct story *story, const char *except) {
  char *text = NULL;
  size_t length = 0;
  FILE *dump = open_memstream(&text, &length);
  PGresult *tables = story_query(story, DUMP, 1, &except);
  for (int i = 0; i < PQntuples(tables); i++)
    fprintf(dump, "== %s\n%s\n", PQgetvalue(tables, i, 0), story_sql(story, PQgetvalue(tables, i, 1)));
  PQclear(tables);
  fclose(dump);
  return story_keep(story, text);
}

void story_expect_same(struct story *story, const char *before, const char *after) {
  size_t at = 0;
  size_t line = 0;
  for (; before[at] && before[at] == after[at]; at++)
    if (before[at] == '\n')
      line = at + 1;
  if (before[at] != after[at])
    story_fail(story, "the database is not as it was\n  before: %.*s\n  after:  %.*s",
               (int)strcspn(before + line, "\n"), before + line, (int)strcspn(after + line, "\n"), after + line);
}
