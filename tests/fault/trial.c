/* A trial owns a story and its proxy. The state before is kept in a schema of its own; putting it back is much quicker than making a
 * database. Stories are made anew now and then: they keep every text until their end. */
#include "fault/trial.h"
#include "support/truth.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { ROUNDS_OF_A_STORY = 100, LIMIT_MS = 20000 };

/* What two sweeps that do the same do not have in common; and what a failure may leave behind. */
static const char PASSING[] = STORY_BOOKKEEPING
    ",migration,account.first_seen_at,account.changed_at,account_history.not_before,account_history.observed_at,"
    "account_history.document_salt,account_history.document_digest,account_history.previous_hash,account_history.hash,"
    "account_history.sweep_id,rejected_account.first_seen_at,rejected_account.last_seen_at,field_drift.first_seen_at,"
    "field_drift.last_seen_at";

/* Columns that are generated make themselves. */
static const char KEEP[] = "create schema kept;"
                           " do $$ declare t text; begin"
                           "  for t in select tablename from pg_tables where schemaname = 'close_crm' loop"
                           "   execute format('create table kept.%1$I as table close_crm.%1$I', t);"
                           "  end loop; end $$";

static const char PUT_BACK[] =
    "set session_replication_role = replica;"
    " do $$ declare t record; begin"
    "  for t in select table_name as name, string_agg(quote_ident(column_name), ', ') as columns"
    "   from information_schema.columns join information_schema.tables using (table_schema, table_name)"
    "   where table_schema = 'close_crm' and table_type = 'BASE TABLE' and is_generated = 'NEVER'"
    "   and table_name <> 'migration' group by table_name loop"
    "   execute format('truncate close_crm.%1$I; insert into close_crm.%1$I (%2$s) select %2$s from kept.%1$I',"
    "    t.name, t.columns);"
    "  end loop; end $$;"
    " reset session_replication_role";

struct trial {
  enum plot plot;
  struct story *story;
  struct proxy *proxy;
  const char *before, *after; /* dumps; the story's */
  char *exhaust;              /* the file that exhaust.c reads */
  struct passed passed;
  long allocations;
  int rounds_of_story, rounds, struck, as_before, as_after, silent; /* silent: the run ended well all the same */
  struct timespec begin;
};

const char *trial_name(enum plot plot) {
  static const char *const names[PLOTS] = {[FIRST_FILL] = "first fill", [CHANGES] = "changes", [REMOVAL] = "removal"};
  return names[plot];
}

const struct passed *trial_passed(const struct trial *trial) { return &trial->passed; }

long trial_allocations(const struct trial *trial) { return trial->allocations; }

/* ---- samples ---- */

static bool is_all(void) { return getenv("CLOSESYNCD_FAULT_ALL") != NULL; }

long trial_samples(long whole, long count) {
#ifdef FAULT_SANITIZED
  count = (count + 1) / 2; /* a few times slower; the other build tries the others */
#endif
  return is_all() || whole < count ? whole : count;
}

long trial_sample(long whole, long count, long i) {
  if (is_all() || whole <= count)
    return 1 + i;
  long from = whole * i / count, until = whole * (i + 1) / count;
  unsigned long mixed = ((unsigned long)i + 1) * 0x9e3779b97f4a7c15UL;
  return 1 + from + (long)((mixed >> 20) % (unsigned long)(until - from));
}

/* ---- states ---- */

/* No session of the binary is left: what it had under way is decided. */
static void settle(struct story *story) {
  static const char OTHERS[] = "select count(*) from pg_stat_activity where datname = current_database()"
                               " and backend_type = 'client backend' and pid <> pg_backend_pid()";
  const struct timespec nap = {.tv_nsec = 2000000};
  for (int i = 0; i < 5000; i++) {
    if (story_count(story, OTHERS) == 0)
      return;
    nanosleep(&nap, NULL);
  }
  story_fail(story, "a session of an ended run is still there");
}

static const char *state(struct trial *trial) { return story_dump(trial->story, PASSING); }

static void write_exhaust(struct trial *trial, long at) {
  FILE *file = fopen(trial->exhaust, "we");
  if (!file || fprintf(file, "%ld\n", at) < 0 || fclose(file) != 0)
    story_fail(trial->story, "could not write \"%s\"", trial->exhaust);
}

static long read_exhaust(const struct trial *trial) {
  char text[32] = "";
  FILE *file = fopen(trial->exhaust, "re");
  if (!file || !fgets(text, sizeof text, file))
    story_fail(trial->story, "could not read \"%s\"", trial->exhaust);
  fclose(file);
  return strtol(text, NULL, 10);
}

