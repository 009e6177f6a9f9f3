/* Collects an answer within its bounds. The head is kept as text and taken apart once, when the answer is complete. */
#include "io/http_answer.h"
#include "base/text.h"
#include <string.h>

void answer_init(struct answer *answer, size_t max_body_bytes) {
  *answer = (struct answer){.state = ANSWER_FITS};
  buffer_init(&answer->head, ANSWER_HEAD_BYTES);
  buffer_init(&answer->body, max_body_bytes);
}

void answer_finish(struct answer *answer) {
  buffer_finish(&answer->head);
  buffer_finish(&answer->body);
}

bool answer_line(struct answer *answer, const char *bytes, size_t length) {
  if (answer->state != ANSWER_FITS)
    return false;
  if (answer->body.length > 0)
    return true;
  if (++answer->lines > ANSWER_LINES + 2 || !buffer_append(&answer->head, bytes, length))
    answer->state = ANSWER_HEAD_TOO_LARGE;
  return answer->state == ANSWER_FITS;
}

bool answer_body(struct answer *answer, const char *bytes, size_t length) {
  if (answer->state == ANSWER_FITS && !buffer_append(&answer->body, bytes, length))
    answer->state = ANSWER_BODY_TOO_LARGE;
  return answer->state == ANSWER_FITS;
}

/* False for what is no header: the blank line, a folded continuation (RFC 9112 5.2 forbids them), garbage. */
static bool parse_line(char *line, char *end, struct header *ret_header) {
  char *colon = memchr(line, ':', (size_t)(end - line));
  if (colon == NULL || colon == line || strchr(" \t\r\n", *line) != NULL)
    return false;
  for (char *byte = line; byte < colon; byte++)
    if (*byte >= 'A' && *byte <= 'Z')
      *byte = (char)(*byte + ('a' - 'A'));
  *ret_header = (struct header){.name = text_trim((struct slice){line, (size_t)(colon - line)}),
                                .value = text_trim((struct slice){colon + 1, (size_t)(end - colon - 1)})};
  return true;
}

int answer_headers(struct answer *answer, struct header ret_headers[ANSWER_LINES]) {
  int count = 0;
  char *line = answer->head.bytes;
  char *limit = line != NULL ? line + answer->head.length : NULL;
  while (line != limit) {
    char *newline = memchr(line, '\n', (size_t)(limit - line));
    char *end = newline != NULL ? newline + 1 : limit;
    if (end - line >= 5 && memcmp(line, "HTTP/", 5) == 0)
      count = 0; /* what came before belonged to a 1xx */
    else if (count < ANSWER_LINES && parse_line(line, end, &ret_headers[count]))
      count++;
    line = end;
  }
  return count;
}
