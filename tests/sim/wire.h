/* Replies as no correct server sends them, written to the connection's own socket. */
#pragma once

#include "sim/request.h"
#include "sim/rule.h"

/* Sends the answer as the wire says; the caller closes the connection afterwards. Blocks; endless replies end when the
 * client has gone. */
void wire_send(int socket, const struct wire *wire, const struct answer *answer, const char *reason);