/* The state after, by a sweep that nothing disturbs. */
static void sweep_undisturbed(struct trial *trial) {
  proxy_arm(trial->proxy, FAULT_NONE, 0);
  write_exhaust(trial, 0);
  story_expect_exit(trial->story, 0, "sync", "--json", NULL);
  story_expect_exact(trial->story);
  story_expect_sql(
      trial->story, "0 ",
      "select sum(consecutive_failures) || ' ' || string_agg(coalesce(last_error, ''), '') from organization");
}

/* ---- plots ---- */

/* What no column takes. */
static const char STRANGE[] = "{\"id\": \"emailacct_strange\", \"organization_id\": \"orga_story1\", \"user_id\": 7,"
                              " \"email\": \"strange@example.com\", \"new_field\": [1, {\"a\": null}],"
                              " \"identities\": [{\"email\": \"b@example.com\", \"name\": \"\\u00e9 \\\"x\\\"\"}]}";

static void fill_close(struct story *story) {
  for (int i = 1; i <= 11; i++)
    story_put(story, 1,
              story_format(
                  story,
                  "{\"id\": \"emailacct_%02d\", \"_type\": \"custom_email\", \"organization_id\": \"orga_story1\","
                  " \"user_id\": \"user_story1\", \"email\": \"a%d@example.com\", \"send_status\": \"ok\","
                  " \"receive_status\": \"ok\", \"available_features\": [\"email_sending\", \"calendar_syncing\"],"
                  " \"enabled_features\": [\"email_sending\"], \"identities\": [{\"email\": \"a%d@example.com\","
                  " \"name\": \"A %d\"}], \"smtp\": {\"host\": \"mail.example.com\", \"port\": %d, \"use_ssl\": true,"
                  " \"username\": \"a\"}, \"available_calendars\": [{\"id\": \"c%d\", \"name\": \"C\"}]}",
                  i, i, i, i, 400 + i, i));
  story_put(story, 1, STRANGE);
}

static void change_close(struct story *story) {
  for (int i = 1; i <= 8; i++)
    story_edit(
        story, 1, story_format(story, "emailacct_%02d", i),
        story_format(story,
                     "{\"send_status\": \"error\", \"latest_send_error\": \"login %d refused\", \"enabled_features\":"
                     " [], \"identities\": [], \"smtp\": {\"host\": \"new.example.com\", \"port\": \"25\"}}",
                     i));
  story_put(story, 1, "{\"id\": \"emailacct_new\", \"_type\": \"google\", \"email\": \"new@example.com\"}");
}

static void begin_plot(struct trial *trial) {
  struct story *story = trial->story;
  story_expect_exit(story, 0, "migrate", NULL);
  fill_close(story);
  if (trial->plot == FIRST_FILL)
    return;
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  if (trial->plot == CHANGES) {
    change_close(story);
  } else {
    story_remove(story, 1, "emailacct_03");
    story_remove(story, 1, "emailacct_strange");
  }
}

/* ---- a story of its own for some rounds ---- */

static bool is_sanitized(void) {
#ifdef FAULT_SANITIZED
  return true;
#else
  return false;
#endif
}

static void open_story(struct trial *trial) {
  struct story *story = trial->story = story_create(1);
  const char *directory = story_format(story, "%s/proxy", story_directory(story));
  const char *direct = story_conninfo(story);
  const char *server = story_format(story, "%.*s", (int)strcspn(direct + 5, " "), direct + 5); /* behind "host=" */
  if (mkdir(directory, 0700) != 0)
    story_fail(story, "could not make \"%s\"", directory);
  begin_plot(trial);
  trial->proxy = proxy_create(directory, server);
  story_set(story, "database", "conninfo", story_format(story, "host=%s %s", directory, direct + 5 + strlen(server)));
  free(trial->exhaust);
  trial->exhaust = strdup(story_format(story, "%s/exhaust", story_directory(story)));
  if (!is_sanitized()) {
    story_environment(story, "LD_PRELOAD=" FAULT_EXHAUST);
    story_environment(story, story_format(story, "CLOSESYNCD_EXHAUST=%s", trial->exhaust));
  }
  story_sql(story, KEEP);
  trial->before = state(trial);
  sweep_undisturbed(trial);
  trial->passed = proxy_passed(trial->proxy);
  trial->allocations = is_sanitized() ? 0 : read_exhaust(trial);
  trial->after = state(trial);
  if (strcmp(trial->before, trial->after) == 0)
    story_fail(story, "the plot \"%s\" changes nothing", trial_name(trial->plot));
  trial->rounds_of_story = 0;
}

