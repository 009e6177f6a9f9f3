#pragma once
/* What verifying one organization came to, and how it is told: a line for people with the problems on stderr, or a line of JSON. */
#include "base/json.h"
#include "base/text.h"
#include "io/db.h"
#include "store/verifier.h"

struct verify_report { /* stays where it is: its writers of JSON point into it */
  char *organization, *organization_id, *hash, *head;
  int64_t seq, rows;
  int problem_count;
  struct json problems, notes; /* objects, without the array around them */
  struct buffer first;         /* of the problems, as text; empty: none */
  struct buffer problem_text, note_text;
  struct buffer lines; /* the same for people */
};

/* From a row of sql/query/heads.sql. */
void verify_report_init(struct verify_report *verify_report, const struct db_row *row);
void verify_report_finish(struct verify_report *verify_report);
void verify_report_add(struct verify_report *verify_report, const struct verifier_problem *problem);
/* Something to know that is no problem. */
void verify_report_note(struct verify_report *verify_report, const struct verifier_problem *note);

void verify_report_print(const struct verify_report *verify_report);
void verify_report_print_json(const struct verify_report *verify_report);
void verify_report_print_head_json(const struct verify_report *verify_report);
