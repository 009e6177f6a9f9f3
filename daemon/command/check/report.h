#pragma once
/* What a check found: one aligned line each, in the order of their places, whenever they were found. */
#include "command/terminal.h"

struct check_report;

enum finding {
  FINDING_OK,
  FINDING_SKIPPED,
  FINDING_NOTED,       /* a problem that is no reason to fail */
  FINDING_FAILED,      /* a problem with one organization, or one that nobody can name: exit 1 */
  FINDING_UNREACHABLE, /* of the database: exit 69 */
  FINDING_CONFIG,      /* the administrator has to change something: exit 78 */
};

struct check_report *check_report_create(void);
void check_report_destroy(struct check_report *check_report); /* NULL is allowed */

/* `place` orders the lines; of equal ones the first found comes first. `thing` is copied. */
void check_report_add(struct check_report *check_report, int place, enum finding finding, const char *thing,
                      const char *format, ...) __attribute__((format(printf, 5, 6)));
void check_report_print(struct check_report *check_report, const struct terminal *terminal);
/* An object a line; from `first_organization` on the places are organizations'. */
void check_report_print_json(struct check_report *check_report, int first_organization);
int check_report_count(const struct check_report *check_report, int first_place,
                       enum finding finding); /* from this place on */
int check_report_exit_status(const struct check_report *check_report);
