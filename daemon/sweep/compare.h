#pragma once
/* The end of a plan's sweep, where another one writes: what differs is asked for and reported, and nothing is written. */
#include "sweep/drive.h"

void sweep_compare(struct sweep *sweep); /* instead of sweep_write() */
void sweep_agree(struct sweep *sweep);   /* instead of sweep_flush(): nothing differs */
