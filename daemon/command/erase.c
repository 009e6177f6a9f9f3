/* `closesyncd erase`: replaces the documents of a user, an account (of one organization alone, if one is given too) or an
 * organization by tombstones; the database keeps the ledger and refuses what is still at Close. An ID that nothing knows is most likely a
 * slip, and is told. For the schema's owner: the daemon's role may not. */
#include "command/command.h"
#include "command/schema_work.h"
#include "sql/embedded.h"

struct erase {
  struct schema_work work;
  struct db_statement statement;
  bool erased, known;
};

static void finish(struct erase *erase, const struct error *error) {
  if (error == NULL && !erase->erased && erase->known) {
    puts("nothing to erase: no document in the history and no rejected entry names it any more");
  } else if (error == NULL && !erase->erased) {
    app_complain(
        "nobody knows this ID: neither history, rejected entries, pruned accounts nor members; look at its letters");
    erase->work.status = 1;
  }
  schema_work_end(&erase->work, error);
}

static void on_known_row(void *context, const struct db_row *row) {
  struct erase *erase = context;
  erase->known = db_row_bool(row, 0);
}

static void on_known(void *context, const struct error *error) { finish(context, error); }

static void on_row(void *context, const struct db_row *row) {
  struct erase *erase = context;
  struct slice name = db_row_text(row, 0);
  long long documents = (long long)db_row_int(row, 4), rejected = (long long)db_row_int(row, 5);
  erase->erased = true;
  printf("%.*s  erased %lld documents of %lld accounts, %lld rejected entries", (int)name.length, name.bytes, documents,
         (long long)db_row_int(row, 3), rejected);
  if (db_row_int(row, 3) == 0 && rejected == 0)
    fputs(", but what was kept of members", stdout); /* else this organization had no row to tell of */
  if (!db_row_is_null(row, 2))
    printf(" (erasure %lld)", (long long)db_row_int(row, 2));
  putchar('\n');
}

static void on_rows(void *context, const struct error *error) {
  struct erase *erase = context;
  if (error != NULL || erase->erased) {
    finish(erase, error);
    return;
  }
  erase->statement.sql = sql_query_erase_known;
  erase->statement.count = 3;
  erase->statement.read_only = true;
  db_query(erase->work.app.shared.watch, &erase->statement, on_known_row, on_known, erase);
}

static void begin(void *context, bool exists) {
  struct erase *erase = context;
  const struct arguments *arguments = erase->work.arguments;
  if (!exists) {
    finish(erase, NULL);
    return;
  }
  erase->statement = (struct db_statement){
      .sql = sql_query_erase,
      .count = 5,
      .values = {slice_of(arguments->user_id), slice_of(arguments->account_id), slice_of(arguments->organization_id),
                 slice_of(arguments->reason), slice_of(erase->work.app.config->sync.notify ? "true" : "false")}};
  db_query(erase->work.app.shared.watch, &erase->statement, on_row, on_rows, erase);
}

static bool is_well_formed(const struct arguments *arguments) {
  bool user = arguments->user_id != NULL, account = arguments->account_id != NULL;
  bool one = !user || !account, any = user || account || arguments->organization_id != NULL;
  if (!one || !any)
    app_complain(
        "\"erase\" takes --user ID or --account ID, of one organization with --organization ID, or that alone");
  return one && any;
}

int command_erase(const struct arguments *arguments) {
  struct erase erase = {
      .work = {.arguments = arguments, .owners = "erase", .patient = true, .begin = begin, .context = &erase}};
  return is_well_formed(arguments) ? schema_work_run(&erase.work) : EXIT_USAGE;
}
