#pragma once
/* How long an organization's OAuth token lives, for a person: out of its file, which is never behind what is used. */
#include "base/error.h"
#include "config/config.h"

enum { TOKEN_LIFE_BYTES = 128 };

/* "renewed 3 min ago, lives 57 min more". False: the file cannot be used, and error says why. Only for CONFIG_OAUTH. */
bool token_life_tell(const struct config_organization *organization, char ret_text[TOKEN_LIFE_BYTES],
                     struct error *error) __attribute__((warn_unused_result));
