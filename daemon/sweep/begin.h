#pragma once
/* The actions at both ends of a sweep: lock and standing, stored digests, unlock. */
#include "sweep/inner.h"

void sweep_lock(struct sweep *sweep);    /* LOCKED, UNKNOWN, BUSY or FAILED follows */
void sweep_wait(struct sweep *sweep);    /* WAITED or FAILED */
void sweep_recall(struct sweep *sweep);  /* RECALLED or FAILED */
void sweep_release(struct sweep *sweep); /* RELEASED */

/* Whether what is recorded under this NAME is what the configuration asks for. */
bool sweep_agrees(const struct sweep *sweep, struct error *error) __attribute__((warn_unused_result));
