#pragma once
/* How the daemons stand that share the organizations (contract section 12). */
#include <stdbool.h>
#include <stdint.h>

struct health_daemon { /* of a fleet; one that lives */
  char *member;
  int64_t slots;
  bool is_self, is_other; /* is_other: its configuration is another one than this daemon's */
};

struct health_fleet {
  const char *member; /* of this daemon, borrowed */
  int owned, draining, foreign;
  const struct health_daemon *daemons; /* borrowed */
  int daemon_count;
};
