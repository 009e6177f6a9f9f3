#pragma once
/* A TCP server for tests: one thread per connection, which runs the scene and may send what no correct server sends. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVER_CONNECTIONS 100

struct server;
typedef void scene_fn(struct server *server, int fd);

struct server {
  scene_fn *scene;
  int listener, port;
  pthread_t acceptor, threads[SERVER_CONNECTIONS];
  int fds[SERVER_CONNECTIONS];
  atomic_int accepted, requests, ended;
  char last_request[4096]; /* read it when no request is under way */
  char base[64];           /* http://127.0.0.1:PORT */
};

struct served {
  struct server *server;
  int fd;
};

static inline void *server_connection(void *context) {
  struct served served = *(struct served *)context;
  free(context);
  served.server->scene(served.server, served.fd);
  shutdown(served.fd, SHUT_RDWR); /* closed by server_stop(), so that no number is used twice */
  served.server->ended++;
  return NULL;
}

static inline void *server_accept(void *context) {
  struct server *server = context;
  for (int fd; (fd = accept(server->listener, NULL, NULL)) >= 0;) {
    int number = server->accepted;
    cr_assert_lt(number, SERVER_CONNECTIONS);
    struct served *served = malloc(sizeof *served);
    *served = (struct served){.server = server, .fd = fd};
    server->fds[number] = fd;
    cr_assert_eq(pthread_create(&server->threads[number], NULL, server_connection, served), 0);
    server->accepted++;
  }
  return NULL;
}

static inline void server_start(struct server *server, scene_fn *scene) {
  *server = (struct server){.scene = scene, .listener = socket(AF_INET, SOCK_STREAM, 0)};
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  cr_assert_eq(bind(server->listener, (struct sockaddr *)&address, length), 0);
  cr_assert_eq(listen(server->listener, 100), 0);
  getsockname(server->listener, (struct sockaddr *)&address, &length);
  server->port = ntohs(address.sin_port);
  snprintf(server->base, sizeof server->base, "http://127.0.0.1:%d", server->port);
  cr_assert_eq(pthread_create(&server->acceptor, NULL, server_accept, server), 0);
}

static inline void server_stop(struct server *server) {
  shutdown(server->listener, SHUT_RDWR);
  pthread_join(server->acceptor, NULL);
  close(server->listener);
  for (int i = 0; i < server->accepted; i++) {
    shutdown(server->fds[i], SHUT_RDWR);
    pthread_join(server->threads[i], NULL);
    close(server->fds[i]);
  }
}

/* False when the client has gone. */
static inline bool server_send(int fd, const char *bytes, size_t length) {
  return send(fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

static inline bool server_say(int fd, const char *text) { return server_send(fd, text, strlen(text)); }

/* One HTTP request's head into last_request; false at the end of the connection. */
static inline bool server_read(struct server *server, int fd) {
  char text[sizeof server->last_request] = "";
  size_t length = 0;
  while (strstr(text, "\r\n\r\n") == NULL && length < sizeof text - 1)
    if (recv(fd, text + length, 1, 0) != 1)
      return false;
    else
      text[++length] = '\0';
  strcpy(server->last_request, text);
  server->requests++;
  return true;
}
