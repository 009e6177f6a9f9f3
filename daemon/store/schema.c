#include "store/schema.h"
#include "base/hash.h"
#include "base/memory.h"
#include "sql/embedded.h"
#include <stdio.h>
#include <string.h>

/* What this file is for: the schema's versions. It looks, and when something is pending and may be applied it takes the lock, looks
 * again and applies one migration after the other. It promises that an interrupted one leaves nothing behind. */

enum { SCRIPT_BYTES_MAX = 4 * 1024 * 1024, SERVER_VERSION_MIN = 150000 };

struct schema {
  struct schema_options options;
  schema_done_fn *done;
  void *context;
  char *name; /* of the schema */
  struct schema_state state;
  struct error error;
  struct buffer script;
  char *statement; /* that creates the schema */
  bool schema_there, tables_there, is_owner, may_create, locked;
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

static void checksum(const char *text, char ret_hex[2 * HASH_BYTES + 1]) {
  unsigned char digest[HASH_BYTES];
  struct hasher *hasher = hasher_create();
  hasher_digest(hasher, slice_of(text), digest);
  text_hex(digest, HASH_BYTES, ret_hex);
  hasher_destroy(hasher);
}

static void next_migration(struct schema *schema);

static void on_migrated(void *context, const struct error *error) {
  struct schema *schema = context;
  const struct sql_file *file = &sql_migrations[schema->state.version];
  if (error != NULL) {
    struct error wrapped = *error;
    error_prefix(&wrapped, "could not apply migration %04d_%s", file->version, file->name);
    fail(schema, &wrapped);
    return;
  }
  schema->state.version++;
  schema->state.pending--;
  schema->state.exists = true;
  if (schema->options.step != NULL)
    schema->options.step(schema->context, file->name);
  next_migration(schema);
}

static void next_migration(struct schema *schema) {
  const struct sql_file *file = &sql_migrations[schema->state.version];
  char hex[2 * HASH_BYTES + 1];
  if (schema->state.pending == 0) {
    end(schema);
    return;
  }
  checksum(file->text, hex);
  buffer_clear(&schema->script);
  /* As the schema's owner, of whom this role may be a mere member: what is made belongs where the rest belongs. */
  if (!buffer_append_text(&schema->script,
                          "select set_config('role', pg_get_userbyid(nspowner), true) from pg_namespace "
                          "where nspname = current_schema;\n") ||
      !buffer_append_text(&schema->script, file->text) ||
      !buffer_append_format(&schema->script,
                            "\ninsert into migration (version, name, checksum) values (%d, '%s', '%s');\n",
                            file->version, file->name, hex))
    buffer_clear(&schema->script); /* the limit is far above any migration */
  db_script(schema->options.db, schema->script.bytes, on_migrated, schema);
}

static void on_created(void *context, const struct error *error) {
  struct schema *schema = context;
  if (error != NULL)
    fail(schema, error);
  else
    next_migration(schema);
}

static void on_statement_row(void *context, const struct db_row *row) {
  struct schema *schema = context;
  struct slice text = db_row_text(row, 0);
  memory_free(schema->statement);
  schema->statement = memory_copy(text.bytes, text.length);
}

static void on_statement(void *context, const struct error *error) {
  struct schema *schema = context;
  if (error != NULL)
    fail(schema, error);
  else
    db_script(schema->options.db, schema->statement, on_created, schema);
}

static void apply(struct schema *schema) {
  struct db_statement create = {.sql = sql_query_schema_create, .count = 1, .values = {slice_of(schema->name)}};
  if (schema->schema_there)
    next_migration(schema);
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
  schema->state.exists = schema->state.version > 0;
  schema->state.owner = schema->schema_there ? schema->is_owner : schema->may_create;
  if (schema->options.mode == SCHEMA_LOOK || schema->state.pending == 0) {
    for (int i = schema->state.version; schema->options.step != NULL && i < sql_migration_count; i++)
      schema->options.step(schema->context, sql_migrations[i].name);
    end(schema);
  } else if (!schema->state.owner) {
    struct error error;
    if (schema->schema_there)
      error_set(&error, ERROR_CONFIG,
                "the schema \"%s\" is not up to date and belongs to \"%s\", not to \"%s\": run `closesyncd migrate` as "
                "its owner",
                schema->name, schema->owner, schema->role);
    else
      error_set(
          &error, ERROR_CONFIG,
          "the schema \"%s\" is not there and \"%s\" may not create it: run `closesyncd migrate` as a role that may",
          schema->name, schema->role);
    fail(schema, &error);
  } else if (!schema->locked) {
    db_query(schema->options.db, &lock, NULL, on_locked, schema);
  } else {
    apply(schema);
  }
}

static void check_version(struct schema *schema, int64_t version, struct slice name, struct slice applied) {
  char hex[2 * HASH_BYTES + 1];
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
  checksum(file->text, hex);
  if (file->version != version || !slice_equals(applied, hex))
    error_set(&schema->error, ERROR_CONFIG,
              "migration %04d_%s was edited after it was applied to the schema \"%s\": restore the closesyncd that "
              "applied it",
              file->version, file->name, schema->name);
  schema->state.version++;
}

static void on_version_row(void *context, const struct db_row *row) {
  check_version(context, db_row_int(row, 0), db_row_text(row, 1), db_row_text(row, 2));
}

/* A schema without usage is passed over in the search_path: its tables seem not to be there. */
static bool is_closed_to_us(const struct error *error) {
  return strcmp(error->code, DB_INSUFFICIENT_PRIVILEGE) == 0 || strcmp(error->code, "42P01") == 0;
}

static void on_versions(void *context, const struct error *error) {
  struct schema *schema = context;
  struct error closed;
  if (error != NULL && is_closed_to_us(error)) {
    error_set(&closed, ERROR_CONFIG,
              "the schema \"%s\" may not be read by \"%s\": run `closesyncd migrate --roles` as the schema's owner, "
              "and grant "
              "it one of the roles",
              schema->name, schema->role);
    fail(schema, &closed);
  } else if (error != NULL)
    fail(schema, error);
  else if (schema->error.kind != ERROR_NONE)
    end(schema);
  else
    decide(schema);
}

static void on_state_row(void *context, const struct db_row *row) {
  struct schema *schema = context;
  struct slice role = db_row_text(row, 2), owner = db_row_text(row, 4);
  schema->state.server_version = (int)db_row_int(row, 0);
  snprintf(schema->role, sizeof schema->role, "%.*s", (int)role.length, role.bytes);
  schema->schema_there = db_row_bool(row, 3);
  snprintf(schema->owner, sizeof schema->owner, "%.*s", (int)owner.length, owner.bytes);
  schema->is_owner = db_row_bool(row, 5);
  schema->may_create = db_row_bool(row, 6);
  schema->tables_there = db_row_bool(row, 7);
  struct slice encoding = db_row_text(row, 8), stranger = db_row_text(row, 9);
  snprintf(schema->encoding, sizeof schema->encoding, "%.*s", (int)encoding.length, encoding.bytes);
  snprintf(schema->stranger, sizeof schema->stranger, "%.*s", (int)stranger.length, stranger.bytes);
}

static void on_state(void *context, const struct error *error) {
  struct schema *schema = context;
  struct error old;
  schema->state.version = 0;
  if (error != NULL) {
    fail(schema, error);
  } else if (schema->state.server_version < SERVER_VERSION_MIN) {
    error_set(&old, ERROR_CONFIG, "PostgreSQL 15 or newer is needed, this server is version %d",
              schema->state.server_version / 10000);
    fail(schema, &old);
  } else if (strcmp(schema->encoding, "UTF8") != 0 && strcmp(schema->encoding, "SQL_ASCII") != 0) {
    error_set(&old, ERROR_CONFIG,
              "the database's encoding is %s, which cannot hold all that Close says: create one with encoding UTF8",
              schema->encoding);
    fail(schema, &old);
  } else if (schema->tables_there) {
    struct db_statement versions = {.sql = sql_query_schema_versions, .read_only = schema->options.mode == SCHEMA_LOOK};
    db_query(schema->options.db, &versions, on_version_row, on_versions, schema);
  } else if (schema->stranger[0] != '\0') {
    error_set(
        &old, ERROR_CONFIG,
        "the schema \"%s\" holds \"%s\" but no table \"migration\", so it is not closesyncd's: name another one in "
        "database.schema",
        schema->name, schema->stranger);
    fail(schema, &old);
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
  *schema =
      (struct schema){.options = *options, .done = done, .context = context, .name = memory_copy_text(options->schema)};
  buffer_init(&schema->script, SCRIPT_BYTES_MAX);
  look(schema);
}
