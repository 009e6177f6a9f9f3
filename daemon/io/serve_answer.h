#pragma once
/* Replies that are being made, one after the other, in turns of the loop; for serve.c. */
#include "io/serve.h"
#include <sys/queue.h>

struct serve_answers;
struct gzip; /* zlib; only io/serve_answer.c includes it */

struct serve_answer {
  struct serve_reply reply; /* first: a reply leads back here; whole and unpacked, or `packed` is */
  TAILQ_ENTRY(serve_answer) link;
  struct serve_answers *answers;
  struct gzip *gzip; /* NULL: it is not packed */
  struct buffer packed;
  bool packs, queued, finished;
  void *client;
};

/* What is finished comes with its client, from the loop, once. */
struct serve_answers *serve_answers_create(struct loop *loop, void (*finished)(void *context, void *client),
                                           void *context);
void serve_answers_destroy(struct serve_answers *answers); /* all answers are gone; NULL is allowed */

struct serve_answer *serve_answer_create(struct serve_answers *answers, size_t max_body_bytes, bool packs);
void serve_answer_destroy(struct serve_answer *answer); /* at any time; NULL is allowed */
/* After the reply was begun. True: it is finished already, and no `finished` comes. A body that does not fit is a 500. */
bool serve_answer_start(struct serve_answer *answer) __attribute__((warn_unused_result));

const char *serve_zlib_version(void);
/* Whether an Accept-Encoding asks for gzip; NULL: it does not. */
bool serve_accepts_gzip(const char *accept_encoding);
/* The path of a request target. RFC 9112, 3.2.2: it may be the whole URL, whose host then counts instead of the header's. */
const char *serve_path(const char *url, struct slice *host);
