/* One process, one poll loop, blocking writes: both sides are quick readers, and behind a point only one of them talks. */
#include "fault/proxy.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINKS_AT_MOST = 32, KINDS_KEPT = 512, LOOK_EVERY_MS = 5, ANSWER_OF_STATEMENT = 'E', ANSWER_OF_SYNC = 'Z' };

struct shared { /* between the test and its proxy */
  _Atomic int fault;
  _Atomic long at;
  _Atomic long points, statements, syncs, up_bytes, down_bytes;
  _Atomic bool struck, released;
  _Atomic char kinds[KINDS_KEPT]; /* of the points: 'E', 'Q', 'S' */
};

struct proxy {
  struct shared *shared;
  pid_t pid;
};

struct stream {
  char *bytes;
  size_t length, size;
};

struct link {
  int client, server; /* -1: none */
  pid_t peer, backend;
  struct stream up, down;
  bool begun;        /* the first message, which has no type, has passed */
  bool failed;       /* the server skips everything up to the next Sync */
  bool client_ended; /* what it has sent still goes to the server */
  bool held;         /* the fault strikes when the awaited answer is there */
  int awaited;       /* ANSWER_OF_...; 0: none */
  bool frozen;       /* until it is released */
  bool freezes;      /* as soon as the point has gone up */
};

struct relay {
  struct shared *shared;
  const char *server;
  int listener;
  struct link links[LINKS_AT_MOST];
};

/* ---- sockets and streams ---- */

static struct sockaddr_un address_in(const char *directory) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", directory);
  if (length >= (int)sizeof address.sun_path)
    abort();
  return address;
}

static bool receive(int socket, struct stream *stream) {
  if (stream->size - stream->length < 65536) {
    stream->size = stream->length + 262144;
    stream->bytes = realloc(stream->bytes, stream->size);
    if (!stream->bytes)
      abort();
  }
  ssize_t got = recv(socket, stream->bytes + stream->length, stream->size - stream->length, 0);
  if (got <= 0)
    return false;
  stream->length += (size_t)got;
  return true;
}

static void deliver(int socket, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t sent = send(socket, bytes, length, MSG_NOSIGNAL);
    if (sent <= 0)
      return; /* it has gone; reading it will tell */
    bytes += sent;
    length -= (size_t)sent;
  }
}

static void drop(struct stream *stream, size_t length) {
  memmove(stream->bytes, stream->bytes + length, stream->length - length);
  stream->length -= length;
}

/* Bytes of the first message, 0 when it is not all there. */
static size_t message_length(const struct stream *stream, bool typed) {
  uint32_t length;
  size_t head = typed ? 1 : 0;
  if (stream->length < head + sizeof length)
    return 0;
  memcpy(&length, stream->bytes + head, sizeof length);
  size_t whole = head + ntohl(length);
  return stream->length < whole ? 0 : whole;
}

static void close_link(struct link *link) {
  if (link->client >= 0)
    close(link->client);
  if (link->server >= 0)
    close(link->server);
  free(link->up.bytes);
  free(link->down.bytes);
  *link = (struct link){.client = -1, .server = -1};
}

/* ---- the fault ---- */

static bool is_armed(const struct relay *relay, enum fault fault) {
  return !relay->shared->struck && (enum fault)relay->shared->fault == fault;
}

/* The link is closed afterwards, except when only the backend is to go. */
static void strike(struct relay *relay, struct link *link) {
  enum fault fault = (enum fault)relay->shared->fault;
  relay->shared->struck = true;
  if (fault == FAULT_TERMINATE) {
    kill(link->backend, SIGTERM);
    return;
  }
  if (fault == FAULT_KILL || fault == FAULT_KILL_ANSWERED)
    kill(link->peer, SIGKILL);
  close_link(link);
}

