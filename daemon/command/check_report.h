#pragma once
/* What a check found: one aligned line each, in the order of their places, whenever they were found. */
#include "command/terminal.h"

struct findings;

enum finding {
  FINDING_OK,
  FINDING_SKIPPED,
  FINDING_FAILED,      /* a problem with one organization, or one that nobody can name: exit 1 */
  FINDING_UNREACHABLE, /* of the database: exit 69 */
  FINDING_CONFIG,      /* the administrator has to change something: exit 78 */
};

struct findings *findings_create(void);
void findings_destroy(struct findings *findings); /* NULL is allowed */

/* `place` orders the lines; of equal ones the first found comes first. `thing` is copied. */
void findings_add(struct findings *findings, int place, enum finding finding, const char *thing, const char *format,
                  ...) __attribute__((format(printf, 5, 6)));
void findings_print(struct findings *findings, const struct terminal *terminal);
int findings_count(const struct findings *findings, int first_place, enum finding finding); /* from this place on */
int findings_exit_status(const struct findings *findings);
