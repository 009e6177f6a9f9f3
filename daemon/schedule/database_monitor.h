#pragma once
/* Whether the database is there. When it is lost, one line says so; it is then asked again with growing pauses (its schema looked at, and
 * brought up to date if that is ours to do, then every session) until all answer, and one line says that it is over. Nobody else
 * probes. */
#include "base/log_throttle.h"
#include "store/schema.h"
#include "sweep/context.h"

struct database_monitor;

struct database_monitor_options {
  void (*opened)(void *context); /* it answers, with a good schema: sweeps may go on */
  /* The first attempt has ended. error->kind CONFIG: the administrator must act, nothing else will help. */
  void (*first)(void *context, const struct error *error);
  void *context;
};

struct database_monitor *database_monitor_create(const struct sweep_context *shared,
                                                 const struct database_monitor_options *options);
void database_monitor_destroy(struct database_monitor *monitor); /* a probe under way is waited for; NULL is allowed */
void database_monitor_start(struct database_monitor *monitor);   /* probe now */
void database_monitor_use(struct database_monitor *monitor,
                          const struct sweep_context *shared); /* of another configuration, from now on */
void database_monitor_stop(struct database_monitor *monitor);  /* no more probes */
bool database_monitor_is_open(const struct database_monitor *monitor);
int64_t database_monitor_since_ms(const struct database_monitor *monitor);
const char *database_monitor_refusal(const struct database_monitor *monitor); /* NULL: it refuses nothing */
const char *database_monitor_error(const struct database_monitor *monitor);   /* NULL while open */

/* It is away (kind UNREACHABLE, or read-only: closed until a probe succeeds), or refused a statement of `organization` (kind
 * DATABASE: told once, sweeps go on). */
void database_monitor_failed(struct database_monitor *monitor, const struct error *error, const char *organization);
/* Whatever it refused before, it does now. */
void database_monitor_worked(struct database_monitor *monitor);
/* The database's clock is the one that counts; people compare its times with their own. Told when both are over a minute apart. */
void database_monitor_note_clock(struct database_monitor *monitor, int64_t database_us, int64_t machine_us);
