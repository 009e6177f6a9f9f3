/* Sockets that listen. Between seeing that nobody listens on a Unix socket and taking its place another process could take it: the
 * directory is locked meanwhile, so two of us never remove each other's; no lock file stays behind. */
#include "io/listener.h"
#include "base/memory.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = SOMAXCONN, LOCK_TRIES = 20, LOCK_PAUSE_US = 50 * 1000, SOCKET_MODE = 0660, HOST_BYTES = 64 };

union address {
  struct sockaddr any;
  struct sockaddr_in ipv4;
  struct sockaddr_in6 ipv6;
};

/* "HOST:PORT" or "[IPv6]:PORT" -> host without brackets, and the port's text ("" when there is none). */
static bool split(struct slice text, char host[HOST_BYTES], char port[HOST_BYTES]) {
  size_t length = text.length, skipped = 0, rest;
  const char *end = text.length > 0 && *text.bytes == '[' ? memchr(text.bytes, ']', text.length) : NULL;
  const char *colon = end != NULL ? NULL : memrchr(text.bytes, ':', text.length);
  if (end != NULL) {
    skipped = 1;
    length = (size_t)(end - text.bytes) - 1;
    rest = length + 2;
  } else {
    length = colon != NULL ? (size_t)(colon - text.bytes) : text.length;
    rest = length;
  }
  size_t port_length = text.length - rest;
  if (length >= HOST_BYTES || port_length > 6 || (port_length > 0 && (text.bytes[rest] != ':' || port_length == 1)))
    return false;
  memcpy(host, text.bytes + skipped, length);
  host[length] = '\0';
  port[0] = '\0';
  if (port_length > 0) {
    memcpy(port, text.bytes + rest + 1, port_length - 1);
    port[port_length - 1] = '\0';
  }
  return strlen(host) == length && strspn(port, "0123456789") == (port_length > 0 ? port_length - 1 : 0);
}

static bool parse_address(const char *text, union address *ret_address, socklen_t *ret_length) {
  char host[HOST_BYTES], port[HOST_BYTES];
  *ret_address = (union address){0};
  if (!split(slice_of(text), host, port) || port[0] == '\0' || atoi(port) > 65535)
    return false;
  in_port_t number = htons((uint16_t)atoi(port));
  if (*text != '[' && inet_pton(AF_INET, host, &ret_address->ipv4.sin_addr) == 1) {
    ret_address->ipv4.sin_family = AF_INET;
    ret_address->ipv4.sin_port = number;
    *ret_length = sizeof ret_address->ipv4;
    return true;
  }
  ret_address->ipv6.sin6_family = AF_INET6;
  ret_address->ipv6.sin6_port = number;
  *ret_length = sizeof ret_address->ipv6;
  return *text == '[' && inet_pton(AF_INET6, host, &ret_address->ipv6.sin6_addr) == 1;
}

static bool refuse(struct error *error, const char *text, const char *reason) {
  return error_set(error, ERROR_NETWORK, "could not listen on \"%s\": %s", text, reason);
}

static bool open_tcp(struct listener *listener, const char *text, struct error *error) {
  union address address;
  socklen_t length;
  int yes = 1;
  if (!parse_address(text, &address, &length))
    return error_set(error, ERROR_CONFIG, "could not listen on \"%s\": it is no numeric address with a port", text);
  listener->fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener->fd < 0)
    return refuse(error, text, strerror(errno));
  setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (address.any.sa_family == AF_INET6)
    setsockopt(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  if (bind(listener->fd, &address.any, length) != 0 || listen(listener->fd, BACKLOG) != 0 ||
      getsockname(listener->fd, &address.any, &length) != 0)
    return refuse(error, text, strerror(errno));
  listener->port = ntohs(address.any.sa_family == AF_INET ? address.ipv4.sin_port : address.ipv6.sin6_port);
  return true;
}

