#pragma once
/* The actions that write. */
#include "sweep/drive.h"

void sweep_write(struct sweep *sweep);  /* WRITTEN, MOVED or FAILED follows */
void sweep_flush(struct sweep *sweep);  /* WRITTEN or FAILED */
void sweep_record(struct sweep *sweep); /* RECORDED */
