#include "base/memory.h"
#include "command/command.h"
#include "command/terminal.h"
#include "sql/embedded.h"
#include "store/schema.h"
#include "sweep/report.h"
#include <string.h>

/* `closesyncd status`: what the database knows, and of what is configured but was never reached, that. A database without
 * schema is no error: then nothing was ever reached. Rows come in the order of their names, then the never reached ones. */

enum column { NAME, ID, SWEPT, OUTCOME, ACCOUNTS, FAILURES, ERROR, SWEPT_AGE, ADDED, CHANGED, REMOVED, CHANGE_AGE };

struct status {
  struct app app;
  const struct arguments *arguments;
  struct terminal *terminal;
  bool *told; /* by place in the configuration */
  int width, rows, healthy;
  int64_t accounts;
  int status;
};

static bool append_field(struct buffer *line, const char *name, const struct db_row *row, int column, bool number) {
  if (!buffer_append_format(line, "%s\"%s\": ", line->length == 0 ? "{" : ", ", name))
    return false;
  if (db_row_is_null(row, column))
    return buffer_append_text(line, "null");
  struct slice text = db_row_text(row, column);
  return number ? buffer_append(line, text.bytes, text.length) : text_append_json(line, text);
}

static void print_json(const struct db_row *row) {
  struct buffer line;
  buffer_init(&line, 64 * 1024);
  if (append_field(&line, "organization", row, NAME, false) && append_field(&line, "organization_id", row, ID, false) &&
      append_field(&line, "last_swept_at", row, SWEPT, false) && append_field(&line, "outcome", row, OUTCOME, false) &&
      append_field(&line, "accounts", row, ACCOUNTS, true) &&
      append_field(&line, "consecutive_failures", row, FAILURES, true) &&
      append_field(&line, "error", row, ERROR, false))
    printf("%s}\n", line.bytes);
  buffer_finish(&line);
}

static void print_head(const struct status *status) {
  char head[128];
  snprintf(head, sizeof head, "%-10s  %8s  %-37s  %s", "OUTCOME", "ACCOUNTS", "LAST SWEPT", "LAST CHANGE");
  terminal_word(status->terminal, TONE_STRONG, status->width + 2, "ORGANIZATION");
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
  terminal_clean(stdout, status->width, name);
  fputs("  ", stdout);
}

static void print_text(const struct status *status, const struct db_row *row) {
  char outcome[32], swept[80], change[128];
  struct slice text = db_row_text(row, OUTCOME);
  snprintf(outcome, sizeof outcome, "%.*s", (int)text.length, text.length == 0 ? "" : text.bytes);
  write_swept(row, swept, sizeof swept);
  write_change(row, change, sizeof change);
  print_name(status, db_row_text(row, NAME));
  terminal_word(status->terminal, tone_of(text), 10, outcome);
  printf("  %8lld  %-*s%s\n", (long long)db_row_int(row, ACCOUNTS), *change == '\0' ? 0 : 39, swept, change);
  int64_t failures = db_row_int(row, FAILURES);
  if (failures > 0 || !db_row_is_null(row, ERROR)) {
    printf("%*s", status->width + 2, "");
    if (failures > 0)
      printf("%lld %s in a row: ", (long long)failures, terminal_plural(failures, "failure", "failures"));
    terminal_clean(stdout, 0, db_row_text(row, ERROR));
    putchar('\n');
  }
}

static void on_row(void *context, const struct db_row *row) {
  struct status *status = context;
  const struct config *config = status->app.config;
  for (int i = 0; i < config->organization_count; i++)
    if (slice_equals(db_row_text(row, NAME), config->organizations[i].name))
      status->told[i] = true;
  status->accounts += db_row_int(row, ACCOUNTS);
  status->healthy += tone_of(db_row_text(row, OUTCOME)) == TONE_GOOD ? 1 : 0;
  if (status->arguments->json) {
    print_json(row);
    return;
  }
  if (status->rows++ == 0)
    print_head(status);
  print_text(status, row);
}

static void print_never_reached(struct status *status) {
  const struct config *config = status->app.config;
  for (int i = 0; i < config->organization_count; i++) {
    const struct config_organization *organization = &config->organizations[i];
    if (status->told[i])
      continue;
    if (status->arguments->json) {
      printf("{\"organization\": \"%s\", \"organization_id\": null, \"last_swept_at\": null, \"outcome\": null, "
             "\"accounts\": 0, \"consecutive_failures\": 0, \"error\": \"never reached\"}\n",
             organization->name);
      continue;
    }
    status->rows++;
    print_name(status, slice_of(organization->name));
    terminal_word(status->terminal, TONE_WARNING, 0, "never reached");
    puts(organization->enabled ? "" : " (disabled in the configuration)");
  }
}

static void finish(struct status *status, const struct error *error) {
  if (error != NULL) {
    app_complain("%s", error->text);
    status->status = app_exit_status(error);
  } else {
    print_never_reached(status);
    if (status->rows > 1)
      printf("%d organizations: %d well, %d not; %lld accounts\n", status->rows, status->healthy,
             status->rows - status->healthy, (long long)status->accounts);
  }
  app_close(&status->app);
}

static void on_rows(void *context, const struct error *error) { finish(context, error); }

static void on_schema(void *context, const struct schema_state *state, const struct error *error) {
  struct status *status = context;
  struct db_statement statement = {.sql = sql_query_status, .read_only = true};
  if (error == NULL && state->exists)
    db_query(status->app.shared.watch, &statement, on_row, on_rows, status);
  else
    finish(status, error);
}

static void measure(struct status *status) {
  const struct config *config = status->app.config;
  status->width = (int)strlen("ORGANIZATION");
  for (int i = 0; i < config->organization_count; i++)
    if ((int)strlen(config->organizations[i].name) > status->width)
      status->width = (int)strlen(config->organizations[i].name);
}

int command_status(const struct arguments *arguments) {
  struct status status = {.arguments = arguments};
  int code = app_open(arguments, &(struct app_needs){.keys = false}, &status.app);
  if (code != 0)
    return code;
  status.told = memory_allocate(sizeof(bool) * ((size_t)status.app.config->organization_count + 1));
  status.terminal = terminal_open(NULL);
  measure(&status);
  struct schema_options options = {.loop = status.app.loop,
                                   .db = status.app.shared.watch,
                                   .schema = status.app.config->database.schema,
                                   .mode = SCHEMA_LOOK};
  schema_start(&options, on_schema, &status);
  app_run(&status.app);
  terminal_close(status.terminal);
  memory_free(status.told);
  return status.status;
}
