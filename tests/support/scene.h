/* Stories in which Close misbehaves towards one organization while another one is well: each scene is a row of a table.
 *
 *   static const struct scene scenes[] = {
 *       {"html with 200", "\"status\": 200, \"body\": \"<html>\"", "failed", "it is no JSON object", 1},
 *   };
 *   struct story *story = scene_story(1000);
 *   for (each) expect_scene(story, &scenes[i]);
 *
 * Of every scene it is expected: the outcome and the error, twice the same and free of secrets; the exit status that follows
 * from the outcome; no row of mirror or history touched; the other organization unchanged; an end in good time; memory in
 * bounds; and that the next good answer is taken as if nothing had been. */
#pragma once

#include "support/story.h"

struct scene {
  const char *name;
  const char *reply; /* members of the rule (tests/sim/README.md) that answers organization 1's list; NULL: `replies` */
  const char *outcome; /* of organization 1 */
  const char *error;   /* a part of its text; NULL: none */
  int lists;           /* requests for its list; 0: not counted */
  const char *replies; /* a whole array of rules instead */
};

/* Two organizations with three accounts each, mirrored. */
struct story *scene_story(int request_timeout_ms);
void expect_scene(struct story *story, const struct scene *scene);
/* Resident memory of an ended run at most, in KiB; 0 under a sanitizer, where it means nothing. */
long scene_peak_kib(const struct run *run);
