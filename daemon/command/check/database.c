/* The database's half of `check`. A pooler in transaction mode is caught in the act: of two sessions that are open at once, both then
 * have the same backend, or one of them another from question to question. */
#include "base/memory.h"
#include "command/check/parts.h"
#include "sql/embedded.h"
#include "store/schema.h"
#include <stdio.h>
#include <string.h>

enum { TURNS = 4 };

static void conclude(struct check_database *database) { database->done(database->context); }

static void skip(struct check_database *database, int from) {
  static const char *const things[] = {[PLACE_SCHEMA] = "schema", [PLACE_PRIVILEGES] = "privileges"};
  for (int place = from; place <= PLACE_PRIVILEGES; place++)
    check_report_add(database->check_report, place, FINDING_SKIPPED, things[place], "not looked at: see above");
}

static void on_bound_row(void *context, const struct db_row *row) {
  struct check_database *database = context;
  size_t count = (size_t)database->bound_count++ + 1;
  database->bound = memory_resize(database->bound, sizeof *database->bound * count);
  database->bound[count - 1] = (struct check_bound){.name = slice_copy(db_row_text(row, 0)),
                                                    .organization_id = slice_copy(db_row_text(row, 1)),
                                                    .user_id = slice_copy(db_row_optional(row, 2))};
}

static void on_bound(void *context, const struct error *error) {
  (void)error; /* without the privilege to read it, that was told before */
  conclude(context);
}

static void on_privilege(void *context, const struct db_row *row) {
  struct check_database *database = context;
  struct slice object = db_row_text(row, 0), privilege = db_row_text(row, 1);
  size_t before = database->missing.length;
  if (!buffer_append_format(&database->missing, "%s%.*s on %.*s", before == 0 ? "" : ", ", (int)privilege.length,
                            privilege.bytes, (int)object.length, object.bytes))
    database->missing.length = before; /* the first ones are enough to know what to do */
}

static void on_privileges(void *context, const struct error *error) {
  struct check_database *database = context;
  struct db_statement bound = {.sql = sql_query_bound, .read_only = true};
  if (error != NULL)
    check_report_add(database->check_report, PLACE_PRIVILEGES, FINDING_FAILED, "privileges", "%s", error->text);
  else if (database->missing.length > 0)
    check_report_add(database->check_report, PLACE_PRIVILEGES, FINDING_CONFIG, "privileges",
                     "the role lacks %s: run `closesyncd migrate --roles` as the schema's owner",
                     database->missing.bytes);
  else
    check_report_add(database->check_report, PLACE_PRIVILEGES, FINDING_OK, "privileges",
                     "the role may do what a sweep needs");
  db_query(database->app->shared.watch, &bound, on_bound_row, on_bound, database);
}

static void tell_schema(const struct check_database *database, const struct schema_state *state) {
  const char *schema = database->app->config->database.schema;
  const char *what = !state->exists                   ? "is not there yet"
                     : state->version < state->newest ? "is older than this closesyncd"
                                                      : "has another closesyncd's functions and views";
  if (!state->exists && *state->renamed_to != '\0')
    check_report_add(database->check_report, PLACE_SCHEMA, FINDING_CONFIG, "schema",
                     "\"%s\" is not there, but \"%s\" bore this name: set database.schema = %s, or rename it back",
                     schema, state->renamed_to, state->renamed_to);
  else if (*state->renamed_from != '\0')
    check_report_add(database->check_report, PLACE_SCHEMA, FINDING_CONFIG, "schema",
                     "\"%s\" was renamed, its functions still look in \"%s\": run `closesyncd migrate`%s", schema,
                     state->renamed_from, state->owner ? "" : " as a role that may");
  else if (state->pending == 0)
    check_report_add(database->check_report, PLACE_SCHEMA, FINDING_OK, "schema",
                     "\"%s\" is up to date (version %d), %s", schema, state->version,
                     state->owner ? "and this role may bring it further" : "and another role's to bring further");
  else if (state->owner)
    check_report_add(database->check_report, PLACE_SCHEMA, FINDING_OK, "schema",
                     "\"%s\" %s: the next sync, or `closesyncd migrate`, brings it to version %d", schema, what,
                     state->newest);
  else
    check_report_add(database->check_report, PLACE_SCHEMA, FINDING_CONFIG, "schema",
                     "\"%s\" %s, and this role may not change that: run `closesyncd migrate` as a role that may",
                     schema, what);
}

