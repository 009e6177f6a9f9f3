/* `closesyncd migrate`: brings the schema up to date, and with --roles creates its roles and tells what each has; with --dry-run
 * it only says what it would do. Roles made before get what new tables need without being asked for again; a schema has one set of them,
 * for another prefix would take the schema from the first. */
#include "command/command.h"
#include "sql/embedded.h"
#include "store/schema.h"
#include <string.h>

enum { SCRIPT_BYTES_MAX = 1024 * 1024 };

struct migrate {
  struct app app;
  const struct arguments *arguments;
  struct buffer script; /* makes the roles */
  char prefix[64];      /* of the roles: those made before, or else those to be made; empty: there are none */
  int steps, status;
};

static void finish(struct migrate *migrate, const struct error *error) {
  if (error != NULL) {
    app_complain("%s", error->text);
    migrate->status = app_exit_status(error);
  }
  buffer_finish(&migrate->script);
  app_close(&migrate->app);
}

static void on_told_row(void *context, const struct db_row *row) {
  struct slice role = db_row_text(row, 0), what = db_row_text(row, 1);
  (void)context;
  printf("%.*s: %.*s\n", (int)role.length, role.bytes, (int)what.length, what.bytes);
}

static void on_told(void *context, const struct error *error) { finish(context, error); }

static void on_roles(void *context, const struct error *error) {
  struct migrate *migrate = context;
  struct db_statement told = {
      .sql = sql_query_roles_told, .read_only = true, .count = 1, .values = {slice_of(migrate->prefix)}};
  struct error wrapped;
  if (error == NULL && migrate->arguments->roles != NULL) {
    db_query(migrate->app.shared.watch, &told, on_told_row, on_told, migrate);
    return;
  }
  if (error != NULL) {
    wrapped = *error;
    error_prefix(&wrapped, "could not create the roles");
    error = &wrapped;
  }
  finish(migrate, error);
}

static void on_statement(void *context, const struct db_row *row) {
  struct migrate *migrate = context;
  struct slice text = db_row_text(row, 0);
  if (migrate->arguments->dry_run)
    printf("%.*s;\n", (int)text.length, text.bytes);
  if (!buffer_append_format(&migrate->script, "%.*s;\n", (int)text.length, text.bytes))
    buffer_clear(&migrate->script); /* the limit is far above any number of objects */
}

static void on_statements(void *context, const struct error *error) {
  struct migrate *migrate = context;
  if (error != NULL || migrate->arguments->dry_run || migrate->script.length == 0)
    finish(migrate, error);
  else
    db_script(migrate->app.shared.watch, migrate->script.bytes, on_roles, migrate);
}

static void on_present_row(void *context, const struct db_row *row) {
  struct migrate *migrate = context;
  db_row_put(row, 0, migrate->prefix, sizeof migrate->prefix);
}

static void on_present(void *context, const struct error *error) {
  struct migrate *migrate = context;
  const char *wanted = migrate->arguments->roles, *present = migrate->prefix;
  struct error other;
  if (error == NULL && wanted != NULL && wanted != app_roles_preset && *present != '\0' &&
      strcmp(present, wanted) != 0) {
    error_set(&other, ERROR_CONFLICT, "the schema \"%s\" has roles already, %s_owner and the others: take --roles %s",
              migrate->app.config->database.schema, present, present);
    error = &other;
  }
  if (*present == '\0' && wanted != NULL)
    snprintf(migrate->prefix, sizeof migrate->prefix, "%s", wanted);
  struct db_statement statement = {
      .sql = sql_query_roles, .read_only = true, .count = 1, .values = {slice_of(migrate->prefix)}};
  if (error != NULL || migrate->prefix[0] == '\0')
    finish(migrate, error);
  else
    db_query(migrate->app.shared.watch, &statement, on_statement, on_statements, migrate);
}

static void on_step(void *context, const char *name) {
  struct migrate *migrate = context;
  migrate->steps++;
  printf("%s %s\n", migrate->arguments->dry_run ? "pending" : "applied", name);
}

static void on_done(void *context, const struct schema_state *state, const struct error *error) {
  struct migrate *migrate = context;
  const struct arguments *arguments = migrate->arguments;
  struct db_statement present = {.sql = sql_query_roles_present, .read_only = true};
  if (error == NULL && migrate->steps == 0)
    printf("the schema \"%s\" is up to date (version %d)\n", migrate->app.config->database.schema, state->version);
  if (error == NULL && !state->exists &&
      arguments->roles != NULL) /* their statements name the tables: there are none yet */
    printf("pending roles %s_owner, _writer, _auditor and _analyst\n", arguments->roles);
  if (error != NULL || !state->exists || (arguments->roles == NULL && (migrate->steps == 0 || arguments->dry_run)))
    finish(migrate, error);
  else
    db_query(migrate->app.shared.watch, &present, on_present_row, on_present, migrate);
}

/* PostgreSQL cuts names at 63 bytes, and the three must differ; it keeps names in pg_ for itself. */
static bool is_well_formed(const struct arguments *arguments) {
  const char *prefix = arguments->roles;
  size_t length = prefix == NULL ? 0 : strspn(prefix, "abcdefghijklmnopqrstuvwxyz0123456789_");
  if (prefix == NULL || (length >= 1 && length <= 50 && prefix[length] == '\0' && strncmp(prefix, "pg_", 3) != 0))
    return true;
  app_complain("the PREFIX of the roles must be 1 to 50 of a-z 0-9 _ and not begin with pg_, not \"%s\"", prefix);
  return false;
}

int command_migrate(const struct arguments *arguments) {
  struct migrate migrate = {.arguments = arguments};
  if (!is_well_formed(arguments))
    return EXIT_USAGE;
  int status = app_open(arguments, &(struct app_needs){.patient = true}, &migrate.app);
  if (status != 0)
    return status;
  buffer_init(&migrate.script, SCRIPT_BYTES_MAX);
  struct schema_options options = {.db = migrate.app.shared.watch,
                                   .schema = migrate.app.config->database.schema,
                                   .mode = arguments->dry_run ? SCHEMA_LOOK : SCHEMA_APPLY,
                                   .anew = true,
                                   .step = on_step};
  schema_start(&options, on_done, &migrate);
  app_run(&migrate.app);
  return migrate.status;
}
