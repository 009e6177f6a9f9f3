#pragma once
/* Requests over HTTPS (libcurl multi); only io/http*.c includes curl. Knows nothing of Close.
 *
 * No redirects, no cookies, no netrc, no proxy from the environment, TLS >= 1.2 verified, HTTP/2 where offered, gzip.
 * A request is sent once: what curl would send again by itself (a refused HTTP/2 stream, a kept connection that broke) is an error.
 * The byte cap is counted after decompression in the write callback; headers are capped too (64 KiB, 128 lines).
 * The completion comes exactly once per accepted request, never from inside http_send() or http_cancel(). */
#include "base/error.h"
#include "base/secret.h"
#include "base/text.h"
#include "io/loop.h"

struct http;

const char *http_library_version(void);

struct http_options {
  const char *user_agent;
  const char *ca_file; /* NULL: the system's */
  const char *proxy;   /* NULL: none, the environment's is ignored; used as a tunnel (CONNECT) */
  int64_t connect_timeout_ms, request_timeout_ms;
  size_t max_response_bytes;
  long max_connections; /* per host and in all; what exceeds it waits, and its timeouts run meanwhile */
};

enum http_scheme { HTTP_BASIC /* as user name with an empty password */, HTTP_BEARER };

struct http_request { /* all of it is borrowed until the completion */
  const char *url;
  const struct secret *credential; /* or NULL */
  enum http_scheme scheme;         /* how the credential is sent */
  /* Not NULL: a POST of this form (application/x-www-form-urlencoded). It has a connection of its own, so that it is sent once at
   * most: libcurl sends again what a kept connection lost. The answer's memory is wiped, for it may hold secrets too. */
  const struct secret *form;
};

struct http_response { /* borrowed until the callback returns */
  int status;
  struct slice body;
  struct buffer *memory; /* of the body: who wants to keep it takes it (buffer_take()) */
  const struct header *headers;
  int header_count;
  int64_t received_bytes; /* on the wire, body only, before decompression */
};

#define HTTP_UNSENT "unsent" /* error->code of a request of which nothing was sent */

/* Exactly one of response and error is not NULL; a 429 is a response also when its body was lost. error->kind: NETWORK, TIMEOUT,
 * LIMIT, CANCELLED. */
typedef void http_done_fn(void *context, const struct http_response *response, const struct error *error);

struct http *http_create(struct loop *loop, const struct http_options *options, struct error *error);
/* Returns a number > 0. */
uint64_t http_send(struct http *http, const struct http_request *request, http_done_fn *done, void *context);
void http_cancel(struct http *http, uint64_t request); /* completes with CANCELLED */
/* Cancels what is in flight (completions come from the loop), then frees itself and leaves the loop. NULL is allowed. */
void http_destroy(struct http *http);
