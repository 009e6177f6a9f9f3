#pragma once
/* What verifying one organization came to, and how it is told: a line for people with the problems on stderr, or a line of JSON. */
#include "base/text.h"
#include "io/db.h"
#include "store/verifier.h"

struct proven {
  char *organization, *organization_id, *hash, *head;
  int64_t seq, rows;
  int problem_count;
  struct buffer problems, notes; /* JSON, comma-separated objects */
  struct buffer lines;           /* the same for people */
};

/* From a row of sql/query/heads.sql. */
void proven_init(struct proven *proven, const struct db_row *row);
void proven_finish(struct proven *proven);
void proven_add(struct proven *proven, const struct evidence_problem *problem);
/* Something to know that is no problem. */
void proven_note(struct proven *proven, const struct evidence_problem *note);

void proven_print(const struct proven *proven);
void proven_print_json(const struct proven *proven);
void proven_print_head_json(const struct proven *proven);
