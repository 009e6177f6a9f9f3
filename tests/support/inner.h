/* What a story consists of; for the files of this folder only. */
#pragma once

#include "support/process.h"
#include "support/story.h"

#include <libpq-fe.h>

enum { RUNS_AT_MOST = 520, ENVIRONMENT_AT_MOST = 32, CLOCK_STEPS_AT_MOST = 256 };

struct background {
  struct run run; /* first: what callers hold is a pointer to it */
  struct process process;
};

struct clock_step { /* from then on the database's clock is so far ahead of the machine's */
  long long since_us, ahead_us;
};

struct story {
  int organizations;
  char directory[108];
  char database[64];
  char host[108];
  bool own_cluster;
  const char *other_clusters[2]; /* more of them, which end with the story */
  PGconn *connection;
  struct process sim;
  int port;
  struct background *runs[RUNS_AT_MOST];
  int run_count;
  bool failing; /* asking the simulator for evidence may fail again */
  const char *note;
  int settings; /* files in closesyncd.conf.d */
  const char *environment[ENVIRONMENT_AT_MOST + 1];
  int spared; /* enum truth_part */
  struct clock_step clock[CLOCK_STEPS_AT_MOST];
  int clock_steps;
  void **kept; /* freed at the end */
  size_t kept_count;
};

/* Hands memory to the story; returns it. */
void *story_keep(struct story *story, void *memory);
void story_write(struct story *story, const char *path, const char *content);

/* One request to the simulator; body NULL: none. Returns the reply's body; a status other than 200 fails. */
const char *story_ask_sim(struct story *story, const char *method, const char *target, const char *body);
/* Percent-encoded for a query. */
const char *story_escape(struct story *story, const char *text);
void story_start_sim(struct story *story, int accounts_each, unsigned long long seed);

/* The temporary objects of oracle.sql, in the story's session. */
void story_prepare_oracle(struct story *story);

/* "start" or "stop": of the version that the environment names. */
void story_cluster(struct story *story, const char *verb, const char *directory);
void story_open_database(struct story *story);
void story_close_database(struct story *story);
/* Runs SQL that must succeed; the caller clears the result. */
PGresult *story_query(struct story *story, const char *sql, int count, const char *const *values);

/* How many times longer everything may take: CLOSESYNCD_TEST_PATIENCE, else 1. */
int story_patience(void);
/* The checkout: CLOSESYNCD_SOURCE, else compiled in. */
const char *story_source(void);
