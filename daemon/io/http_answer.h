#pragma once
/* What has arrived of one HTTP answer: header lines and body, each with its bound. Knows no library. */
#include "base/text.h"

#define ANSWER_HEAD_BYTES (64 * 1024)
#define ANSWER_LINES      128

struct answer {
  struct buffer head, body;
  int lines;
  enum { ANSWER_FITS, ANSWER_HEAD_TOO_LARGE, ANSWER_BODY_TOO_LARGE } state;
};

void answer_init(struct answer *answer, size_t max_body_bytes);
void answer_finish(struct answer *answer);

/* One line as received, line break included. A status line begins anew (after 1xx), yet the bound covers all of them;
 * lines after the body (trailers) are ignored. False when the bound is passed: the transfer must end. */
bool answer_line(struct answer *answer, const char *bytes, size_t length) __attribute__((warn_unused_result));
/* Decoded bytes of the body; false when the bound is passed. */
bool answer_body(struct answer *answer, const char *bytes, size_t length) __attribute__((warn_unused_result));

/* The headers in the order received, names in lower case; borrowed from the answer. */
int answer_headers(struct answer *answer, struct header ret_headers[ANSWER_LINES]);
