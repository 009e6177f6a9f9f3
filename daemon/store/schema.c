/* The schema's versions. It looks, and when something is pending and may be applied it takes the lock, looks again and applies all that
 * is pending in one transaction: the migrations, and the functions and views when their checksum is not the recorded one. An interrupted
 * transaction leaves nothing behind, and no schema has new tables under old functions. */
#include "store/schema.h"
#include "base/memory.h"
#include "sql/embedded.h"
#include <stdio.h>
#include <string.h>

enum {
  SCRIPT_BYTES_MAX = 4 * 1024 * 1024,
  SERVER_VERSION_MIN = 150000,
  FUNCTION_OF_TABLES = 50, /* sql/function/NN_: from this number on they read tables */
};

struct schema {
  struct schema_options options;
  schema_done_fn *done;
  void *context;
  char *name; /* of the schema */
  struct schema_state state;
  struct error error;
  struct buffer script;
  char *statement; /* that creates the schema */
  bool schema_there, tables_there, is_owner, may_create, functions_fit, locked;
  char role[64], owner[64], encoding[64], stranger[64];
};

static void look(struct schema *schema);

static void conclude(struct schema *schema) {
  bool bad = schema->error.kind != ERROR_NONE;
  schema->done(schema->context, bad ? NULL : &schema->state, bad ? &schema->error : NULL);
  buffer_finish(&schema->script);
  memory_free(schema->statement);
  memory_free(schema->name);
  memory_free(schema);
}

static void on_unlocked(void *context, const struct error *error) {
  (void)error; /* a lost session has given its locks back */
  conclude(context);
}

static void end(struct schema *schema) {
  struct db_statement unlock = {.sql = sql_query_migrate_unlock, .count = 1, .values = {slice_of(schema->name)}};
  if (schema->locked)
    db_query(schema->options.db, &unlock, NULL, on_unlocked, schema);
  else
    conclude(schema);
}

static void fail(struct schema *schema, const struct error *error) {
  if (schema->error.kind == ERROR_NONE)
    schema->error = *error;
  end(schema);
}

/* Each migration and the functions and views, as far as they are pending. */
static void tell_steps(struct schema *schema) {
  if (schema->options.step == NULL || schema->state.pending == 0)
    return;
  for (int i = schema->state.version; i < sql_migration_count; i++)
    schema->options.step(schema->context, sql_migrations[i].name);
  schema->options.step(schema->context, "functions and views");
}

static void on_applied(void *context, const struct error *error) {
  struct schema *schema = context;
  const struct sql_file *first = &sql_migrations[schema->state.version],
                        *last = &sql_migrations[sql_migration_count - 1];
  if (error != NULL) {
    struct error wrapped = *error;
    if (schema->state.version == sql_migration_count)
      error_prefix(&wrapped, "could not apply functions and views");
    else if (first == last)
      error_prefix(&wrapped, "could not apply migration %04d_%s", first->version, first->name);
    else
      error_prefix(&wrapped, "could not apply migrations %04d_%s to %04d_%s", first->version, first->name,
                   last->version, last->name);
    fail(schema, &wrapped);
    return;
  }
  tell_steps(schema);
  schema->state.version = sql_migration_count;
  schema->state.pending = 0;
  schema->state.renamed_from[0] = '\0';
  schema->state.exists = true;
  end(schema);
}

static void append_files(struct buffer *script, const struct sql_file *files, int from, int to) {
  for (int i = from; i < to; i++)
    buffer_append_text(script, files[i].text);
}

static void append_migrations(struct buffer *script, int from) {
  for (int i = from; i < sql_migration_count; i++) {
    const struct sql_file *file = &sql_migrations[i];
    buffer_append_text(script, file->text);
    buffer_append_format(script, "\ninsert into migration (version, name, checksum) values (%d, '%s', '%s');\n",
                         file->version, file->name, file->checksum);
  }
}

/* All in one script, hence one transaction. The functions that read no table come first: tables may stand on them. It begins as the
 * schema's owner, of whom this role may be a mere member: what is made belongs where the rest belongs. */
