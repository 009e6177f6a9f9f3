/* The true time line of every account: what it was, and from which moment on. The measure for whatever a mirror's history says.
 *
 * A moment is read while nobody can be answered: every answer made before it shows the old state, every one after it the new.
 * What a rule says in Close's place counts as true for the microsecond in which it was said. */
#pragma once

#include "sim/organization.h"

#include <stdint.h>

struct line;

/* All zero is an empty time line. It outlives the scenes. */
struct timeline {
  struct line *lines; /* one for each key */
  size_t count;
};

void timeline_finish(struct timeline *timeline);

int64_t timeline_now_us(void); /* of the real time clock, since 1970 */

/* Notes what differs from what was noted before; organizations that are not among these have lost all accounts. */
void timeline_note(struct timeline *timeline, const struct organization *organizations, size_t count, int64_t at_us);

/* A rule answered the key's request for this account (NULL: for the list) with a status and a body. */
void timeline_told(struct timeline *timeline, const char *key, const char *account_id, int status,
                   const struct text *body);

/* Adds a JSON array of {"key", "organization_id", "account_id", "at_us", "document"}; ids and document as the hex of their bytes,
 * document null: gone. Those of one key's account are in the order of time. */
void timeline_list(struct timeline *timeline, struct text *json);
