#pragma once
/* What one request tells curl, and what its failure is called. `easy` is a CURL handle. */
#include "io/http.h"

/* Everything but the callbacks. False when curl refuses an option: the request must not be sent then. */
bool request_configure(void *easy, const struct http_options *options, const struct http_request *request)
    __attribute__((warn_unused_result));

struct request_failure {
  int code;           /* the CURLcode of a failed transfer */
  const char *reason; /* curl's own text, or "" */
  int socket_errno;   /* why there was no socket; 0: there was one, or none was asked for */
  bool sent;          /* the connection was made, and curl had begun to send */
  bool again;         /* it broke then: curl would have sent it once more by itself */
};

/* Names the host, or the proxy where that is the one that failed; never the key. */
void request_error(void *easy, const struct http_options *options, const struct request_failure *failure,
                   struct error *error);
