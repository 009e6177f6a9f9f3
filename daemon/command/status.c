/* `closesyncd status`: what the database knows, and of what is configured but was never reached, that; with the reason, when a daemon
 * runs that can be asked. A database without schema is no error: then nothing was ever reached. Rows come in the order of their names,
 * then the never reached ones. */
#include "base/index.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/moment.h"
#include "command/check/token_life.h"
#include "command/command.h"
#include "command/schema_work.h"
#include "command/terminal.h"
#include "io/local_client.h"
#include "monitor/holders.h"
#include "sql/embedded.h"
#include "sweep/report.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { ANSWER_BYTES_MAX = 64 * 1024 * 1024 };
enum column {
  NAME,
  ID,
  SWEPT,
  OUTCOME,
  ACCOUNTS,
  FAILURES,
  ERROR,
  SWEPT_AGE,
  ADDED,
  CHANGED,
  REMOVED,
  CHANGE_AGE,
  SKIPPED,
  SKIPPED_AGE,
  CLOCK,
  NEWEST
};
enum { SKEW_TOLERATED_US = 60 * 1000 * 1000, STEP_TOLERATED_US = 1000 * 1000 };

struct status {
  struct schema_work work;
  struct terminal *terminal;
  struct holders *holders;
  struct index *configured;
  struct known {  /* by place in the configuration */
    bool is_told; /* by the database; else: */
    char *error;  /* what a running daemon says of it, or NULL */
    int64_t failures;
  } * known;
  struct buffer answer; /* of the daemon */
  int count, width, rows, healthy;
  int64_t accounts;
  int64_t database_us, machine_us; /* both clocks, at the first row */
};

/* `row` NULL: never reached. */
static struct slice field(const struct db_row *row, int column) {
  return row == NULL ? (struct slice){0} : db_row_optional(row, column);
}

static void print_object(const struct status *status, const struct db_row *row, struct slice name, int64_t failures,
                         struct slice error) {
  struct buffer line;
  struct json json;
  buffer_init(&line, 64 * 1024);
  json_init(&json, &line);
  json_begin_object(&json, NULL);
  json_slice(&json, "organization", name);
  json_slice(&json, "organization_id", field(row, ID));
  json_slice(&json, "last_swept_at", field(row, SWEPT));
  json_slice(&json, "outcome", field(row, OUTCOME));
  json_integer(&json, "accounts", row == NULL ? 0 : db_row_int(row, ACCOUNTS));
  json_integer(&json, "consecutive_failures", failures);
  json_slice(&json, "error", error);
  if (holders_width(status->holders) > 0)
    json_text(&json, "holder", holders_find(status->holders, name));
  json_end_object(&json);
  if (buffer_fits(&line))
    puts(line.bytes);
  buffer_finish(&line);
}

/* 0: there is no fleet, and no such column. */
static int holder_width(const struct status *status) {
  int width = holders_width(status->holders), least = (int)strlen("HOLDER");
  return width > 0 && width < least ? least : width;
}

static void print_head(const struct status *status) {
  char head[128];
  snprintf(head, sizeof head, "%-10s  %8s  %-37s  %s", "OUTCOME", "ACCOUNTS", "LAST SWEPT", "LAST CHANGE");
  terminal_word(status->terminal, TONE_STRONG, status->width + 2, "ORGANIZATION");
  if (holder_width(status) > 0)
    terminal_word(status->terminal, TONE_STRONG, holder_width(status) + 2, "HOLDER");
  terminal_word(status->terminal, TONE_STRONG, 0, head);
  putchar('\n');
}

/* "2026-11-23 00:17:54 UTC, 3 min ago" out of "2026-11-23T00:17:54.123456Z". */
static void write_swept(const struct db_row *row, char *text, size_t size) {
  char age[TERMINAL_SPAN_BYTES];
  struct slice at = db_row_text(row, SWEPT);
  if (at.length < 19) {
    snprintf(text, size, "never completely");
    return;
  }
  terminal_age(db_row_int(row, SWEPT_AGE), age);
  if (db_row_int(row, SWEPT_AGE) < 0)
    snprintf(age, sizeof age, "ahead of the clock");
  snprintf(text, size, "%.10s %.8s UTC, %s", at.bytes, at.bytes + 11, age);
}

static void write_change(const struct db_row *row, char *text, size_t size) {
  char age[TERMINAL_SPAN_BYTES];
  *text = '\0';
  if (db_row_is_null(row, CHANGE_AGE))
    return;
  terminal_age(db_row_int(row, CHANGE_AGE), age);
  snprintf(text, size, "+%lld ~%lld -%lld, %s", (long long)db_row_int(row, ADDED), (long long)db_row_int(row, CHANGED),
           (long long)db_row_int(row, REMOVED), age);
}

static enum tone tone_of(struct slice outcome) {
  enum outcome known;
  if (!outcome_parse(outcome, &known))
    return TONE_PLAIN;
  return known == OUTCOME_FAILED ? TONE_BAD : known >= OUTCOME_INCOMPLETE ? TONE_WARNING : TONE_GOOD;
}

