#include "support/relay.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PAIRS_MAX = 64, LOOK_EVERY_MS = 50 };

struct relay {
  char server[100];
  pthread_t thread;
  int listener;
  atomic_bool abandon, over;
  int clients[PAIRS_MAX], servers[PAIRS_MAX]; /* -1: none; the client's alone: abandoned */
};

static struct sockaddr_un address_in(const char *directory) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", directory);
  cr_assert(length > 0 && (size_t)length < sizeof address.sun_path, "\"%s\" is too long for a socket", directory);
  return address;
}

static void forward(struct relay *relay, int pair, int from, int to) {
  static char bytes[1 << 16];
  ssize_t got = recv(from, bytes, sizeof bytes, 0);
  for (ssize_t at = 0; at < got;) {
    ssize_t sent = send(to, bytes + at, (size_t)(got - at), MSG_NOSIGNAL);
    got = sent <= 0 ? 0 : got;
    at += sent;
  }
  if (got > 0)
    return;
  close(relay->clients[pair]);
  close(relay->servers[pair]);
  relay->clients[pair] = relay->servers[pair] = -1;
}

static void accept_one(struct relay *relay) {
  struct sockaddr_un address = address_in(relay->server);
  int client = accept(relay->listener, NULL, NULL), pair = 0;
  int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  while (pair < PAIRS_MAX && relay->servers[pair] >= 0)
    pair++;
  if (pair == PAIRS_MAX || connect(server, (struct sockaddr *)&address, sizeof address) != 0) {
    close(client);
    close(server);
    return;
  }
  relay->clients[pair] = client;
  relay->servers[pair] = server;
}

static void abandon_all(struct relay *relay) {
  for (int i = 0; i < PAIRS_MAX; i++) {
    if (relay->clients[i] >= 0)
      close(relay->clients[i]);
    relay->clients[i] = -1;
  }
}

static void *serve(void *context) {
  struct relay *relay = context;
  while (!relay->over) {
    struct pollfd fds[1 + 2 * PAIRS_MAX] = {{.fd = relay->listener, .events = POLLIN}};
    for (int i = 0; i < PAIRS_MAX; i++) {
      fds[1 + 2 * i] = (struct pollfd){.fd = relay->clients[i], .events = POLLIN};
      fds[2 + 2 * i] = (struct pollfd){.fd = relay->clients[i] < 0 ? -1 : relay->servers[i], .events = POLLIN};
    }
    poll(fds, 1 + 2 * PAIRS_MAX, LOOK_EVERY_MS);
    if (relay->abandon) {
      abandon_all(relay);
      relay->abandon = false;
      continue;
    }
    for (int i = 0; i < PAIRS_MAX; i++) {
      if (relay->clients[i] >= 0 && fds[1 + 2 * i].revents != 0)
        forward(relay, i, relay->clients[i], relay->servers[i]);
      if (relay->clients[i] >= 0 && fds[2 + 2 * i].revents != 0)
        forward(relay, i, relay->servers[i], relay->clients[i]);
    }
    if (fds[0].revents != 0)
      accept_one(relay);
  }
  return NULL;
}

struct relay *relay_open(struct story *story) {
  struct relay *relay = calloc(1, sizeof *relay);
  struct sockaddr_un address = address_in(story_directory(story));
  sscanf(story_conninfo(story), "host=%99s", relay->server);
  for (int i = 0; i < PAIRS_MAX; i++)
    relay->clients[i] = relay->servers[i] = -1;
  relay->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  cr_assert_eq(bind(relay->listener, (struct sockaddr *)&address, sizeof address), 0, "%s", strerror(errno));
  cr_assert_eq(listen(relay->listener, 16), 0);
  cr_assert_eq(pthread_create(&relay->thread, NULL, serve, relay), 0);
  story_set(story, "database", "conninfo",
            story_format(story, "host=%s dbname=%s user=postgres", story_directory(story),
                         story_sql(story, "select current_database()")));
  return relay;
}

void relay_abandon(struct relay *relay) {
  relay->abandon = true;
  while (relay->abandon)
    usleep(1000);
}

void relay_close(struct relay *relay) {
  relay->over = true;
  pthread_join(relay->thread, NULL);
  close(relay->listener);
  for (int i = 0; i < PAIRS_MAX; i++) {
    if (relay->clients[i] >= 0)
      close(relay->clients[i]);
    if (relay->servers[i] >= 0)
      close(relay->servers[i]);
  }
  free(relay);
}
