#pragma once
/* How the daemon and each organization are, as numbers: counted by the scheduler, shown by /metrics, /readyz, /status.json and the page.
 * Pure: data in, data out. It holds no address and no secret. */
#include "base/text.h"
#include "monitor/health_fleet.h"
#include "remote/histogram.h"
#include "sweep/report.h"

enum { HEALTH_TYPES = 8, HEALTH_TYPE_BYTES = 24, HEALTH_CODES = 8, HEALTH_OUTCOMES = 5 };

struct health_type {
  char name[HEALTH_TYPE_BYTES]; /* as Close names it; "" ends the list */
  int64_t accounts;
};

enum health_direction { HEALTH_SEND, HEALTH_RECEIVE, HEALTH_CALENDAR, HEALTH_DIRECTIONS };

/* The first that applies; worst first. */
enum health_state { HEALTH_NEVER, HEALTH_FAILING, HEALTH_LATE, HEALTH_GUARDED, HEALTH_WELL, HEALTH_STATES };

struct health_code {
  int status; /* 0 ends the list */
  int64_t requests;
};

struct health_organization {   /* zeroed, then health_organization_init() */
  const char *name;            /* NAME, borrowed */
  const char *organization_id; /* borrowed; NULL: not known */
  const char *error;           /* borrowed; NULL: none */
  int64_t interval_ms;
  int64_t succeeded_at_ms; /* monotonic; until the first success, when it was added */
  int64_t last_success_s;  /* wall clock; 0: never */
  int64_t next_sweep_ms;   /* monotonic; 0: one is under way */
  bool outcome_known;
  enum outcome outcome;
  enum error_kind error_kind; /* of `error`, where this daemon saw it */
  int consecutive_failures;
  bool key_refused; /* by Close, or it cannot be read */
  struct health_type types[HEALTH_TYPES];
  int64_t other_accounts; /* of types that found no room */
  int64_t in_error[HEALTH_DIRECTIONS];
  int64_t broken;             /* accounts in error, whatever the direction */
  int64_t rejected;           /* entries that are set aside */
  int64_t verified_at_s;      /* started_at of the last sweep that compared everything; 0: never */
  int64_t history_verified_s; /* when the last `verify --record` ended; 0: never */
  bool history_is_proven;     /* what it came to */
  int64_t ahead_us;           /* so far behind what is recorded last is the database's clock; 0: it is not */
  int64_t sweeps[HEALTH_OUTCOMES];
  int64_t added, changed, removed, repaired;
  int64_t gaps;          /* in its coverage, all that are known */
  int64_t skipped_turns; /* another process had the lock */
  struct health_code codes[HEALTH_CODES];
  int64_t other_requests, unanswered_requests;
  int64_t rate_limit_remaining; /* -1: unknown */
  int64_t removals_held;
  bool has_token; /* it is asked for with a token, not with a key; what follows is the token's */
  bool authorize_needed;
  int64_t token_expires_s, token_refreshed_s; /* wall clock; 0: not known */
};

struct health {
  int64_t now_ms;          /* monotonic, when the snapshot was taken */
  int64_t now_s;           /* wall clock, likewise */
  int64_t longest_turn_us; /* of the loop, in CPU time, since the last scrape; negative: not asked */
  bool database_up;
  int64_t database_since_ms;       /* monotonic: up or away since then */
  const char *database_error;      /* borrowed; NULL: none */
  const char *database_refusal;    /* what it refused last, and goes on refusing; borrowed; NULL: nothing */
  int64_t database_us, machine_us; /* both clocks, read at the same time; 0: not yet */
  bool reload_refused;             /* the last one */
  int64_t reloaded_s;              /* wall clock: when the configuration in force was read */
  struct histogram sweeps;         /* bounds: health_bounds_ms */
  struct histogram requests;       /* to Close; bounds: api_request_bounds_ms */
  const struct health_organization *const *organizations; /* borrowed; in a fleet, those of this daemon */
  int organization_count;
  const struct health_fleet *fleet; /* borrowed; NULL: there is none */
};

extern const int64_t health_bounds_ms[HISTOGRAM_BUCKETS];

void health_organization_init(struct health_organization *organization, const char *name, int64_t interval_ms,
                              int64_t now_ms);
void health_count_requests(struct health_organization *organization, int status, int64_t requests); /* 0: no answer */
void health_clear_accounts(struct health_organization *organization);
void health_count_accounts(struct health_organization *organization, struct slice type, int64_t accounts);
int64_t health_accounts(const struct health_organization *organization); /* of all types */
/* A sweep has ended; takes outcome, counts, failures, success and duration from the report, borrows no text of it.
 * `health` gets the duration and now_ms, now_s are the moment. */
void health_count_sweep(struct health *health, struct health_organization *organization, const struct report *report);

const char *health_direction_name(enum health_direction direction);
const char *health_state_name(enum health_state state);
enum health_state health_state(const struct health *health, const struct health_organization *organization);
const struct health_organization *health_find(const struct health *health, const char *name); /* NULL: none of ours */
/* The most of all organizations. */
int64_t health_ahead_us(const struct health *health);
/* 3 intervals without success. */
bool health_is_late(const struct health *health, const struct health_organization *organization);
/* The database answers and refuses nothing, and some organization is not late, if there is one. */
bool health_is_ready(const struct health *health);