/* Passes bytes on and counts them; false when the connection was cut in the middle of them. */
static bool pass(struct relay *relay, struct link *link, bool up, size_t length) {
  _Atomic long *count = up ? &relay->shared->up_bytes : &relay->shared->down_bytes;
  struct stream *stream = up ? &link->up : &link->down;
  int socket = up ? link->server : link->client;
  long left = relay->shared->at - *count;
  if (is_armed(relay, up ? FAULT_CUT_UP : FAULT_CUT_DOWN) && left <= (long)length) {
    deliver(socket, stream->bytes, left < 0 ? 0 : (size_t)left);
    strike(relay, link);
    return false;
  }
  deliver(socket, stream->bytes, length);
  drop(stream, length);
  *count += (long)length;
  return true;
}

/* Counts a point. False when the fault struck and nothing more passes. */
static bool reach_point(struct relay *relay, struct link *link, char type) {
  struct shared *shared = relay->shared;
  shared->points++;
  bool is_reached = shared->points == shared->at;
  if (is_reached && is_armed(relay, FAULT_HOLD)) {
    shared->struck = link->frozen = true;
    shared->points--; /* it comes once more */
    return false;
  }
  if (shared->points <= KINDS_KEPT)
    shared->kinds[shared->points - 1] = type;
  if (type == 'S')
    shared->syncs++;
  else
    shared->statements++;
  if (!is_reached)
    return true;
  link->freezes = is_armed(relay, FAULT_HOLD_SENT);
  if (is_armed(relay, FAULT_TERMINATE)) {
    strike(relay, link);
    return true;
  }
  if (is_armed(relay, FAULT_CUT) || is_armed(relay, FAULT_KILL)) {
    strike(relay, link);
    return false;
  }
  link->held = is_armed(relay, FAULT_CUT_ANSWERED) || is_armed(relay, FAULT_KILL_ANSWERED);
  return true;
}

/* ---- both directions ---- */

static void go_up(struct relay *relay, struct link *link) {
  static const char flush[] = {'H', 0, 0, 0, 4};
  size_t length;
  while (link->awaited == 0 && (length = message_length(&link->up, link->begun)) > 0) {
    char type = link->begun ? link->up.bytes[0] : '\0';
    bool is_point = type == 'E' || type == 'Q' || type == 'S';
    if (is_point && !reach_point(relay, link, type))
      return;
    if (!pass(relay, link, true, length))
      return;
    link->begun = true;
    if (type == 'Q' || type == 'S')
      link->awaited = ANSWER_OF_SYNC;
    if (type == 'E' && !link->failed) {
      deliver(link->server, flush, sizeof flush);
      link->awaited = ANSWER_OF_STATEMENT;
    }
    if (link->freezes) {
      link->freezes = false;
      relay->shared->struck = link->frozen = true;
      return;
    }
  }
  if (link->client_ended && link->awaited == 0)
    close_link(link);
}

static void read_answer(struct link *link) {
  const char *message = link->down.bytes;
  bool statement_ends = strchr("CIsE", message[0]) != NULL;
  uint32_t pid;
  if (message[0] == 'K') {
    memcpy(&pid, message + 5, sizeof pid);
    link->backend = (pid_t)ntohl(pid);
  }
  if (message[0] == 'E')
    link->failed = true;
  if (message[0] == 'Z')
    link->failed = false;
  if (message[0] == link->awaited || (link->awaited == ANSWER_OF_STATEMENT && statement_ends))
    link->awaited = 0;
}

static void go_down(struct relay *relay, struct link *link) {
  size_t length;
  while ((length = message_length(&link->down, true)) > 0) {
    read_answer(link);
    if (link->held && link->awaited == 0) {
      strike(relay, link);
      return;
    }
    if (link->held) {
      drop(&link->down, length); /* the client is not to know */
    } else if (!pass(relay, link, false, length)) {
      return;
    }
  }
  go_up(relay, link);
}

static void serve(struct relay *relay, struct link *link, bool from_client, bool from_server) {
  if (from_server) {
    if (receive(link->server, &link->down))
      go_down(relay, link);
    else
      close_link(link);
  } else if (from_client) {
    link->client_ended = !receive(link->client, &link->up);
    go_up(relay, link);
  }
}

