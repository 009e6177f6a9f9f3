#pragma once
/* A JSON number by value, in plain decimal: 1.0 and 1e0 are 1, -0 is 0. */
#include "base/text.h"

enum number_fault {
  NUMBER_GOOD,
  NUMBER_BEYOND, /* PostgreSQL's numeric, and so jsonb, cannot hold it */
  NUMBER_LARGE,  /* the text exceeds the buffer's limit */
};

/* Append it; on a fault the text may hold a part of it. */
enum number_fault number_write(struct buffer *text, struct slice number) __attribute__((warn_unused_result));
