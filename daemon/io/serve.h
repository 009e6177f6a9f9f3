#pragma once
/* A small HTTP server inside the loop (libmicrohttpd), for machines that ask how we are. GET and HEAD only, no request body, nothing but
 * the listen address or localhost as Host (so that no web page of a stranger can read it by rebinding a name), and everything
 * bounded: clients, their header, the time they may take, the bytes of replies under way. Who is silent longest makes room for others,
 * also while its reply is being made.
 * A reply may be made in slices, over many turns of the loop, and is packed as gzip for whoever asks for that. */
#include "base/error.h"
#include "base/text.h"
#include "io/loop.h"

struct serve;
struct serve_reply;

struct serve_request {
  const char *path; /* decoded, without the query */
  void *connection; /* libmicrohttpd's; NULL: without a query */
};
/* ?NAME=VALUE, decoded; "" for ?NAME; NULL: not given. Borrowed until the answer returns. */
const char *serve_argument(const struct serve_request *request, const char *name);

/* More of a body: a few milliseconds' worth is appended to it, of which it is then emptied now and then. WAITS: not before
 * serve_go_on(). */
enum serve_progress { SERVE_WHOLE, SERVE_MORE, SERVE_WAITS };
typedef enum serve_progress serve_more_fn(void *work, struct serve_reply *reply);

struct serve_reply {        /* stays where it is until `drop` */
  int status;               /* 200 from the start; may be changed while there is more */
  const char *content_type; /* static text; "text/plain; charset=utf-8" from the start */
  const char *policy;       /* static: Content-Security-Policy; "default-src 'none'" from the start */
  const char *refresh;      /* static: "5", in seconds; NULL: no such header */
  struct buffer body;       /* initialised; freed when it was sent */
  serve_more_fn *more;      /* NULL: the body is whole */
  void (*drop)(void *work); /* comes once: there is no more, or nobody wants it; NULL: nothing to do */
  void *work;
};
/* What the reply waited for has come; from the loop, not from inside `more`. */
void serve_go_on(struct serve_reply *reply);

/* Answers one request at once, or says how it goes on. False: no such path, the reply is dropped for a 404 which shows
 * `serve_options.hint`. Called from the loop; must not call serve_destroy(). */
typedef bool serve_fn(void *context, const struct serve_request *request, struct serve_reply *reply);

struct serve_options {
  const char *listen; /* "127.0.0.1:8740", "[::1]:8740" or "unix:/path"; port 0: any free one */
  const char *hint;   /* body of a 404 */
  serve_fn *answer;
  void *context;
  size_t max_body_bytes; /* of one reply; 0: 64 MiB. All replies under way: twice that */
  int64_t request_ms,
      reply_ms; /* for a request to arrive whole (also the idle time), for its reply to be made, and to leave; 0: 10 s, 30 s */
  int max_clients; /* 0: 64 */
  bool paused;     /* whoever connects waits for serve_resume() */
};

/* NULL when the address cannot be listened on: kind CONFIG when it never can, NETWORK when it may later (in use, not there yet). A Unix
 * socket has mode 0660; a file that stands in its way is removed only when it is a socket on which nobody listens. */
struct serve *serve_create(struct loop *loop, const struct serve_options *options, struct error *error);
void serve_resume(struct serve *serve); /* once, of one that was paused */
/* Cuts every client and removes the Unix socket, if it is still ours; NULL is allowed. */
void serve_destroy(struct serve *serve);

int serve_port(const struct serve *serve);    /* 0 for a Unix socket */
int serve_clients(const struct serve *serve); /* connected now */

const char *serve_library_version(void);
