/* A running daemon, seen from outside: what it has said so far, what Close heard of it and when, what it weighs; and a PostgreSQL
 * of the story's own, which may come and go. Times are in ms; limits are multiplied by CLOSESYNCD_TEST_PATIENCE. */
#pragma once

#include "support/story.h"

/* `run` with an interval, announced as running. */
const struct run *running_start(struct story *story, const char *interval);
/* SIGTERM; fails unless it ends with 0 within 5 s. */
void running_stop(struct story *story, const struct run *run);

const char *running_said(struct story *story, const struct run *run);    /* stderr up to now */
const char *running_printed(struct story *story, const struct run *run); /* stdout up to now */
int running_lines(struct story *story, const struct run *run, const char *part);
/* Until `lines` lines hold the part. */
void running_await(struct story *story, const struct run *run, const char *part, int lines, int limit_ms);
void running_await_requests(struct story *story, int organization, long count, int limit_ms);
long running_resident_kib(struct story *story, const struct run *run); /* a VmRSS */
void running_sleep(int ms);

/* When the organization's requests came whose target has this part, the simulator's monotonic ms; at most `max`. Returns how many. */
int running_requests(struct story *story, int organization, const char *part, long long ret_at_ms[], int max);
int running_status_count(struct story *story, int organization, int status);

/* A story with a cluster of its own, which ends with it. */
struct story *own_cluster_story(int organizations, int accounts_each);
const char *own_cluster(const struct story *story); /* its directory, where its socket is */
/* pg_ctl with these words on it: "stop -m immediate", "restart" (also from stopped), "reload", "promote". */
void own_cluster_control(const char *directory, const char *words);
void own_cluster_set(const char *directory,
                     const char *line); /* in postgresql.auto.conf; takes a reload or a restart */
/* Another cluster (two at most), of the version that CLOSESYNCD_TEST_POSTGRESQL names; the directory is remembered, and ends with the story. */
void own_cluster_add(struct story *story, const char *directory);
/* A streaming standby of the story's cluster in this directory, without whom nothing is committed any more. */
void own_cluster_add_standby(struct story *story, const char *directory);
/* The story asks, and ends, this one from now on; the old cluster is removed. */
void own_cluster_move(struct story *story, const char *directory);
