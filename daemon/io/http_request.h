#pragma once
/* What one request tells curl, and what its failure is called. `easy` is a CURL handle. */
#include "io/http.h"

/* Everything but the callbacks. False when curl refuses an option: the request must not be sent then. */
bool request_configure(void *easy, const struct http_options *options, const struct http_request *request)
    __attribute__((warn_unused_result));

/* `code` is the CURLcode of a failed transfer, `reason` curl's own text or "". Names the host, never the key. */
void request_error(void *easy, const struct http_options *options, int code, const char *reason, struct error *error);
