#include "io/local_client.h"
#include "io/listener.h"
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 2000, HEAD_BYTES_MAX = 8192 };

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the end of what is sent; false when it takes too long, or is too much. */
static bool receive_all(int fd, struct buffer *answer) {
  int64_t end_ms = now_ms() + PATIENCE_MS;
  char chunk[16384];
  ssize_t got = 1;
  while (got > 0 && now_ms() < end_ms) {
    got = recv(fd, chunk, sizeof chunk, 0);
    if (got > 0 && !buffer_append(answer, chunk, (size_t)got))
      return false;
  }
  return got == 0;
}

/* "HTTP/1.0 200 …", head, empty line, body. */
static bool take_body(const struct buffer *answer, struct buffer *ret_body) {
  const char *body = answer->length > 0 ? strstr(answer->bytes, "\r\n\r\n") : NULL;
  if (body == NULL || answer->length < 12 || memcmp(answer->bytes + 8, " 200", 4) != 0)
    return false;
  body += 4;
  return buffer_append(ret_body, body, answer->length - (size_t)(body - answer->bytes));
}

bool local_client_get(const char *listen, const char *path, struct buffer *ret_body) {
  struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
  struct buffer question, answer;
  int fd = listener_connect(listen, PATIENCE_MS);
  buffer_init(&question, HEAD_BYTES_MAX);
  buffer_init(&answer, ret_body->limit + HEAD_BYTES_MAX);
  /* HTTP/1.0: the answer comes in one piece, and ends with the connection. */
  buffer_append_format(&question, "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", path);
  bool good = fd >= 0 && buffer_fits(&question) &&
              setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
              send(fd, question.bytes, question.length, MSG_NOSIGNAL) == (ssize_t)question.length &&
              receive_all(fd, &answer) && take_body(&answer, ret_body);
  if (fd >= 0)
    close(fd);
  buffer_finish(&question);
  buffer_finish(&answer);
  return good;
}