static void apply(struct schema *schema) {
  struct buffer *script = &schema->script;
  int early = 0;
  while (early < sql_function_count && sql_functions[early].version < FUNCTION_OF_TABLES)
    early++;
  buffer_append_text(script, "select set_config('role', pg_get_userbyid(nspowner), true) from pg_namespace "
                             "where nspname = current_schema;\n");
  append_files(script, sql_functions, 0, early);
  append_migrations(script, schema->state.version);
  append_files(script, sql_functions, early, sql_function_count);
  append_files(script, sql_views, 0, sql_view_count);
  buffer_append_text(script, sql_query_schema_record);
  buffer_append_format(script,
                       "update migration set functions_checksum = '%s' "
                       "where version = (select max(version) from migration);\n",
                       sql_functions_checksum);
  if (buffer_fits(script)) {
    db_script(schema->options.db, script->bytes, on_applied, schema);
    return;
  }
  error_set(&schema->error, ERROR_BUG, "the migrations are larger than %d bytes together", SCRIPT_BYTES_MAX);
  end(schema);
}

static void on_created(void *context, const struct error *error) {
  struct schema *schema = context;
  if (error != NULL)
    fail(schema, error);
  else
    apply(schema);
}

static void on_statement_row(void *context, const struct db_row *row) {
  struct schema *schema = context;
  memory_free(schema->statement);
  schema->statement = slice_copy(db_row_text(row, 0));
}

static void on_statement(void *context, const struct error *error) {
  struct schema *schema = context;
  if (error != NULL)
    fail(schema, error);
  else
    db_script(schema->options.db, schema->statement, on_created, schema);
}

static void make(struct schema *schema) {
  struct db_statement create = {.sql = sql_query_schema_create, .count = 1, .values = {slice_of(schema->name)}};
  if (schema->schema_there)
    apply(schema);
  else
    db_query(schema->options.db, &create, on_statement_row, on_statement, schema);
}

static void on_locked(void *context, const struct error *error) {
  struct schema *schema = context;
  struct error busy;
  if (error != NULL && strcmp(error->code, "55P03") == 0) {
    error_set(
        &busy, ERROR_DATABASE,
        "another process has been migrating the schema \"%s\" for longer than database.lock_timeout: wait for it, "
        "then try again",
        schema->name);
    error = &busy;
  }
  if (error != NULL) {
    fail(schema, error);
    return;
  }
  schema->locked = true;
  look(schema);
}

/* Looked: what now? */
static void decide(struct schema *schema) {
  struct db_statement lock = {.sql = sql_query_migrate_lock, .count = 1, .values = {slice_of(schema->name)}};
  schema->state.pending = sql_migration_count - schema->state.version;
  if (schema->state.pending > 0 || !schema->functions_fit || schema->state.renamed_from[0] != '\0')
    schema->state.pending++; /* functions and views */
  schema->state.exists = schema->state.version > 0;
  schema->state.owner = schema->schema_there ? schema->is_owner : schema->may_create;
  if (schema->options.mode == SCHEMA_LOOK || schema->state.pending == 0) {
    tell_steps(schema);
    end(schema);
  } else if (!schema->state.exists && schema->state.renamed_to[0] != '\0' && !schema->options.anew) {
    error_set(&schema->error, ERROR_CONFIG,
              "the schema \"%s\" is not there, but \"%s\" bore this name: set database.schema = %s, rename it back, or "
              "run `closesyncd migrate` to begin anew",
              schema->name, schema->state.renamed_to, schema->state.renamed_to);
    end(schema);
  } else if (!schema->state.owner) {
    if (schema->schema_there)
      error_set(&schema->error, ERROR_CONFIG,
                "the schema \"%s\" is not up to date and belongs to \"%s\", not to \"%s\": run `closesyncd migrate` as "
                "its owner",
                schema->name, schema->owner, schema->role);
    else
      error_set(
          &schema->error, ERROR_CONFIG,
          "the schema \"%s\" is not there and \"%s\" may not create it: run `closesyncd migrate` as a role that may",
          schema->name, schema->role);
    end(schema);
  } else if (!schema->locked) {
    db_query(schema->options.db, &lock, NULL, on_locked, schema);
  } else {
    make(schema);
  }
}

static void check_version(struct schema *schema, int64_t version, struct slice name, struct slice applied) {
  if (schema->error.kind != ERROR_NONE)
    return;
  if (version > sql_migration_count) {
    error_set(&schema->error, ERROR_CONFIG,
              "the schema \"%s\" is newer (version %lld, \"%.*s\") than this closesyncd (version %d): install the "
              "newer closesyncd",
              schema->name, (long long)version, (int)name.length, name.bytes, sql_migration_count);
    return;
  }
  const struct sql_file *file = &sql_migrations[schema->state.version];
  if (file->version != version || !slice_equals(applied, file->checksum))
    error_set(&schema->error, ERROR_CONFIG,
              "migration %04d_%s was edited after it was applied to the schema \"%s\": restore the closesyncd that "
              "applied it",
              file->version, file->name, schema->name);
  schema->state.version++;
}

