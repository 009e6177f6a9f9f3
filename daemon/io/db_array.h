#pragma once
/* An array literal, built element by element: "{" … "}". */
#include "base/text.h"

/* `literal` begins empty. False when its limit is too small. */
bool db_array_append(struct buffer *literal, struct slice element);
bool db_array_append_number(struct buffer *literal, int64_t number);
bool db_array_append_null(struct buffer *literal);
bool db_array_close(struct buffer *literal);
