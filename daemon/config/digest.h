#pragma once
/* One number for what daemons that share their organizations must agree on. */
#include "base/hash.h"
#include "config/config.h"

/* SHA-256 of the NAMEs of the enabled organizations and of the settings that decide when and what is asked and written; not of what is a
 * machine's own (files, addresses, the log). It holds nothing secret. */
void config_digest(const struct config *config, unsigned char ret_digest[HASH_BYTES]);
