#pragma once
/* What is owed, and the last words of the scheduler. */
#include "schedule/inner.h"

void scheduler_pay(struct job *job,
                   struct era *era); /* what is owed, to the era's database; then nothing is known any more */
void scheduler_tell_heads(struct scheduler *scheduler);
void scheduler_end(struct scheduler *scheduler); /* when nothing is under way: the last words */
