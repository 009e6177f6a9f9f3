/* The history against the time line, and the last questions of every story. */
#include "support/truth.h"
#include "support/inner.h"

#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CLOCKS_DIFFER_US = 2000000 };

static long long machine_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void story_spare(struct story *story, int parts, const char *reason) {
  if (!*reason)
    story_fail(story, "a story is spared without a reason");
  story->spared |= parts;
}

void story_clock_ahead(struct story *story, long long ahead_us) {
  if (story->clock_steps == CLOCK_STEPS_AT_MOST)
    story_fail(story, "the clock steps too often");
  story->clock[story->clock_steps++] = (struct clock_step){.since_us = machine_us(), .ahead_us = ahead_us};
}

/* ---- the intervals ---- */

static const char FILL[] =
    "with said as materialized ("
    " select m.n, m.j ->> 'key' as line, pg_temp.readable(m.j ->> 'organization_id') as organization_id,"
    "  pg_temp.readable(m.j ->> 'account_id') as account_id, (m.j ->> 'at_us')::bigint as at_us, m.j ->> 'document' as "
    "hex"
    " from jsonb_array_elements($1::jsonb -> 'moments') with ordinality as m (j, n)"
    "), read as materialized (select hex, pg_temp.document(hex) as document from"
    "  (select distinct hex from said where account_id in (select h.account_id from account_history h)) as "
    "distinct_ones)"
    "insert into moment select line, n, organization_id, account_id, pg_temp.moment_of(at_us), document, hex is null"
    " from said left join read using (hex) where account_id is not null";

static const char FILL_PERIODS[] =
    "insert into period select coalesce(pg_temp.moment_of((p ->> 'since_us')::bigint), '-infinity'),"
    " coalesce(lead(pg_temp.moment_of((p ->> 'since_us')::bigint)) over (order by n), 'infinity'),"
    " (p ->> 'ahead_us')::bigint * interval '1 microsecond'"
    " from jsonb_array_elements($1::jsonb) with ordinality as p (p, n)";

/* An account that belongs to another organization has gone from this one. */
static const char FILL_SEGMENTS[] =
    "insert into segment with home as (select distinct line, organization_id, account_id from moment), span as ("
    " select home.organization_id, account_id, line, document, is_gone or m.organization_id <> home.organization_id as "
    "is_gone,"
    "  at as since, coalesce(lead(at) over (partition by line, home.organization_id, account_id order by number), "
    "'infinity')"
    "  as until"
    " from home join moment m using (line, account_id)"
    " union all"
    " select home.organization_id, account_id, line, null, true, '-infinity', min(at)"
    " from home join moment using (line, account_id) group by line, home.organization_id, account_id)"
    "select organization_id, account_id, line, document, is_gone, document is not null, greatest(span.since, "
    "period.since),"
    " greatest(span.since, period.since) + ahead, least(span.until, period.until) + ahead"
    " from span join period on period.since < span.until and span.since < period.until and span.since < span.until";

static const char JUDGE[] =
    "select (select count(*) from account_history), count(*), string_agg(line, E'\\n' order by organization_id, seq)"
    " filter (where number <= 5) from ("
    " select organization_id, seq, row_number() over (order by organization_id, seq) as number,"
    "  format('%s seq %s: %s %s in (%s, %s]%s%s; its time line: %s', organization_id, seq, account_id, change, "
    "not_before,"
    "   observed_at, case when is_empty then ' is empty' end, case when goes_back then ' goes back' end,"
    "   (select string_agg(format('%s %s', since, case when s.is_gone then 'gone' when s.document = f.document then "
    "'NEW'"
    "     when s.document = f.old_document then 'OLD' else coalesce(left(md5(s.document::text), 6), 'unreadable') "
    "end), ', '"
    "     order by line, really_since) from segment s"
    "    where s.organization_id = f.organization_id and s.account_id = f.account_id"
    "    and s.until >= f.not_before - interval '2 s' and s.since <= f.observed_at + interval '2 s')) as line"
    " from false_claim f) as told";

static const char *clock_steps(struct story *story) {
  char *text = NULL;
  size_t length = 0;
  FILE *json = open_memstream(&text, &length);
  fprintf(json, "[{\"since_us\": null, \"ahead_us\": 0}");
  for (int i = 0; i < story->clock_steps; i++)
    fprintf(json, ", {\"since_us\": %lld, \"ahead_us\": %lld}", story->clock[i].since_us, story->clock[i].ahead_us);
  fprintf(json, "]");
  fclose(json);
  return story_keep(story, text);
}

