#pragma once
/* The schema's versions: sql/migrations in order, then sql/function and sql/view when they are not the recorded ones, all in one
 * transaction under one advisory lock. An edited migration and a schema newer than this binary are refused (contract section 2). */
#include "io/db.h"

enum schema_mode {
  SCHEMA_APPLY, /* bring it up to date; the role must be able to */
  SCHEMA_LOOK,  /* change nothing: report what is pending */
};

struct schema_state {
  bool exists;        /* the schema is there and holds our tables */
  bool owner;         /* the role owns it, or may create it */
  int version;        /* of the newest migration that was applied */
  int newest;         /* of the newest one this binary has */
  int pending;        /* steps to get there: migrations, and one for functions and views; 0: up to date */
  int server_version; /* 150004 */
  /* `alter schema … rename`: the old name, where functions still look (a step is then pending); and of a schema that is not there, under
   * which name it is. Empty: not so. */
  char renamed_from[64], renamed_to[64];
};

/* Called for each step that was applied (APPLY) or is pending (LOOK): a migration's name, or "functions and views". */
typedef void schema_step_fn(void *context, const char *name);
/* error->kind CONFIG: the administrator must act (not the owner, edited, newer): exit 78. */
typedef void schema_done_fn(void *context, const struct schema_state *state, const struct error *error);

struct schema_options {
  struct db *db;
  const char *schema;
  enum schema_mode mode;
  bool anew;            /* make it also where it was only renamed */
  schema_step_fn *step; /* or NULL */
};

/* The completion comes exactly once, from the loop. */
void schema_start(const struct schema_options *options, schema_done_fn *done, void *context);
