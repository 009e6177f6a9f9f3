#pragma once
/* The actions that write. */
#include "sweep/inner.h"

void sweep_write(struct sweep *sweep);  /* WRITTEN, MOVED or FAILED follows */
void sweep_flush(struct sweep *sweep);  /* WRITTEN or FAILED */
void sweep_record(struct sweep *sweep); /* RECORDED */
void sweep_pay(struct sweep *sweep);    /* what is owed, before whatever is written next; no event */
