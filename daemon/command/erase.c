#include "command/command.h"
#include "sql/embedded.h"
#include "store/schema.h"
#include <string.h>

/* `closesyncd erase`: replaces the documents of a user, an account (of one organization alone, if one is given too) or an
 * organization by tombstones; the database keeps the ledger and refuses what is still at Close. For the schema's owner: the daemon's
 * role may not. */

struct erase {
  struct app app;
  const struct arguments *arguments;
  bool erased;
  int status;
};

static void finish(struct erase *erase, const struct error *error) {
  if (error != NULL && strcmp(error->code, DB_INSUFFICIENT_PRIVILEGE) == 0)
    app_complain("%s: only the owner of the schema may erase", error->text);
  else if (error != NULL)
    app_complain("%s", error->text);
  else if (!erase->erased)
    puts("nothing to erase: no document in the history and no rejected entry names it");
  erase->status = app_exit_status(error);
  app_close(&erase->app);
}

static void on_row(void *context, const struct db_row *row) {
  struct erase *erase = context;
  struct slice name = db_row_text(row, 0);
  long long documents = (long long)db_row_int(row, 4), rejected = (long long)db_row_int(row, 5);
  erase->erased = true;
  printf("%.*s  erased %lld documents of %lld accounts, %lld rejected entries", (int)name.length, name.bytes, documents,
         (long long)db_row_int(row, 3), rejected);
  if (!db_row_is_null(row, 2))
    printf(" (erasure %lld)", (long long)db_row_int(row, 2));
  putchar('\n');
}

static void on_rows(void *context, const struct error *error) { finish(context, error); }

static void on_schema(void *context, const struct schema_state *state, const struct error *error) {
  struct erase *erase = context;
  const struct arguments *arguments = erase->arguments;
  struct db_statement statement = {.sql = sql_query_erase,
                                   .count = 5,
                                   .values = {slice_of(arguments->user_id), slice_of(arguments->account_id),
                                              slice_of(arguments->organization_id), slice_of(arguments->reason),
                                              slice_of(erase->app.config->sync.notify ? "true" : "false")}};
  struct error pending;
  if (error == NULL && state->exists && state->pending > 0) {
    error_set(&pending, ERROR_CONFIG, "the schema \"%s\" is not up to date: run `closesyncd migrate`",
              erase->app.config->database.schema);
    error = &pending;
  }
  if (error == NULL && state->exists)
    db_query(erase->app.shared.watch, &statement, on_row, on_rows, erase);
  else
    finish(erase, error);
}

static bool is_well_formed(const struct arguments *arguments) {
  const char *const ids[] = {arguments->user_id, arguments->account_id, arguments->organization_id};
  for (int i = 0; i < 3; i++)
    if (ids[i] != NULL && *ids[i] == '\0') {
      app_complain("the ID to erase is empty");
      return false;
    }
  bool one = ids[0] == NULL || ids[1] == NULL, any = ids[0] != NULL || ids[1] != NULL || ids[2] != NULL;
  if (!one || !any)
    app_complain(
        "\"erase\" takes --user ID or --account ID, of one organization with --organization ID, or that alone");
  return one && any;
}

int command_erase(const struct arguments *arguments) {
  struct erase erase = {.arguments = arguments};
  if (!is_well_formed(arguments))
    return EXIT_USAGE;
  int status = app_open(arguments, &(struct app_needs){.keys = false, .patient = true}, &erase.app);
  if (status != 0)
    return status;
  struct schema_options options = {.loop = erase.app.loop,
                                   .db = erase.app.shared.watch,
                                   .schema = erase.app.config->database.schema,
                                   .mode = SCHEMA_LOOK};
  schema_start(&options, on_schema, &erase);
  app_run(&erase.app);
  return erase.status;
}
