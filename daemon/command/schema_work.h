#pragma once
/* What the commands share that work on a schema as it is: open, look at the schema, refuse one that is not up to date, work, close. */
#include "app.h"
#include "command/names.h"
#include "store/schema.h"

struct schema_work {
  struct app app;
  const struct arguments *arguments;
  struct names names;
  const char *owners; /* "erase": what only the schema's owner may; NULL: anybody who has the privileges */
  bool patient;       /* see struct app_needs */
  /* The schema is there and up to date; or is not there at all, and `exists` is false. Ends with schema_work_end(). */
  void (*begin)(void *context, bool exists);
  void *context;
  int status; /* set it before the end, when there was no error */
};

/* Opens, runs the loop until the work has ended, and returns the exit status. An unknown NAME is the user's slip, whether the database
 * can be reached or not. */
int schema_work_run(struct schema_work *work);
/* After all organizations of the database were given to names_take(). False: a NAME is unknown, and the work has ended. */
bool schema_work_knows_names(struct schema_work *work) __attribute__((warn_unused_result));
/* Tells the error, if there is one, and closes. */
void schema_work_end(struct schema_work *work, const struct error *error);
