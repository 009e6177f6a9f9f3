#pragma once
/* What one sweep came to, told three ways: a line of JSON, a line for people, a line for the log. */
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "store/changes.h"
#include "store/outcome.h"

struct report {
  const char *organization; /* NAME, borrowed from the configuration */
  char *organization_id;    /* NULL: not known */
  enum outcome outcome;
  int64_t accounts, added, changed, removed, rejected, repaired, rescoped;
  int requests;
  int64_t received_bytes, elapsed_ms;
  struct error error;              /* kind ERROR_NONE: none; guarded and incomplete sweeps have one too */
  bool key_dead;                   /* Close refused the key, and /me/ said so too; or there is none to ask with */
  bool busy;                       /* nothing was done: another process is at it */
  bool verified;                   /* it compared every row */
  int64_t database_us, machine_us; /* both clocks, when the sweep began; 0: the database did not tell */
  int64_t newest_us;               /* the latest time that the database has of this organization; 0: none */
  int64_t held;                    /* removals that the guard held back */
  bool gap;                        /* it was complete, and longer after the one before than sync.gap */
  int64_t history_verified_s;      /* the last `verify --record` as it began; 0: none, or the database did not tell */
  bool history_is_proven;          /* what that came to */
  struct changes *changes;         /* of a plan that found a difference; else NULL */
};

void report_finish(struct report *report);
/* The members of contract section 2, inside an object that the caller has begun. */
void report_write_json(const struct report *report, struct json *json);
enum log_event report_event(const struct report *report);
void report_log(const struct report *report, struct log *log);