static void close_story(struct trial *trial) {
  proxy_destroy(trial->proxy);
  story_destroy(trial->story);
}

struct trial *trial_create(enum plot plot) {
  struct trial *trial = calloc(1, sizeof *trial);
  if (!trial)
    abort();
  trial->plot = plot;
  clock_gettime(CLOCK_MONOTONIC, &trial->begin);
  open_story(trial);
  return trial;
}

void trial_destroy(struct trial *trial) {
  struct timespec end;
  clock_gettime(CLOCK_MONOTONIC, &end);
  fprintf(stderr,
          "%s (%ld statements, %ld transactions, %ld bytes there, %ld back, %ld allocations): %d faults, %d struck, %d "
          "left the"
          " state before, %d the state after, %d did no harm: all well in %.0f s\n",
          trial_name(trial->plot), trial->passed.statements, trial->passed.syncs, trial->passed.up_bytes,
          trial->passed.down_bytes, trial->allocations, trial->rounds, trial->struck, trial->as_before, trial->as_after,
          trial->silent,
          (double)(end.tv_sec - trial->begin.tv_sec) + (double)(end.tv_nsec - trial->begin.tv_nsec) / 1e9);
  cr_assert_geq(trial->struck * 10, trial->rounds * 9);
  close_story(trial);
  free(trial->exhaust);
  free(trial);
}

/* ---- rounds ---- */

static bool is_among(int status, const int *exits) {
  for (; *exits; exits++)
    if (status == *exits)
      return true;
  return false;
}

static void judge(struct trial *trial, const struct run *run, const int *exits) {
  struct story *story = trial->story;
  settle(story);
  const char *found = state(trial);
  bool as_before = strcmp(found, trial->before) == 0, as_after = strcmp(found, trial->after) == 0;
  if (run->exit_status == 0)
    story_expect_same(story, trial->after, found);
  else if (!is_among(run->exit_status, exits))
    story_fail(story, "exit status %d is not among the right ones", run->exit_status);
  else if (!as_before && !as_after)
    story_expect_same(story, trial->before, found);
  if (run->exit_status != 0 && run->exit_status < 128 && !*run->err && !*run->out)
    story_fail(story, "exit status %d without a word", run->exit_status);
  trial->rounds++;
  trial->as_before += as_before;
  trial->as_after += as_after;
  trial->silent += run->exit_status == 0;
  sweep_undisturbed(trial);
  story_expect_same(story, trial->after, state(trial));
  story_expect_truth(story);
}

static void begin_round(struct trial *trial, const char *what, long at) {
  if (trial->rounds_of_story++ == ROUNDS_OF_A_STORY) {
    close_story(trial);
    open_story(trial);
  }
  story_note(trial->story, story_format(trial->story, "%s: %s %ld", trial_name(trial->plot), what, at));
  story_sql(trial->story, PUT_BACK);
  write_exhaust(trial, 0);
  proxy_arm(trial->proxy, FAULT_NONE, 0);
}

void trial_fault(struct trial *trial, enum fault fault, long at, const int *exits) {
  static const char *const names[] = {[FAULT_NONE] = "nothing",
                                      [FAULT_TERMINATE] = "backend terminated at point",
                                      [FAULT_CUT] = "cut at point",
                                      [FAULT_CUT_ANSWERED] = "cut behind the answer to point",
                                      [FAULT_CUT_UP] = "cut when the server has bytes",
                                      [FAULT_CUT_DOWN] = "cut when the client has bytes",
                                      [FAULT_KILL] = "killed at point",
                                      [FAULT_KILL_ANSWERED] = "killed behind the answer to point"};
  begin_round(trial, names[fault], at);
  proxy_arm(trial->proxy, fault, at);
  const struct run *run = story_start(trial->story, "sync", "--json", NULL);
  story_wait(trial->story, run, LIMIT_MS);
  trial->struck += proxy_passed(trial->proxy).struck;
  judge(trial, run, exits);
}

void trial_exhaust(struct trial *trial, long at, const int *exits) {
  begin_round(trial, "no memory for allocation", at);
  write_exhaust(trial, at);
  const struct run *run = story_start(trial->story, "sync", "--json", NULL);
  story_wait(trial->story, run, LIMIT_MS);
  if (run->exit_status == 0 && read_exhaust(trial) >= at)
    story_fail(trial->story, "an allocation failed and nobody noticed");
  if (run->exit_status != 0)
    story_expect_stderr(trial->story, run, "out of memory");
  trial->struck += run->exit_status != 0;
  judge(trial, run, exits);
}
