/* One thread, one connection at a time: strangers are not in a hurry. */
#include "support/stranger.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEARD_BYTES = 65536, PATIENCE_MS = 2000 };

struct stranger {
  int socket, wake[2];
  const char *answer;
  pthread_t thread;
  pthread_mutex_t mutex; /* guards what follows */
  int connections;
  size_t length;
  char heard[HEARD_BYTES + 1];
};

static void note(struct stranger *stranger, const char *bytes, size_t length) {
  pthread_mutex_lock(&stranger->mutex);
  if (length > HEARD_BYTES - stranger->length)
    length = HEARD_BYTES - stranger->length;
  memcpy(stranger->heard + stranger->length, bytes, length);
  stranger->length += length;
  pthread_mutex_unlock(&stranger->mutex);
}

/* False when the stranger is to be closed, or nothing came in time. */
static bool readable(const struct stranger *stranger, int socket, int limit_ms) {
  struct pollfd polled[2] = {{.fd = stranger->wake[0], .events = POLLIN}, {.fd = socket, .events = POLLIN}};
  return poll(polled, 2, limit_ms) > 0 && polled[0].revents == 0;
}

static void serve(struct stranger *stranger, int client) {
  char bytes[4096];
  size_t got = 0;
  while (readable(stranger, client, PATIENCE_MS)) {
    ssize_t length = recv(client, bytes + got, sizeof bytes - got - 1, 0);
    if (length <= 0)
      return;
    note(stranger, bytes + got, (size_t)length);
    got += (size_t)length;
    bytes[got] = '\0';
    if (stranger->answer && (strstr(bytes, "\r\n\r\n") || got == sizeof bytes - 1)) {
      if (send(client, stranger->answer, strlen(stranger->answer), MSG_NOSIGNAL) > 0)
        shutdown(client, SHUT_WR);
      return;
    }
    if (got == sizeof bytes - 1)
      got = 0;
  }
}

static void *stranger_run(void *context) {
  struct stranger *stranger = context;
  while (readable(stranger, stranger->socket, -1)) {
    int client = accept(stranger->socket, NULL, NULL);
    if (client < 0)
      continue;
    pthread_mutex_lock(&stranger->mutex);
    stranger->connections++;
    pthread_mutex_unlock(&stranger->mutex);
    serve(stranger, client);
    close(client);
  }
  return NULL;
}

struct stranger *stranger_open(const char *answer) {
  struct stranger *stranger = calloc(1, sizeof *stranger);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (!stranger || pipe(stranger->wake) != 0)
    abort();
  stranger->answer = answer;
  stranger->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  pthread_mutex_init(&stranger->mutex, NULL);
  if (bind(stranger->socket, (const struct sockaddr *)&address, sizeof address) != 0 ||
      listen(stranger->socket, 64) != 0 || pthread_create(&stranger->thread, NULL, stranger_run, stranger) != 0)
    abort();
  return stranger;
}

void stranger_close(struct stranger *stranger) {
  close(stranger->wake[1]);
  pthread_join(stranger->thread, NULL);
  close(stranger->wake[0]);
  close(stranger->socket);
  pthread_mutex_destroy(&stranger->mutex);
  free(stranger);
}

int stranger_port(const struct stranger *stranger) {
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  if (getsockname(stranger->socket, (struct sockaddr *)&address, &length) != 0)
    abort();
  return ntohs(address.sin_port);
}

int stranger_connections(struct stranger *stranger) {
  pthread_mutex_lock(&stranger->mutex);
  int connections = stranger->connections;
  pthread_mutex_unlock(&stranger->mutex);
  return connections;
}

char *stranger_heard(struct stranger *stranger) {
  pthread_mutex_lock(&stranger->mutex);
  char *copy = strndup(stranger->heard, stranger->length);
  pthread_mutex_unlock(&stranger->mutex);
  if (!copy)
    abort();
  return copy;
}
