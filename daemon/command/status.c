#include "base/memory.h"
#include "command/command.h"
#include "sql/embedded.h"
#include "sync/schema.h"

/* `closesyncd status`: what the database knows, and of what is configured but was never reached, that. A database without
 * schema is no error: then nothing was ever reached. */

struct status {
  struct app app;
  const struct arguments *arguments;
  bool *told; /* by place in the configuration */
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
  if (append_field(&line, "organization", row, 0, false) && append_field(&line, "organization_id", row, 1, false) &&
      append_field(&line, "last_swept_at", row, 2, false) && append_field(&line, "outcome", row, 3, false) &&
      append_field(&line, "accounts", row, 4, true) && append_field(&line, "consecutive_failures", row, 9, true) &&
      append_field(&line, "error", row, 10, false))
    printf("%s}\n", line.bytes);
  buffer_finish(&line);
}

static void print_text(const struct db_row *row) {
  struct slice name = db_row_text(row, 0), swept = db_row_text(row, 2), outcome = db_row_text(row, 3),
               error = db_row_text(row, 10);
  printf("%-16.*s  %-10.*s  %6lld accounts  last swept %.*s", (int)name.length, name.bytes, (int)outcome.length,
         outcome.bytes, (long long)db_row_int(row, 4), swept.length == 0 ? 5 : (int)swept.length,
         swept.length == 0 ? "never" : swept.bytes);
  if (db_row_int(row, 9) > 0)
    printf("  %lld failures: %.*s", (long long)db_row_int(row, 9), (int)error.length, error.bytes);
  putchar('\n');
}

static void on_row(void *context, const struct db_row *row) {
  struct status *status = context;
  const struct config *config = status->app.config;
  for (int i = 0; i < config->organization_count; i++)
    if (slice_equals(db_row_text(row, 0), config->organizations[i].name))
      status->told[i] = true;
  if (status->arguments->json)
    print_json(row);
  else
    print_text(row);
}

static void print_never_reached(const struct status *status) {
  const struct config *config = status->app.config;
  for (int i = 0; i < config->organization_count; i++) {
    const char *name = config->organizations[i].name;
    if (status->told[i])
      continue;
    if (status->arguments->json)
      printf("{\"organization\": \"%s\", \"organization_id\": null, \"last_swept_at\": null, \"outcome\": null, "
             "\"accounts\": 0, "
             "\"consecutive_failures\": 0, \"error\": \"never reached\"}\n",
             name);
    else
      printf("%-16s  never reached\n", name);
  }
}

static void finish(struct status *status, const struct error *error) {
  if (error != NULL) {
    app_complain("%s", error->text);
    status->status = app_exit_status(error);
  } else {
    print_never_reached(status);
  }
  app_close(&status->app);
}

static void on_rows(void *context, const struct error *error) { finish(context, error); }

static void on_schema(void *context, const struct schema_state *state, const struct error *error) {
  struct status *status = context;
  struct db_statement statement = {.sql = sql_query_status};
  if (error == NULL && state->exists)
    db_query(status->app.tools.watch, &statement, on_row, on_rows, status);
  else
    finish(status, error);
}

int command_status(const struct arguments *arguments) {
  struct status status = {.arguments = arguments};
  int code = app_open(arguments, &(struct app_needs){.keys = false}, &status.app);
  if (code != 0)
    return code;
  status.told = memory_allocate(sizeof(bool) * ((size_t)status.app.config->organization_count + 1));
  struct schema_options options = {.loop = status.app.loop,
                                   .db = status.app.tools.watch,
                                   .schema = status.app.config->database.schema,
                                   .mode = SCHEMA_LOOK};
  schema_start(&options, on_schema, &status);
  app_run(&status.app);
  memory_free(status.told);
  return status.status;
}
