/* Asking a running daemon over HTTP how it is. It listens on the Unix socket "http" in the story's directory. */
#pragma once

#include "support/story.h"

void asking_listen(struct story *story); /* sets http.listen */
/* The whole reply to a GET; "" while nobody listens. The caller frees it. */
char *asking(struct story *story, const char *path);
/* In two steps, for what happens in between. */
int asking_begin(struct story *story, const char *path); /* -1: nobody listens */
char *asking_hear(int fd);
/* The first reply there is: whoever connects early waits for it. The caller frees it. */
char *asking_first(struct story *story, const char *path);
/* The value of a metric: "closesyncd_database_up"; fails when there is none. Asking for it counts as a scrape. */
double asking_metric(struct story *story, const char *name);
