#pragma once
/* What C reads of the file of `verify --since`: that it is text, and whose heads are in it. PostgreSQL reads the rest. */
#include "base/text.h"

void heads_init(struct buffer *heads); /* the caller's to finish */
/* The next bytes of the file. False: they are no text, or it is over 16 MiB. */
bool heads_append(struct buffer *heads, struct slice block) __attribute__((warn_unused_result));
bool heads_any(const struct buffer *heads);
/* Whether some line is a head of this organization. */
bool heads_name(const struct buffer *heads, const char *organization_id);
