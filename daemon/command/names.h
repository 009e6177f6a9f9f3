#pragma once
/* The NAMEs on the command line of a command that reads the database: it may know organizations that are configured no longer. */
#include "app.h"

struct names {
  const struct arguments *arguments;
  bool *found; /* by place among them: the database has it */
};

void names_init(struct names *names, const struct arguments *arguments);
void names_finish(struct names *names);

/* Of an organization in the database: is it asked for? Without NAMEs all are. */
bool names_take(struct names *names, struct slice name);
/* False after telling of each NAME that is neither configured nor found. `asked`: the database was; else it could not be reached. */
bool names_judge(const struct names *names, const struct config *config, bool asked);
