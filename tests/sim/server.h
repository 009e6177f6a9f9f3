/* The listener: libmicrohttpd with a thread per connection, so that a slow reply delays nobody else. */
#pragma once

#include "sim/scene.h"

#include <stdint.h>

struct MHD_Daemon;

/* Listens on 127.0.0.1; port 0 takes a free one. certificate and key (PEM texts) NULL: no TLS. NULL when it could not. */
struct MHD_Daemon *server_start(struct sim *sim, uint16_t port, const char *certificate, const char *key);
uint16_t server_port(struct MHD_Daemon *daemon);
