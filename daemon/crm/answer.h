#pragma once
/* The answer of `GET /me/` or `GET /organization/…/` as canonical text: safe for json-c and for jsonb alike, for it holds no NUL, no byte
 * that is no UTF-8, each name once, nothing deeper than ENTRY_DEPTH_MAX, and no number that jsonb cannot hold (those say null). */
#include "crm/canonical.h"

/* False: it is no one JSON object, or longer than `bytes_max`, or its canonical text is over 8 times that. */
bool answer_read(struct canonical *canonical, struct slice body, size_t bytes_max, struct slice *ret_text)
    __attribute__((warn_unused_result));
