#pragma once
/* A listening socket from its text: TCP on a numeric address, or a Unix socket that does not trample on a living one. No foreign library. */
#include "base/error.h"
#include "base/text.h"
#include <sys/types.h>

struct listener {
  int fd;     /* -1: given away or closed */
  int port;   /* 0: a Unix socket */
  char *path; /* NULL: TCP */
  dev_t device;
  ino_t inode;
};

/* "127.0.0.1:8740", "[::1]:8740" or "unix:/path", non-blocking. Port 0 takes any free one. See serve_create() for errors. */
bool listener_open(struct listener *listener, const char *text, struct error *error)
    __attribute__((warn_unused_result));
/* The other side of it: a connected, blocking socket whose sends take no longer than that; -1 when nobody listens there. */
int listener_connect(const char *text, int patience_ms);
/* Closes the socket unless it was given away, and removes the Unix socket's file if it is still ours. */
void listener_close(struct listener *listener);

/* Whether `host` ("HOST" or "HOST:PORT") names the address on which `client_fd` was accepted, or localhost. Always, for a Unix socket. */
bool listener_is_host(const struct listener *listener, int client_fd, struct slice host);