static void on_version_row(void *context, const struct db_row *row) {
  struct schema *schema = context;
  check_version(schema, db_row_int(row, 0), db_row_text(row, 1), db_row_text(row, 2));
  if (!db_row_is_null(row, 3)) /* the newest row that has one tells */
    schema->functions_fit = slice_equals(db_row_text(row, 3), sql_functions_checksum);
}

/* A schema without usage is passed over in the search_path: its tables seem not to be there. */
static bool is_closed_to_us(const struct error *error) {
  return strcmp(error->code, DB_INSUFFICIENT_PRIVILEGE) == 0 || strcmp(error->code, "42P01") == 0;
}

static void on_versions(void *context, const struct error *error) {
  struct schema *schema = context;
  if (error != NULL && is_closed_to_us(error)) {
    error_set(&schema->error, ERROR_CONFIG,
              "the schema \"%s\" may not be read by \"%s\": run `closesyncd migrate --roles` as the schema's owner, "
              "and grant "
              "it one of the roles",
              schema->name, schema->role);
    end(schema);
  } else if (error != NULL)
    fail(schema, error);
  else if (schema->error.kind != ERROR_NONE)
    end(schema);
  else
    decide(schema);
}

static void on_state_row(void *context, const struct db_row *row) {
  struct schema *schema = context;
  schema->state.server_version = (int)db_row_int(row, 0);
  db_row_put(row, 2, schema->role, sizeof schema->role);
  schema->schema_there = db_row_bool(row, 3);
  db_row_put(row, 4, schema->owner, sizeof schema->owner);
  schema->is_owner = db_row_bool(row, 5);
  schema->may_create = db_row_bool(row, 6);
  schema->tables_there = db_row_bool(row, 7);
  db_row_put(row, 8, schema->encoding, sizeof schema->encoding);
  db_row_put(row, 9, schema->stranger, sizeof schema->stranger);
  db_row_put(row, 10, schema->state.renamed_from, sizeof schema->state.renamed_from);
  db_row_put(row, 11, schema->state.renamed_to, sizeof schema->state.renamed_to);
}

static void on_state(void *context, const struct error *error) {
  struct schema *schema = context;
  schema->state.version = 0;
  schema->functions_fit = false;
  if (error != NULL) {
    fail(schema, error);
  } else if (schema->state.server_version < SERVER_VERSION_MIN) {
    error_set(&schema->error, ERROR_CONFIG, "PostgreSQL 15 or newer is needed, this server is version %d",
              schema->state.server_version / 10000);
    end(schema);
  } else if (strcmp(schema->encoding, "UTF8") != 0 && strcmp(schema->encoding, "SQL_ASCII") != 0) {
    error_set(&schema->error, ERROR_CONFIG,
              "the database's encoding is %s, which cannot hold all that Close says: create one with encoding UTF8",
              schema->encoding);
    end(schema);
  } else if (schema->tables_there) {
    struct db_statement versions = {.sql = sql_query_schema_versions, .read_only = schema->options.mode == SCHEMA_LOOK};
    db_query(schema->options.db, &versions, on_version_row, on_versions, schema);
  } else if (schema->stranger[0] != '\0') {
    error_set(
        &schema->error, ERROR_CONFIG,
        "the schema \"%s\" holds \"%s\" but no table \"migration\", so it is not closesyncd's: name another one in "
        "database.schema",
        schema->name, schema->stranger);
    end(schema);
  } else {
    decide(schema);
  }
}

static void look(struct schema *schema) {
  struct db_statement statement = {.sql = sql_query_schema_state,
                                   .count = 1,
                                   .values = {slice_of(schema->name)},
                                   .read_only = schema->options.mode == SCHEMA_LOOK};
  db_query(schema->options.db, &statement, on_state_row, on_state, schema);
}

void schema_start(const struct schema_options *options, schema_done_fn *done, void *context) {
  struct schema *schema = memory_allocate(sizeof *schema);
  *schema = (struct schema){.options = *options,
                            .done = done,
                            .context = context,
                            .name = memory_copy_text(options->schema),
                            .state.newest = sql_migration_count};
  buffer_init(&schema->script, SCRIPT_BYTES_MAX);
  look(schema);
}