static void expect_clock(struct story *story) {
  long long ahead_us = story->clock_steps ? story->clock[story->clock_steps - 1].ahead_us : 0;
  long long began_us = machine_us();
  long long told_us =
      strtoll(story_sql(story, "select (extract(epoch from clock_timestamp()) * 1000000)::bigint"), NULL, 10);
  if (told_us < began_us + ahead_us - CLOCKS_DIFFER_US || told_us > machine_us() + ahead_us + CLOCKS_DIFFER_US)
    story_fail(story, "the database's clock is %lld us from the machine's; the story said %lld", told_us - began_us,
               ahead_us);
}

static void prepare(struct story *story) {
  story_prepare_oracle(story);
  if (*story_sql(story, "select to_regclass('pg_temp.false_claim')")) { /* also gone with the schema */
    PQclear(story_query(story, "truncate moment, period, segment", 0, NULL));
    return;
  }
  const char *path = story_format(story, "%s/tests/support/truth.sql", story_source());
  char *sql = story_keep(story, file_content(path));
  if (!*sql)
    story_fail(story, "could not read \"%s\"", path);
  PQclear(story_query(story, sql, 0, NULL));
}

struct truth story_judge(struct story *story) {
  struct truth truth = {.evidence = ""};
  if (!*story_sql(story, "select to_regclass('account_history')"))
    return truth;
  const char *timeline = story_ask_sim(story, "GET", "timeline", NULL);
  const char *steps = clock_steps(story);
  prepare(story);
  expect_clock(story);
  PQclear(story_query(story, FILL, 1, &timeline));
  PQclear(story_query(story, FILL_PERIODS, 1, &steps));
  PQclear(story_query(story, FILL_SEGMENTS, 0, NULL));
  PQclear(story_query(story, "analyze segment", 0, NULL));
  PGresult *judged = story_query(story, JUDGE, 0, NULL);
  truth.rows = strtol(PQgetvalue(judged, 0, 0), NULL, 10);
  truth.false_rows = strtol(PQgetvalue(judged, 0, 1), NULL, 10);
  truth.evidence = story_format(story, "%s", PQgetvalue(judged, 0, 2));
  PQclear(judged);
  return truth;
}

/* One write: many tests add to it at once. */
void truth_publish(long rows, long false_rows, long stop_points) {
  const char *path = getenv("CLOSESYNCD_TRUTH_LOG");
  FILE *log = path ? fopen(path, "ae") : NULL;
  if (!log)
    return;
  setvbuf(log, NULL, _IOFBF, 4096);
  fprintf(log, "%ld %ld %ld\n", rows, false_rows, stop_points);
  fclose(log);
}

void story_expect_truth(struct story *story) {
  struct truth truth = story_judge(story);
  truth_publish(truth.rows, truth.false_rows, 0);
  if (truth.false_rows)
    story_fail(story, "%ld of %ld history rows state an interval in which their change did not happen\n%s",
               truth.false_rows, truth.rows, truth.evidence);
}

/* ---- the end ---- */

/* Which of the story's organizations the database knows, by NAME: those are swept and compared. */
static const char KNOWN[] = "select name, user_id, volatile_fields from organization where name = $1";

static bool add_organization(struct story *story, FILE *config, int number) {
  const char *name = story_format(story, "org%d", number);
  PGresult *known = story_query(story, KNOWN, 1, &name);
  bool is_known = PQntuples(known) == 1;
  if (is_known) {
    const char *key = story_format(story, "%s/truth%d.key", story->directory, number);
    story_write(story, key, story_format(story, "api_story_%d\n", number));
    fprintf(config, "[organization %s]\napi_key_file = %s\n", name, key);
    if (!PQgetisnull(known, 0, 1))
      fprintf(config, "user_id = %s\n", PQgetvalue(known, 0, 1));
  }
  PQclear(known);
  return is_known;
}