static void print_name(const struct status *status, struct slice name) {
  terminal_clean(status->width, name);
  fputs("  ", stdout);
  if (holder_width(status) == 0)
    return;
  const char *holder = holders_find(status->holders, name);
  terminal_clean(holder_width(status), slice_of(holder == NULL ? "nobody" : holder));
  fputs("  ", stdout);
}

static void print_text(const struct status *status, const struct db_row *row) {
  char outcome[32], swept[80], change[128];
  db_row_put(row, OUTCOME, outcome, sizeof outcome);
  write_swept(row, swept, sizeof swept);
  write_change(row, change, sizeof change);
  print_name(status, db_row_text(row, NAME));
  terminal_word(status->terminal, tone_of(db_row_text(row, OUTCOME)), 10, outcome);
  printf("  %8lld  %-*s%s\n", (long long)db_row_int(row, ACCOUNTS), *change == '\0' ? 0 : 39, swept, change);
  int64_t failures = db_row_int(row, FAILURES);
  if (failures > 0 || !db_row_is_null(row, ERROR)) {
    printf("%*s", status->width + 2, "");
    if (failures > 0)
      printf("%lld %s in a row: ", (long long)failures, terminal_plural(failures, "failure", "failures"));
    terminal_clean(0, db_row_text(row, ERROR));
    putchar('\n');
  }
}

/* observed_at stands still until then. Told on stderr where stdout is for programs. */
static void warn_back(const struct status *status, const struct db_row *row) {
  char database[MOMENT_TEXT_BYTES], newest[MOMENT_TEXT_BYTES];
  struct slice name = db_row_text(row, NAME);
  if (db_row_int(row, NEWEST) - db_row_int(row, CLOCK) <= STEP_TOLERATED_US)
    return;
  moment_format(db_row_int(row, CLOCK), database);
  moment_format(db_row_int(row, NEWEST), newest);
  if (status->work.arguments->json)
    app_complain("the database's clock went back: it is %s, what was recorded last of \"%.*s\" is of %s", database,
                 (int)name.length, name.bytes, newest);
  else
    printf("%*sthe database's clock went back: it is %s, what was recorded last is of %s\n", status->width + 2, "",
           database, newest);
}

static void warn_skew(const struct status *status) {
  char database[MOMENT_TEXT_BYTES], machine[MOMENT_TEXT_BYTES];
  int64_t skew_us = status->database_us - status->machine_us;
  if (skew_us <= SKEW_TOLERATED_US && skew_us >= -SKEW_TOLERATED_US)
    return;
  moment_format(status->database_us, database);
  moment_format(status->machine_us, machine);
  app_complain(
      "the clocks of the database and of this machine differ by more than a minute: it is %s there and %s here",
      database, machine);
}

/* Another process has the lock, and the daemon waits for its turn. */
static void print_skipped(const struct status *status, const struct db_row *row) {
  char age[TERMINAL_SPAN_BYTES];
  int64_t turns = db_row_int(row, SKIPPED);
  if (turns == 0)
    return;
  terminal_age(db_row_int(row, SKIPPED_AGE), age);
  printf("%*s%lld %s skipped in a row, the last %s: another process has its lock\n", status->width + 2, "",
         (long long)turns, terminal_plural(turns, "turn", "turns"), age);
}

/* Of the tokens, this machine's file knows more than the database; who may not read it is told nothing. */
static void print_token(const struct status *status, const struct config_organization *organization) {
  char life[TOKEN_LIFE_BYTES];
  struct error error;
  if (organization->way != CONFIG_OAUTH || organization->token_path == NULL)
    return;
  if (token_life_tell(organization, life, &error))
    printf("%*sOAuth token: %s\n", status->width + 2, "", life);
  else if (access(organization->token_path, F_OK) != 0 && errno == ENOENT)
    printf("%*sOAuth token: none yet, run `closesyncd authorize %s`\n", status->width + 2, "", organization->name);
}

static void on_row(void *context, const struct db_row *row) {
  struct status *status = context;
  const struct config *config = status->work.app.config;
  uint32_t number;
  bool is_configured = index_find(status->configured, db_row_text(row, NAME), &number);
  if (!names_take(&status->work.names, db_row_text(row, NAME)))
    return;
  if (is_configured)
    status->known[number].is_told = true;
  status->accounts += db_row_int(row, ACCOUNTS);
  if (status->database_us == 0) {
    status->database_us = db_row_int(row, CLOCK);
    status->machine_us = moment_now_us();
  }
  status->healthy += tone_of(db_row_text(row, OUTCOME)) == TONE_GOOD ? 1 : 0;
  if (status->work.arguments->json) {
    print_object(status, row, db_row_text(row, NAME), db_row_int(row, FAILURES), field(row, ERROR));
    warn_back(status, row);
    return;
  }
  if (status->rows++ == 0)
    print_head(status);
  print_text(status, row);
  print_skipped(status, row);
  if (is_configured)
    print_token(status, &config->organizations[number]);
  warn_back(status, row);
}