static void accept_link(struct relay *relay) {
  struct sockaddr_un address = address_in(relay->server);
  struct ucred peer;
  socklen_t length = sizeof peer;
  int at = 0;
  while (at < LINKS_AT_MOST && relay->links[at].client >= 0)
    at++;
  if (at == LINKS_AT_MOST)
    abort();
  struct link *link = &relay->links[at];
  link->client = accept4(relay->listener, NULL, NULL, SOCK_CLOEXEC);
  link->server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (link->client < 0 || connect(link->server, (struct sockaddr *)&address, sizeof address) != 0 ||
      getsockopt(link->client, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
    close_link(link);
  else
    link->peer = peer.pid;
}

/* Frozen connections go on when they may. Returns how long the relay may sleep, ms. */
static int thaw(struct relay *relay) {
  bool any = false;
  for (int i = 0; i < LINKS_AT_MOST; i++) {
    struct link *link = &relay->links[i];
    any = any || link->frozen;
    if (!link->frozen || !relay->shared->released)
      continue;
    link->frozen = false;
    go_up(relay, link);
  }
  return any ? LOOK_EVERY_MS : -1;
}

static _Noreturn void run(struct relay *relay) {
  for (;;) {
    int limit_ms = thaw(relay);
    struct pollfd polled[1 + 2 * LINKS_AT_MOST] = {{.fd = relay->listener, .events = POLLIN}};
    for (int i = 0; i < LINKS_AT_MOST; i++) {
      const struct link *link = &relay->links[i];
      bool listens = !link->client_ended && !link->frozen;
      polled[1 + 2 * i] = (struct pollfd){.fd = listens ? link->client : -1, .events = POLLIN};
      polled[2 + 2 * i] = (struct pollfd){.fd = link->frozen ? -1 : link->server, .events = POLLIN};
    }
    if (poll(polled, 1 + 2 * LINKS_AT_MOST, limit_ms) < 0)
      abort();
    for (int i = 0; i < LINKS_AT_MOST; i++)
      serve(relay, &relay->links[i], polled[1 + 2 * i].revents != 0, polled[2 + 2 * i].revents != 0);
    if (polled[0].revents)
      accept_link(relay);
  }
}

/* ---- the test's side ---- */

static int listen_in(const char *directory) {
  struct sockaddr_un address = address_in(directory);
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 16) != 0)
    abort();
  return listener;
}

struct proxy *proxy_create(const char *directory, const char *server) {
  struct proxy *proxy = calloc(1, sizeof *proxy);
  struct relay *relay = calloc(1, sizeof *relay);
  if (!proxy || !relay)
    abort();
  proxy->shared = mmap(NULL, sizeof *proxy->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (proxy->shared == MAP_FAILED)
    abort();
  *relay = (struct relay){.shared = proxy->shared, .server = server, .listener = listen_in(directory)};
  for (int i = 0; i < LINKS_AT_MOST; i++)
    relay->links[i].client = relay->links[i].server = -1;
  fflush(NULL);
  proxy->pid = fork();
  if (proxy->pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    run(relay);
  }
  close(relay->listener);
  free(relay);
  return proxy;
}

void proxy_destroy(struct proxy *proxy) {
  kill(proxy->pid, SIGKILL);
  waitpid(proxy->pid, NULL, 0);
  munmap(proxy->shared, sizeof *proxy->shared);
  free(proxy);
}

void proxy_arm(struct proxy *proxy, enum fault fault, long at) {
  struct shared *shared = proxy->shared;
  shared->fault = FAULT_NONE;
  shared->points = shared->statements = shared->syncs = shared->up_bytes = shared->down_bytes = 0;
  shared->struck = shared->released = false;
  shared->at = at;
  shared->fault = (int)fault;
}

void proxy_release(struct proxy *proxy) { proxy->shared->released = true; }

struct passed proxy_passed(const struct proxy *proxy) {
  const struct shared *shared = proxy->shared;
  return (struct passed){.points = shared->points,
                         .statements = shared->statements,
                         .syncs = shared->syncs,
                         .up_bytes = shared->up_bytes,
                         .down_bytes = shared->down_bytes,
                         .struck = shared->struck};
}

bool proxy_was_sync(const struct proxy *proxy, long point) {
  return point >= 1 && point <= KINDS_KEPT && proxy->shared->kinds[point - 1] == 'S';
}
