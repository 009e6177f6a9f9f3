#pragma once
/* A statement's values as libpq wants text parameters: NUL-terminated, which slices are not. */
#include "io/db.h"

struct parameters {
  struct buffer scratch; /* the copies, reused; a large one is given back by parameters_release() */
  const char *values[DB_PARAMETERS_MAX];
};

void parameters_init(struct parameters *parameters);
void parameters_finish(struct parameters *parameters);

/* False for more than DB_PARAMETERS_MAX values and for a NUL inside one (libpq would send what precedes it). */
bool parameters_fill(struct parameters *parameters, const struct db_statement *statement)
    __attribute__((warn_unused_result));
size_t parameters_bytes(const struct parameters *parameters);
void parameters_release(struct parameters *parameters); /* after sending */
