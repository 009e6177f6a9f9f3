#include "command/command.h"
#include "sync/schema.h"

/* `closesyncd migrate`: brings the schema up to date, or with --dry-run says what is pending. */

struct migrate {
  struct app app;
  const struct arguments *arguments;
  int steps, status;
};

static void on_step(void *context, const char *name) {
  struct migrate *migrate = context;
  migrate->steps++;
  printf("%s %s\n", migrate->arguments->dry_run ? "pending" : "applied", name);
}

static void on_done(void *context, const struct schema_state *state, const struct error *error) {
  struct migrate *migrate = context;
  if (error != NULL) {
    app_complain("%s", error->text);
    migrate->status = app_exit_status(error);
  } else if (migrate->steps == 0) {
    printf("the schema \"%s\" is up to date (version %d)\n", migrate->app.config->database.schema, state->version);
  }
  app_close(&migrate->app);
}

int command_migrate(const struct arguments *arguments) {
  struct migrate migrate = {.arguments = arguments};
  int status = app_open(arguments, &(struct app_needs){.keys = false}, &migrate.app);
  if (status != 0)
    return status;
  struct schema_options options = {.loop = migrate.app.loop,
                                   .db = migrate.app.tools.watch,
                                   .schema = migrate.app.config->database.schema,
                                   .mode = arguments->dry_run ? SCHEMA_LOOK : SCHEMA_APPLY,
                                   .step = on_step};
  schema_start(&options, on_done, &migrate);
  app_run(&migrate.app);
  return migrate.status;
}
