#pragma once
/* A person's part of OAuth: the address to open, and what the browser was sent back to (close-api.md 3.2). Pure. */
#include "crm/oauth.h"

enum { CONSENT_STATE_BYTES = 33 };

/* `address` is api.oauth_authorize_url. False only when the buffer's limit would be exceeded; the buffer is cleared first. */
bool consent_url(struct buffer *url, const char *address, const struct oauth_client *client, const char *state)
    __attribute__((warn_unused_result));

/* The code in what was pasted: an address with the right `state`, or the code alone; blanks around it are ignored. On false the error
 * (AUTH) is a sentence for the person, and holds nothing of what was pasted but a refusal's word. */
bool consent_read(struct slice pasted, const char *state, struct secret **ret_code, struct error *error)
    __attribute__((warn_unused_result));
