#pragma once
/* Who takes part in the schedule. */
#include "schedule/inner.h"

void roster_adopt(struct scheduler *scheduler, struct era *before); /* the era's organizations: add, change, drop */
void roster_finish(struct scheduler *scheduler);
void roster_remove(struct job *job);                                     /* it has no sweep any more */
struct job *roster_find(struct scheduler *scheduler, struct slice name); /* NULL: there is none */