static void on_schema(void *context, const struct schema_state *state, const struct error *error) {
  struct check_database *database = context;
  struct db_statement privileges = {.sql = sql_query_privileges, .read_only = true};
  if (error != NULL) {
    enum finding finding = error->kind == ERROR_CONFIG        ? FINDING_CONFIG
                           : error->kind == ERROR_UNREACHABLE ? FINDING_UNREACHABLE
                                                              : FINDING_FAILED;
    check_report_add(database->check_report, PLACE_SCHEMA, finding, "schema", "%s", error->text);
    skip(database, PLACE_PRIVILEGES);
    conclude(database);
    return;
  }
  tell_schema(database, state);
  if (state->exists) {
    db_query(database->app->shared.watch, &privileges, on_privilege, on_privileges, database);
    return;
  }
  check_report_add(database->check_report, PLACE_PRIVILEGES, FINDING_SKIPPED, "privileges", "there is no schema yet");
  conclude(database);
}

static void tell_database(const struct check_database *database) {
  const int *pids = database->pids;
  bool two = database->app->shared.watch != database->app->shared.write; /* not with database.connections = 1 */
  bool shared = (two && pids[0] == pids[1]) || pids[0] != pids[2] || pids[1] != pids[3];
  const char *through = !database->pooled ? ", no pooler in between"
                        : two             ? ", through a pooler in session mode"
                              : ", through a pooler; whether in session mode, as it must be, one session cannot tell";
  if (shared)
    check_report_add(
        database->check_report, PLACE_DATABASE, FINDING_CONFIG, "database",
        "a pooler in transaction mode stands before PostgreSQL, where no lock and no setting of a session is "
        "safe: connect past it, or set its pool_mode = session for this database");
  else
    check_report_add(database->check_report, PLACE_DATABASE, FINDING_OK, "database", "PostgreSQL %s answers, %s%s",
                     database->server, database->place, through);
}

static void ask_who(struct check_database *database);

static void on_who_row(void *context, const struct db_row *row) {
  struct check_database *database = context;
  struct slice server = db_row_text(row, 1), name = db_row_text(row, 2), role = db_row_text(row, 3);
  database->pids[database->turn] = (int)db_row_int(row, 0);
  snprintf(database->server, sizeof database->server, "%.*s", (int)strcspn(server.bytes, " "), server.bytes);
  snprintf(database->place, sizeof database->place, "database \"%.*s\", role \"%.*s\"", (int)name.length, name.bytes,
           (int)role.length, role.bytes);
}

static struct db *session_of(const struct check_database *database) {
  return database->turn % 2 == 0 ? database->app->shared.watch : database->app->shared.write;
}

static void on_who(void *context, const struct error *error) {
  struct check_database *database = context;
  if (error != NULL) {
    enum finding finding = error->kind == ERROR_CONFIG     ? FINDING_CONFIG
                           : error->kind == ERROR_DATABASE ? FINDING_FAILED
                                                           : FINDING_UNREACHABLE;
    const char *advice = error->kind == ERROR_UNREACHABLE
                             ? "; check database.conninfo, and that PostgreSQL runs there and lets this role in"
                             : "";
    check_report_add(database->check_report, PLACE_DATABASE, finding, "database", "%s%s%s",
                     database->turn == 0 ? "" : "one session works, a second one does not: ", error->text, advice);
    skip(database, PLACE_SCHEMA);
    conclude(database);
    return;
  }
  database->pooled |= db_backend_pid(session_of(database)) != database->pids[database->turn];
  if (++database->turn < TURNS) {
    ask_who(database);
    return;
  }
  tell_database(database);
  schema_start(&(struct schema_options){.db = database->app->shared.watch,
                                        .schema = database->app->config->database.schema,
                                        .mode = SCHEMA_LOOK},
               on_schema, database);
}

/* The two sessions in turns. */
static void ask_who(struct check_database *database) {
  struct db_statement who = {.sql = sql_query_backend, .read_only = true};
  db_query(session_of(database), &who, on_who_row, on_who, database);
}

void check_database_start(struct check_database *database, struct app *app, struct check_report *check_report,
                          check_done_fn *done, void *context) {
  *database = (struct check_database){.app = app, .check_report = check_report, .done = done, .context = context};
  buffer_init(&database->missing, 1500);
  ask_who(database);
}

void check_database_finish(struct check_database *database) {
  for (int i = 0; i < database->bound_count; i++) {
    memory_free(database->bound[i].name);
    memory_free(database->bound[i].organization_id);
    memory_free(database->bound[i].user_id);
  }
  memory_free(database->bound);
  buffer_finish(&database->missing);
}
