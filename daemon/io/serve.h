#pragma once
/* A small HTTP server inside the loop (libmicrohttpd), for machines that ask how we are. GET and HEAD only, no request body, nothing but
 * the listen address or localhost as Host (so that no web page of a stranger can read it by rebinding a name), and everything
 * bounded: clients, their header, the time they may take, the bytes of replies under way. */
#include "base/error.h"
#include "base/text.h"
#include "io/loop.h"

struct serve;

struct serve_reply {
  int status;               /* 200 from the start */
  const char *content_type; /* static text; "text/plain; charset=utf-8" from the start */
  struct buffer body;       /* initialised; freed when it was sent */
};

/* Answers one request at once. `path` is decoded and without the query; false: no such path, the reply is dropped for a 404 which
 * shows `serve_options.hint`. Called from the loop; must not call serve_destroy(). */
typedef bool serve_fn(void *context, const char *path, struct serve_reply *reply);

struct serve_options {
  const char *listen; /* "127.0.0.1:8740", "[::1]:8740" or "unix:/path"; port 0: any free one */
  const char *hint;   /* body of a 404 */
  serve_fn *answer;
  void *context;
  size_t max_body_bytes; /* of one reply; 0: 64 MiB. All replies under way: twice that */
  int64_t request_ms,
      reply_ms; /* for a request to arrive whole (also the idle time), for its reply to leave; 0: 10 s, 30 s */
  int max_clients, max_clients_per_host; /* 0: 64, 16 */
};

/* NULL when the address cannot be listened on: kind CONFIG when it never can, NETWORK when it may later (in use, not there yet). A Unix
 * socket has mode 0660; a file that stands in its way is removed only when it is a socket on which nobody listens. */
struct serve *serve_create(struct loop *loop, const struct serve_options *options, struct error *error);
/* Cuts every client and removes the Unix socket, if it is still ours; NULL is allowed. */
void serve_destroy(struct serve *serve);

int serve_port(const struct serve *serve);    /* 0 for a Unix socket */
int serve_clients(const struct serve *serve); /* connected now */

const char *serve_library_version(void);
