/* One thread, one connection at a time: strangers are not in a hurry. */
#include "support/listener.h"

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

struct listener {
  int socket, wake[2];
  const char *answer;
  pthread_t thread;
  pthread_mutex_t mutex; /* guards what follows */
  int connections;
  size_t length;
  char heard[HEARD_BYTES + 1];
};

static void note(struct listener *listener, const char *bytes, size_t length) {
  pthread_mutex_lock(&listener->mutex);
  if (length > HEARD_BYTES - listener->length)
    length = HEARD_BYTES - listener->length;
  memcpy(listener->heard + listener->length, bytes, length);
  listener->length += length;
  pthread_mutex_unlock(&listener->mutex);
}

/* False when the listener is to be closed, or nothing came in time. */
static bool readable(const struct listener *listener, int socket, int limit_ms) {
  struct pollfd polled[2] = {{.fd = listener->wake[0], .events = POLLIN}, {.fd = socket, .events = POLLIN}};
  return poll(polled, 2, limit_ms) > 0 && polled[0].revents == 0;
}

static void serve(struct listener *listener, int client) {
  char bytes[4096];
  size_t got = 0;
  while (readable(listener, client, PATIENCE_MS)) {
    ssize_t length = recv(client, bytes + got, sizeof bytes - got - 1, 0);
    if (length <= 0)
      return;
    note(listener, bytes + got, (size_t)length);
    got += (size_t)length;
    bytes[got] = '\0';
    if (listener->answer && (strstr(bytes, "\r\n\r\n") || got == sizeof bytes - 1)) {
      if (send(client, listener->answer, strlen(listener->answer), MSG_NOSIGNAL) > 0)
        shutdown(client, SHUT_WR);
      return;
    }
    if (got == sizeof bytes - 1)
      got = 0;
  }
}

static void *listen_on(void *context) {
  struct listener *listener = context;
  while (readable(listener, listener->socket, -1)) {
    int client = accept(listener->socket, NULL, NULL);
    if (client < 0)
      continue;
    pthread_mutex_lock(&listener->mutex);
    listener->connections++;
    pthread_mutex_unlock(&listener->mutex);
    serve(listener, client);
    close(client);
  }
  return NULL;
}

struct listener *listener_open(const char *answer) {
  struct listener *listener = calloc(1, sizeof *listener);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (!listener || pipe(listener->wake) != 0)
    abort();
  listener->answer = answer;
  listener->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  pthread_mutex_init(&listener->mutex, NULL);
  if (bind(listener->socket, (const struct sockaddr *)&address, sizeof address) != 0 ||
      listen(listener->socket, 64) != 0 || pthread_create(&listener->thread, NULL, listen_on, listener) != 0)
    abort();
  return listener;
}

void listener_close(struct listener *listener) {
  close(listener->wake[1]);
  pthread_join(listener->thread, NULL);
  close(listener->wake[0]);
  close(listener->socket);
  pthread_mutex_destroy(&listener->mutex);
  free(listener);
}

int listener_port(const struct listener *listener) {
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  if (getsockname(listener->socket, (struct sockaddr *)&address, &length) != 0)
    abort();
  return ntohs(address.sin_port);
}

int listener_connections(struct listener *listener) {
  pthread_mutex_lock(&listener->mutex);
  int connections = listener->connections;
  pthread_mutex_unlock(&listener->mutex);
  return connections;
}

char *listener_heard(struct listener *listener) {
  pthread_mutex_lock(&listener->mutex);
  char *copy = strndup(listener->heard, listener->length);
  pthread_mutex_unlock(&listener->mutex);
  if (!copy)
    abort();
  return copy;
}
