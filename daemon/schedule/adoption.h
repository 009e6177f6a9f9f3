#pragma once
/* From one configuration to the next, in turns of the loop. */
#include "schedule/roster.h"

struct adoption_options {
  struct roster *roster;
  struct generation *before; /* in force until now, or `after` itself: nothing was. Both are held until it is done. */
  struct generation *after;
  void (*done)(void *context); /* once, from the loop */
  void *context;
};

/* The queue must be paused until it is done, and no other one may be under way. */
void adoption_start(const struct adoption_options *options);
