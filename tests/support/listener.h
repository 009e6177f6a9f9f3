/* A stranger on 127.0.0.1 who writes down every byte he is told, and says one thing to everybody. */
#pragma once

#include <stddef.h>

struct listener;

/* Answers each connection's first request with these bytes and closes it; NULL: accepts and never answers. */
struct listener *listener_open(const char *answer);
void listener_close(struct listener *listener);

int listener_port(const struct listener *listener);
int listener_connections(struct listener *listener);
/* Everything heard so far; the caller frees. */
char *listener_heard(struct listener *listener);
