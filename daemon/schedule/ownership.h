#pragma once
/* Which organizations are this daemon's to sweep: all, or those whose slot of a fleet it owns (schedule/fleet). The others' jobs exist, and
 * are foreign: they are never due. */
#include "schedule/fleet.h"
#include "schedule/roster.h"

struct ownership;

struct ownership_options {
  const struct sweep_context *shared; /* loop, log and random of the process */
  struct roster *roster;
  struct queue *queue;
  struct shutdown *shutdown;
  const struct database_monitor *database_monitor;
  void (*changed)(void *context); /* which organizations are ours, or what is known of them */
  void (*known)(void *context);   /* what the database knows of those that are ours was read */
  void *context;
};

struct ownership *ownership_create(const struct ownership_options *options);
void ownership_destroy(struct ownership *ownership); /* NULL is allowed */
/* The configuration in force, whose jobs the roster has; borrowed. Another fleet, database or ttl is another membership. */
void ownership_use(struct ownership *ownership, struct generation *generation);
void ownership_opened(struct ownership *ownership); /* the database is there: a heartbeat */
/* The job has no sweep any more; `generation`: of the sweep. */
void ownership_ended(struct ownership *ownership, struct job *job, struct generation *generation);
void ownership_settled(struct ownership *ownership); /* something that was owed is paid */
bool ownership_is_known(const struct ownership *ownership);
void ownership_read_known(struct ownership *ownership); /* again, of those that are ours; `known` follows */
const struct health_fleet *ownership_health(const struct ownership *ownership); /* NULL: all is ours */
const char *
ownership_refusal(const struct ownership *ownership); /* why it is not known what is; borrowed; NULL: it is */

/* The slots go back, then shutdown_tell_heads(). */
void ownership_leave(struct ownership *ownership);
void ownership_abandon(struct ownership *ownership); /* no more waiting for that */
