#pragma once
/* The actions at both ends of a sweep: the lock and the mirror's state, stored digests, unlock. */
#include "sweep/drive.h"

void sweep_lock(struct sweep *sweep);    /* LOCKED, UNKNOWN, BUSY or FAILED follows */
void sweep_wait(struct sweep *sweep);    /* WAITED or FAILED */
void sweep_recall(struct sweep *sweep);  /* RECALLED or FAILED */
void sweep_release(struct sweep *sweep); /* RELEASED */
