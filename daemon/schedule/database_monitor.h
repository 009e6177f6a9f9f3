#pragma once
/* Whether the database is there. When it is lost, one line says so; it is then asked again with growing pauses (its schema looked at, and
 * brought up to date if that is ours to do, then every session) until all answer, and one line says that it is over. Nobody else
 * probes. */
#include "base/log_throttle.h"
#include "store/schema.h"

struct access;

struct access_options {
  void (*opened)(void *context); /* it answers, with a good schema: sweeps may go on */
  /* The first attempt has ended. error->kind CONFIG: the administrator must act, nothing else will help. */
  void (*first)(void *context, const struct error *error);
  void *context;
};

struct access *access_create(const struct tools *tools, const struct access_options *options);
void access_destroy(struct access *access); /* a probe under way is waited for; NULL is allowed */
void access_start(struct access *access);   /* probe now */
void access_use(struct access *access, const struct tools *tools); /* of another configuration, from now on */
void access_stop(struct access *access);                           /* no more probes */
bool access_is_open(const struct access *access);
int64_t access_since_ms(const struct access *access);
const char *access_error(const struct access *access); /* NULL while open */

/* It is away (kind UNREACHABLE, or read-only: closed until a probe succeeds), or refused a statement of `organization` (kind
 * DATABASE: told once, sweeps go on). */
void access_failed(struct access *access, const struct error *error, const char *organization);
/* Whatever it refused before, it does now. */
void access_worked(struct access *access);
