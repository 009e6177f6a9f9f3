#pragma once
/* A question to a daemon on this machine, at the address on which it listens for HTTP. Blocks, for two seconds at most: for a command, not
 * for the loop. No foreign library. */
#include "base/buffer.h"

/* `listen` as in http.listen. False: nobody answered with 200 in time, or with more than the buffer holds. */
bool local_client_get(const char *listen, const char *path, struct buffer *ret_body)
    __attribute__((warn_unused_result));
