#include "command/schema_work.h"
#include <string.h>

void schema_work_end(struct schema_work *work, const struct error *error) {
  if (error != NULL) {
    bool denied = work->owners != NULL && strcmp(error->code, DB_INSUFFICIENT_PRIVILEGE) == 0;
    app_complain("%s%s%s", error->text, denied ? ": only the owner of the schema may " : "",
                 denied ? work->owners : "");
    work->status = app_exit_status(error);
  }
  app_close(&work->app);
}

static void on_schema(void *context, const struct schema_state *state, const struct error *error) {
  struct schema_work *work = context;
  struct error pending;
  if (error == NULL && state->exists && state->pending > 0) {
    error_set(&pending, ERROR_CONFIG, "the schema \"%s\" is not up to date: run `closesyncd migrate`",
              work->app.config->database.schema);
    error = &pending;
  }
  if (error == NULL) {
    work->begin(work->context, state->exists);
    return;
  }
  schema_work_end(work, error);
  if (!names_judge(&work->names, work->app.config, false))
    work->status = EXIT_USAGE;
}

bool schema_work_knows_names(struct schema_work *work) {
  bool good = names_judge(&work->names, work->app.config, true);
  if (!good) {
    work->status = EXIT_USAGE;
    schema_work_end(work, NULL);
  }
  return good;
}

int schema_work_run(struct schema_work *work) {
  int status = app_open(work->arguments, &(struct app_needs){.patient = work->patient}, &work->app);
  if (status != 0)
    return status;
  struct schema_options options = {
      .db = work->app.shared.watch, .schema = work->app.config->database.schema, .mode = SCHEMA_LOOK};
  names_init(&work->names, work->arguments);
  schema_start(&options, on_schema, work);
  app_run(&work->app);
  names_finish(&work->names);
  return work->status;
}
