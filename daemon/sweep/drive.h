#pragma once
/* One sweep's state, and what moves it: events and time. The bottom of this folder: the actions (begin, judge, write, compare) call it,
 * and it reaches them only through `act`, which sweep.c sets. */
#include "store/apply.h"
#include "sweep/binding.h"
#include "sweep/listing.h"
#include "sweep/machine.h"
#include "sweep/removal.h"
#include "sweep/sweep.h"

struct sweep {
  struct sweep_options options; /* its context is the one below */
  struct sweep_context shared;
  sweep_done_fn *done;
  void *context;
  void (*act)(struct sweep *sweep, enum sweep_action action);
  enum sweep_state state;
  int under_way; /* completions that are still to come */
  bool stopping, locked, lock_lost, too_late, apply_is_warm, flush_is_warm;
  struct backend lock; /* the session that took the lock */
  int moved;           /* times that the mirror was not any more what the sweep began with */
  int64_t began_ms, clock_read_ms, blocked_since_ms;
  struct timer *timer, *deadline;
  enum sweep_event later; /* the event that `timer` brings */

  struct report report;
  struct mirror_state mirror_state;
  struct api_request_traffic traffic;
  struct api_request_options api_request;
  struct buffer volatile_fields, excluded_fields; /* text[] literals */
  struct listing *listing;
  struct removal *removal;
  struct binding *binding;
  struct api_request *doubt; /* asks /me/ whether a refused key is dead */
  char *organization_id;     /* decided in this sweep, when the name was bound to nothing */
  char *principal_id;        /* to be recorded; NULL: as it is */

  bool verify;          /* this sweep compares everything */
  bool is_current;      /* the flush found the revision that this sweep began with */
  bool listed_complete; /* the listing held still */
  enum outcome floor;   /* what it comes to when nothing is written */
  struct error why;     /* why the floor is not `unchanged` */
  struct slice removed; /* proven: a text[] literal of `removal` */
  int64_t unproven;     /* of them, only because removals are allowed */
  struct buffer unseen; /* a text[] literal */
  int64_t told;         /* accounts counted in the progress so far */
  unsigned char unseen_digest[HASH_BYTES];
};

void drive_open_timer(struct sweep *sweep);
/* The machine's next state, and its action; an action that asks Close fails instead when the deadline has passed. */
void drive_event(struct sweep *sweep, enum sweep_event event);
void drive_later(struct sweep *sweep, enum sweep_event event, int64_t delay_ms); /* from the loop */
void drive_fail(struct sweep *sweep, const struct error *error);                 /* FAILED, with what the report says */
void drive_again(struct sweep *sweep, const struct error *error); /* MOVED a few times after a CONFLICT, else FAILED */
bool drive_arrived(struct sweep *sweep); /* a completion came; false: the sweep is stopping and it does not count */

int64_t sweep_now_ms(const struct sweep *sweep);
bool sweep_writes(const struct sweep *sweep); /* false: a plan */
int64_t sweep_gap_ms(const struct sweep *sweep);
/* What the database is asked about this NAME before the first request; without a lock. */
struct mirror_state_question sweep_question(const struct sweep *sweep);
const char *sweep_bound_to(const struct sweep *sweep); /* the organization's id, or NULL */
