/* A way to the story's PostgreSQL that can break in the worst manner: the client's end is gone, the server's end stays and is silent, as
 * after a cut cable. One thread. */
#pragma once

#include "support/story.h"

struct relay;

/* Listens in the story's directory; "run" and others take it by their conninfo from now on. */
struct relay *relay_open(struct story *story);
void relay_close(struct relay *relay);
/* All connections of now are cut off from their clients; new ones pass. */
void relay_abandon(struct relay *relay);