/* The fd of the locked directory, or -1; closing it unlocks. */
static int lock_directory(const char *path) {
  char *copy = memory_copy(path, (size_t)(strrchr(path, '/') - path) + 1); /* with the slash, for "/" itself */
  int fd = open(copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  memory_free(copy);
  for (int i = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
    if (errno != EWOULDBLOCK || i == LOCK_TRIES) {
      int reason = errno;
      close(fd);
      errno = reason;
      return -1;
    }
    usleep(LOCK_PAUSE_US);
  }
  return fd;
}

/* True when nothing is in the way any more; otherwise *ret_reason says what is. */
static bool remove_stale(const struct sockaddr_un *address, const char **ret_reason) {
  struct stat found;
  if (lstat(address->sun_path, &found) != 0) {
    *ret_reason = strerror(errno);
    return errno == ENOENT;
  }
  if (!S_ISSOCK(found.st_mode)) {
    *ret_reason = "there is a file that is no socket; remove it or choose another path";
    return false;
  }
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  bool refused =
      fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 && errno == ECONNREFUSED;
  if (fd >= 0)
    close(fd);
  *ret_reason = refused ? strerror(errno) : "somebody else listens there";
  return refused && unlink(address->sun_path) == 0;
}

/* Nobody can connect before listen(), so the mode is right before anybody can. */
static bool bind_unix(struct listener *listener, const struct sockaddr_un *address, const char **ret_reason) {
  struct stat made;
  if (!remove_stale(address, ret_reason))
    return false;
  listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener->fd >= 0 && bind(listener->fd, (const struct sockaddr *)address, sizeof *address) == 0) {
    if (chmod(address->sun_path, SOCKET_MODE) == 0 && listen(listener->fd, BACKLOG) == 0 &&
        lstat(address->sun_path, &made) == 0) {
      listener->device = made.st_dev;
      listener->inode = made.st_ino;
      listener->path = memory_copy_text(address->sun_path);
      return true;
    }
    *ret_reason = strerror(errno);
    unlink(address->sun_path);
    return false;
  }
  *ret_reason = strerror(errno);
  return false;
}

static bool parse_path(const char *text, struct sockaddr_un *ret_address) {
  *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
  if (strncmp(text, "unix:", 5) != 0 || strlen(text + 5) >= sizeof ret_address->sun_path)
    return false;
  strcpy(ret_address->sun_path, text + 5);
  return true;
}

static bool open_unix(struct listener *listener, const char *text, struct error *error) {
  struct sockaddr_un address;
  const char *path = text + 5, *reason;
  if (!parse_path(text, &address) || *path != '/')
    return error_set(error, ERROR_CONFIG, "could not listen on \"%s\": the path is not absolute or over 107 bytes",
                     text);
  int directory = lock_directory(path);
  if (directory < 0)
    return refuse(error, text, strerror(errno));
  bool bound = bind_unix(listener, &address, &reason);
  close(directory);
  return bound || refuse(error, text, reason);
}

bool listener_open(struct listener *listener, const char *text, struct error *error) {
  *listener = (struct listener){.fd = -1};
  bool opened = strncmp(text, "unix:", 5) == 0 ? open_unix(listener, text, error) : open_tcp(listener, text, error);
  if (!opened)
    listener_close(listener);
  return opened;
}

void listener_close(struct listener *listener) {
  struct stat found;
  if (listener->fd >= 0)
    close(listener->fd);
  if (listener->path != NULL && lstat(listener->path, &found) == 0 && found.st_dev == listener->device &&
      found.st_ino == listener->inode)
    unlink(listener->path);
  memory_free(listener->path);
  *listener = (struct listener){.fd = -1};
}

bool listener_is_host(const struct listener *listener, int client_fd, struct slice text) {
  char host[HOST_BYTES], port[HOST_BYTES];
  union address own = {0};
  socklen_t length = sizeof own;
  if (listener->path != NULL)
    return true;
  if (!split(text, host, port) || (port[0] != '\0' && atoi(port) != listener->port))
    return false;
  if (strcasecmp(host, "localhost") == 0)
    return true;
  if (getsockname(client_fd, &own.any, &length) != 0)
    return false;
  struct in6_addr address;
  bool bracketed = text.length > 0 && *text.bytes == '[';
  if (own.any.sa_family == AF_INET)
    return !bracketed && inet_pton(AF_INET, host, &address) == 1 &&
           memcmp(&address, &own.ipv4.sin_addr, sizeof own.ipv4.sin_addr) == 0;
  return bracketed && inet_pton(AF_INET6, host, &address) == 1 &&
         memcmp(&address, &own.ipv6.sin6_addr, sizeof address) == 0;
}

int listener_connect(const char *text, int patience_ms) {
  struct timeval patience = {.tv_sec = patience_ms / 1000, .tv_usec = patience_ms % 1000 * 1000};
  struct sockaddr_un path;
  union address tcp;
  socklen_t length = sizeof path;
  bool local = parse_path(text, &path);
  if (!local && !parse_address(text, &tcp, &length))
    return -1;
  int fd = socket(local ? AF_UNIX : tcp.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -1;
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience); /* connect() heeds it, too */
  if (connect(fd, local ? (struct sockaddr *)&path : &tcp.any, length) == 0)
    return fd;
  close(fd);
  return -1;
}