/* A configuration of its own: the story's may be what it broke. Returns its path; NULL when there is nothing to sweep. */
static const char *configure(struct story *story, bool *ret_several) {
  char *text = NULL;
  size_t length = 0;
  int count = 0;
  FILE *config = open_memstream(&text, &length);
  fprintf(config, "[database]\nconninfo = %s\nstatement_timeout = 10m\n[api]\nbase_url = http://127.0.0.1:%d/api/v1\n",
          story_conninfo(story), story->port);
  fprintf(config, "[sync]\nmax_removed = 100%%\nvolatile_fields = %s\n",
          story_sql(story, "select coalesce((select array_to_string(volatile_fields, ',') from organization"
                           " where volatile_fields is not null limit 1), 'lead_suggestions_updated_at')"));
  for (int i = 1; i <= story->organizations; i++)
    count += add_organization(story, config, i);
  fclose(config);
  story_keep(story, text);
  const char *path = story_format(story, "%s/truth.conf", story->directory);
  story_write(story, path, text);
  *ret_several = count > 1;
  return count ? path : NULL;
}

static void expect_mirrored(struct story *story, const struct run *run, int number) {
  const char *name = story_format(story, "org%d", number);
  PGresult *known = story_query(story, KNOWN, 1, &name);
  bool is_known = PQntuples(known) == 1;
  PQclear(known);
  if (!is_known)
    return;
  struct json_object *line = story_line(story, run, name);
  const char *outcome = story_format(story, "%s", json_object_get_string(json_object_object_get(line, "outcome")));
  json_object_put(line);
  if (strcmp(outcome, "unchanged") != 0 && strcmp(outcome, "changed") != 0)
    story_fail(story, "the story's last sweep of \"%s\" was %s", name, outcome);
  story_expect_mirror(story, number);
}

/* With several organizations --allow-removals asks for their NAMEs. */
static void sweep_once_more(struct story *story, const char *config, bool several) {
  story_replies(story, "[]");
  story_ask_sim(story, "POST", "release", NULL);
  const struct run *run = story_run(story, "-c", config, "sync", "--json", several ? NULL : "--allow-removals", NULL);
  if (run->exit_status != 0)
    story_fail(story, "the story's last sweep ended with %d\n%s", run->exit_status, run->out);
  for (int i = 1; i <= story->organizations; i++)
    expect_mirrored(story, run, i);
}

/* The story may have left its own session in the middle of something. */
static void tidy_session(struct story *story) {
  if (PQtransactionStatus(story->connection) != PQTRANS_IDLE)
    story_sql(story, "rollback");
  story_sql(story, "select pg_advisory_unlock_all()");
  story_sql(story, "reset session authorization");
  story_sql(story, "reset all");
}

static void kill_runs(struct story *story) {
  for (int i = 0; i < story->run_count; i++) {
    struct process *process = &story->runs[i]->process;
    if (process->status < 0 && kill(process->pid, SIGKILL) == 0 && !process_wait(process, 10000))
      story_fail(story, "a run could not be killed");
  }
}

/* What the views tell of it (tests/support/reports.sql). A database that has had no statement of this binary may lack them. */
static void expect_reports(struct story *story) {
  const char *path = story_format(story, "%s/tests/support/reports.sql", story_source());
  const char *sql = story_keep(story, file_content(path));
  if (!*sql)
    story_fail(story, "could not read \"%s\"", path);
  /* A cluster that failed over knows nothing of its tables: the questions took 15 s and more. */
  story_sql(story, "analyze organization, account, account_digest, account_history, history_anchor");
  story_sql(story, "set jit = off");
  PGresult *problems = story_query(story, sql, 0, NULL);
  if (PQntuples(problems) != 0)
    story_fail(story, "the reports are wrong: %s", PQgetvalue(problems, 0, 0));
  PQclear(problems);
}

void story_end_truly(struct story *story) {
  if ((story->spared & TRUTH_ALL) == TRUTH_ALL)
    return;
  story_note(story, story->note ? story_format(story, "%s; at the story's end", story->note) : "at the story's end");
  story->environment[0] = NULL; /* what was put there was for the story's own runs */
  kill_runs(story);
  tidy_session(story);
  if (!*story_sql(story, "select to_regclass('account_history')"))
    return;
  bool several;
  const char *config = configure(story, &several);
  if (config && !(story->spared & TRUTH_MIRROR))
    sweep_once_more(story, config, several);
  if (!(story->spared & TRUTH_TIMES))
    story_expect_truth(story);
  if (story->spared & TRUTH_CHAIN)
    return;
  expect_reports(story);
  if (strcmp(story_sql(story, "select exists (select from erasure) or exists (select from history_anchor)"), "f") == 0)
    story_expect_history(story); /* it knows nothing of what was erased or pruned; `verify` does */
  if (config && story_run(story, "-c", config, "verify", NULL)->exit_status != 0)
    story_fail(story, "`verify` does not prove the history");
}
