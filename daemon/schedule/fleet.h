#pragma once
/* This daemon's place in a fleet: a random id, a session of its own, heartbeats, and the slots that the database gave it. It knows nothing
 * of organizations; schedule/ownership makes of slots what is swept. */
#include "monitor/health.h"
#include "schedule/database_monitor.h"
#include "schedule/generation.h"
#include "schedule/slots.h"

struct fleet;

struct fleet_options {
  const struct sweep_context *shared;              /* loop, log and random of the process */
  const struct database_monitor *database_monitor; /* no heartbeat while the database is away */
  void (*moved)(void *context);                    /* a heartbeat was answered, or none was for too long */
  void *context;
};

struct fleet *fleet_create(const struct fleet_options *options, const struct generation *generation);
/* Whether the fleet of `left` is that of `right`: the same database and ttl. */
bool fleet_serves_both(const struct config *left, const struct config *right);
void fleet_use(struct fleet *fleet, const struct generation *generation); /* another configuration that it serves */
void fleet_beat(struct fleet *fleet);                                     /* a heartbeat now */
/* All is given back; then it frees itself, and `done` is told. No other callback comes. NULL is allowed as `done`. */
void fleet_leave(struct fleet *fleet, void (*done)(void *context), void *context);
void fleet_abandon(struct fleet *fleet); /* no more waiting: the session is dropped */
void fleet_destroy(struct fleet *fleet); /* without a word; NULL is allowed */

bool fleet_is_known(const struct fleet *fleet); /* a heartbeat was answered */
const struct slots *fleet_slots(const struct fleet *fleet);
struct db *fleet_session(const struct fleet *fleet);
/* Departing slots that are drained: they are given back, or were another's already. */
void fleet_release(struct fleet *fleet, const bool drained[SLOTS]);
/* As the last heartbeat found it; borrowed until the next. */
const struct health_fleet *fleet_health(struct fleet *fleet);
/* Why no heartbeat has been taken for half the ttl, though the database is there; borrowed; NULL: one was. */
const char *fleet_refusal(const struct fleet *fleet);
