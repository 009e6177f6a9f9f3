#pragma once
/* What the client of a stage does: connect, say, hear. It runs in a thread of its own and judges nothing. */
#include "io/stage.h"
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

static inline int64_t stage_now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline int stage_connect(const struct stage *stage) {
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)stage->port)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
    return fd;
  close(fd);
  return -1;
}

static inline int stage_connect_unix(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
    return fd;
  close(fd);
  return -1;
}

static inline void stage_say(int fd, const char *text) {
  if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
    return; /* the server has cut us; what it said before is still to be read */
}

/* Everything until the server closes, into answers[number]; at most 10 s. */
static inline void stage_hear(struct stage *stage, int fd, int number) {
  int64_t begun_ms = stage_now_ms();
  char *text = stage->answers[number];
  size_t length = 0;
  for (struct pollfd waiting = {.fd = fd, .events = POLLIN}; poll(&waiting, 1, 10000) == 1;) {
    char block[4096];
    ssize_t got = recv(fd, block, sizeof block, 0);
    if (got <= 0)
      break;
    stage->received += (size_t)got;
    for (ssize_t i = 0; i < got && length < STAGE_ANSWER_BYTES - 1; i++)
      text[length++] = block[i];
  }
  text[length] = '\0';
  stage->took_ms[number] = stage_now_ms() - begun_ms;
}

static inline void stage_ask(struct stage *stage, int number, const char *request) {
  int fd = stage_connect(stage);
  stage_say(fd, request);
  stage_hear(stage, fd, number);
  close(fd);
}
