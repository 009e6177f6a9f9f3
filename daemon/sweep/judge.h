#pragma once
/* The actions that ask Close, and what the answers mean. */
#include "sweep/drive.h"

void sweep_prepare_listing(struct sweep *sweep); /* a fresh one, in place of what there was */
void sweep_list(struct sweep *sweep);  /* MORE, UNSTABLE, UNBOUND, MISSING, SAME, DIFFERENT or FAILED follows */
void sweep_bind(struct sweep *sweep);  /* RENAMED, DIFFERENT or FAILED */
void sweep_prove(struct sweep *sweep); /* SAME, DIFFERENT or FAILED */
/* What this listing could not take is what the database has set aside. */
bool sweep_rejected_are_stored(const struct sweep *sweep);
