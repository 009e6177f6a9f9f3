#pragma once
/* What io/loop.c lends to io/loop_thread.c. */
#include "io/loop.h"

void *loop_handle(struct loop *loop); /* libuv's */
/* Ends the process unless `status` is 0: libuv refuses only what no caller of ours asks for, or is out of memory (crash-only). */
void loop_require(int status, const char *what);
