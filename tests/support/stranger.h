/* A stranger on 127.0.0.1 who writes down every byte he is told, and says one thing to everybody. */
#pragma once

#include <stddef.h>

struct stranger;

/* Answers each connection's first request with these bytes and closes it; NULL: accepts and never answers. */
struct stranger *stranger_open(const char *answer);
void stranger_close(struct stranger *stranger);

int stranger_port(const struct stranger *stranger);
int stranger_connections(struct stranger *stranger);
/* Everything heard so far; the caller frees. */
char *stranger_heard(struct stranger *stranger);
