#pragma once
/* One organization's place in the daemon: when it is due, what it remembers and owes, how it is. Bookkeeping only; the scheduler acts. */
#include "base/log_throttle.h"
#include "monitor/health.h"
#include "schedule/generation.h"
#include "schedule/pace.h"
#include "store/write_behind.h"
#include "sweep/sweep.h"
#include "sweep/way_in.h"
#include <sys/queue.h>

struct queue;
struct scheduler;

struct job {
  struct scheduler *scheduler;                    /* whose job it is */
  const struct config_organization *organization; /* of the configuration in force; NULL: dropped from it */
  struct way_in way_in;                           /* of the configuration in force */
  struct generation *generation;                  /* of the sweep under way, held; or NULL */
  struct sweep *sweep;                            /* under way, or NULL */
  struct queue *queue;
  struct timer *timer;   /* of the queue: when the job is due */
  TAILQ_ENTRY(job) link; /* in the list of what is due, or of what is under way */
  int slot;              /* of a fleet; -1: not asked yet */
  bool foreign;          /* another daemon's, or nobody's: it is never due here */
  bool taken_over;       /* became this daemon's, and was not swept since */
  bool queued, slow, attempted;
  int timeouts;                      /* as the last sweep left them: over 0, the next one is slow */
  int64_t kept_by;                   /* the last adoption whose configuration names it */
  int number;                        /* in the roster */
  bool key_dead;                     /* refused by Close, or it cannot be read */
  bool troubled;                     /* the database refused something in the last sweep */
  bool held;                         /* counted among those that wait for a rate limit */
  bool asked;                        /* somebody wants a sweep beside the schedule */
  int64_t asked_ms;                  /* when the last such sweep began */
  bool asking_members, owes_members; /* owes: a verifying sweep ended while nobody could be asked */
  int64_t members_at_ms;             /* when Close was asked for its members; 0: never */
  struct log_throttle members_throttle;
  struct write_behind write_behind;
  struct pace pace;
  struct log_throttle log_throttle;
  struct log_throttle back;    /* the database's clock */
  struct log_throttle skipped; /* turns, while another process sweeps */
  struct health_organization health;
  char *name, *organization_id, *error; /* the last two may be NULL */
};

TAILQ_HEAD(job_list, job);

struct job *job_create(struct scheduler *scheduler, const struct config_organization *organization, int64_t now_ms);
void job_destroy(struct job *job); /* no sweep may be under way */

void job_name_organization(struct job *job, struct slice id);
int64_t job_gap_us(const struct job *job,
                   const struct config *config);         /* the distance that begins a new span of coverage */
void job_look_at_token(struct job *job);                 /* into its health */
void job_tell_error(struct job *job, struct slice text); /* empty: none */
/* A sweep has ended: health, outage, log. Returns how it ended for the pace. */
enum pace_ending job_take(struct job *job, struct log *log, struct health *health, const struct report *report,
                          const struct api_request_traffic *traffic);
