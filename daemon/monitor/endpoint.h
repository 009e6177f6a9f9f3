#pragma once
/* Where the daemon answers over HTTP (http.listen): now, after a reload, and while somebody else has the address. */
#include "base/log.h"
#include "io/serve.h"

struct endpoint;

struct endpoint_options {
  struct loop *loop;
  struct log *log;
  serve_fn *answer;
  void *context;
  const char *hint;
  int64_t again_ms; /* from one try to the next while the address is taken; 0: a minute */
};

/* Nothing is listened on yet, and whoever connects waits for endpoint_answer(). */
struct endpoint *endpoint_create(const struct endpoint_options *options);
void endpoint_destroy(struct endpoint *endpoint); /* NULL is allowed */

void endpoint_answer(struct endpoint *endpoint); /* from now on; may be said again */
/* At the start. An address that may be free later is told, and tried again each minute; false: it never is one. */
bool endpoint_open(struct endpoint *endpoint, const char *listen, struct error *error)
    __attribute__((warn_unused_result));
/* At a reload. The new address is opened before the old one goes; false: it could not be, and the old one stays. */
bool endpoint_move(struct endpoint *endpoint, const char *listen, struct error *error)
    __attribute__((warn_unused_result));