/* In its own words, or where to ask. */
static void print_never_reached(struct status *status, int number) {
  const struct config_organization *organization = &status->work.app.config->organizations[number];
  const struct known *known = &status->known[number];
  char error[ERROR_TEXT_BYTES + 32];
  snprintf(error, sizeof error, "never reached%s%s", known->error == NULL ? "" : ": ",
           known->error == NULL ? "" : known->error);
  if (status->work.arguments->json) {
    print_object(status, NULL, slice_of(organization->name), known->failures, slice_of(error));
    return;
  }
  status->rows++;
  print_name(status, slice_of(organization->name));
  terminal_word(status->terminal, TONE_WARNING, 0, "never reached");
  if (!organization->enabled)
    fputs(" (disabled in the configuration)", stdout);
  else if (known->error == NULL)
    fputs(": `closesyncd check` tells why", stdout);
  else
    terminal_clean(0, slice_of(error + strlen("never reached")));
  putchar('\n');
  print_token(status, organization);
}

static void print_rest(struct status *status) {
  for (int i = 0; i < status->work.app.config->organization_count; i++)
    if (!status->known[i].is_told)
      print_never_reached(status, i);
  warn_skew(status);
  if (status->rows > 1)
    printf("%d organizations: %d well, %d not; %lld accounts\n", status->rows, status->healthy,
           status->rows - status->healthy, (long long)status->accounts);
  if (status->work.arguments->json)
    holders_warn(status->holders);
  else
    holders_print(status->holders);
  schema_work_end(&status->work, NULL);
}

static void on_reason_row(void *context, const struct db_row *row) {
  struct status *status = context;
  uint32_t number;
  if (!index_find(status->configured, db_row_text(row, 0), &number) || status->known[number].error != NULL)
    return;
  status->known[number].error = slice_copy(db_row_text(row, 2));
  status->known[number].failures = db_row_int(row, 1);
}

static void on_reasons(void *context, const struct error *error) {
  (void)error; /* whatever answers there, it is no daemon of ours */
  print_rest(context);
}

/* A failure before an organization is known is in no table, but the daemon knows of it. */
static void on_rows(void *context, const struct error *error) {
  struct status *status = context;
  const struct config *config = status->work.app.config;
  struct db_statement told = {.sql = sql_query_told, .read_only = true, .count = 1};
  bool missing = false;
  if (error != NULL) {
    schema_work_end(&status->work, error);
    return;
  }
  if (!schema_work_knows_names(&status->work))
    return;
  for (int i = 0; i < config->organization_count; i++) {
    status->known[i].is_told |= !names_take(&status->work.names, slice_of(config->organizations[i].name));
    missing |= !status->known[i].is_told && config->organizations[i].enabled;
  }
  if (missing && config->http.listen != NULL &&
      local_client_get(config->http.listen, "/status.json", &status->answer)) {
    told.values[0] = buffer_slice(&status->answer);
    db_query(status->work.app.shared.watch, &told, on_reason_row, on_reasons, status);
  } else {
    print_rest(status);
  }
}

static struct slice configured_key(const void *context, uint32_t number) {
  const struct config *config = context;
  return slice_of(config->organizations[number].name);
}

static void begin(void *context, bool exists) {
  struct status *status = context;
  struct db_statement statement = {.sql = sql_query_status, .read_only = true};
  const struct config *config = status->work.app.config;
  status->known = memory_allocate(sizeof *status->known * ((size_t)config->organization_count + 1));
  status->configured = index_create(configured_key, config, 0);
  status->width = (int)strlen("ORGANIZATION");
  status->count = config->organization_count;
  for (int i = 0; i < config->organization_count; i++) {
    bool is_new;
    index_add(status->configured, slice_of(config->organizations[i].name), &is_new);
    if ((int)strlen(config->organizations[i].name) > status->width)
      status->width = (int)strlen(config->organizations[i].name);
  }
  if (exists)
    holders_ask(status->holders, status->work.app.shared.watch, config);
  if (exists)
    db_query(status->work.app.shared.watch, &statement, on_row, on_rows, status);
  else
    on_rows(status, NULL);
}

static void finish(struct status *status, int count) {
  for (int i = 0; status->known != NULL && i < count; i++)
    memory_free(status->known[i].error);
  memory_free(status->known);
  index_destroy(status->configured);
  buffer_finish(&status->answer);
  holders_destroy(status->holders);
  terminal_close(status->terminal);
}

int command_status(const struct arguments *arguments) {
  struct status status = {.work = {.arguments = arguments, .begin = begin, .context = &status}};
  status.terminal = terminal_open(NULL);
  status.holders = holders_create();
  buffer_init(&status.answer, ANSWER_BYTES_MAX);
  int code = schema_work_run(&status.work);
  finish(&status, status.count);
  return code;
}
