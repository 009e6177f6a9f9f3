#pragma once
/* A quick look at a document: does it hold nothing but what close-api.md knows, each field of its type? */
#include "base/text.h"

/* `document` is canonical. True: no field is unknown, none is of another type, and no key text too long for an index, so that sql/function's
 * account_other finds nothing but fields without a column, and account_drift nothing. False says nothing. What was said is proven by `verify` (verify_other). */
bool plain_document(struct slice document);
