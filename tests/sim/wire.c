/* Bytes by hand: cut, dripped, endless, reset or raw. The connection is not used again afterwards. */
#include "sim/wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK_BYTES = 16384 };

static bool send_all(int socket, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t sent = send(socket, bytes, length, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      struct pollfd ready = {.fd = socket, .events = POLLOUT};
      poll(&ready, 1, 1000);
    } else if (sent < 0 && errno != EINTR) {
      return false;
    } else if (sent > 0) {
      bytes += sent;
      length -= (size_t)sent;
    }
  }
  return true;
}

/* True as soon as the client has closed its side. */
static bool client_gone(int socket) {
  char byte;
  return recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static void rest_ms(uint32_t milliseconds) { poll(NULL, 0, (int)milliseconds); }

/* Sends bytes in the wire's drips. */
static bool drip(int socket, const struct wire *wire, const char *bytes, size_t length) {
  size_t step = wire->drip_bytes ? wire->drip_bytes : length;
  for (size_t at = 0; at < length; at += step) {
    size_t piece = length - at < step ? length - at : step;
    if (!send_all(socket, bytes + at, piece))
      return false;
    if (!wire->drip_bytes)
      continue;
    rest_ms(wire->drip_ms);
    if (client_gone(socket))
      return false;
  }
  return true;
}

static void add_head(struct text *out, const struct wire *wire, const struct answer *answer, const char *reason) {
  text_format(out, "HTTP/1.1 %d %s\r\n", answer->status, reason);
  const char *line = answer->headers.bytes ? answer->headers.bytes : "";
  for (size_t length; *line; line += length + 1) {
    length = strcspn(line, "\n");
    text_format(out, "%.*s\r\n", (int)length, line);
  }
  if (wire->chunked || wire->endless == ENDLESS_BODY)
    text_string(out, "transfer-encoding: chunked\r\n");
  else if (wire->endless == FINITE)
    text_format(out, "content-length: %ld\r\n",
                wire->content_length >= 0 ? wire->content_length : (long)answer->body.length);
  text_string(out, "connection: close\r\n");
  if (wire->endless != ENDLESS_HEADERS)
    text_string(out, "\r\n");
}

/* The body up to where it is cut, in chunks when the wire says so. */
static void add_body(struct text *out, const struct wire *wire, const struct answer *answer) {
  size_t length = answer->body.length;
  if (wire->cut && wire->cut_after < length)
    length = wire->cut_after;
  if (!wire->chunked) {
    text_add(out, answer->body.bytes, length);
    return;
  }
  for (size_t at = 0; at < length; at += CHUNK_BYTES) {
    size_t piece = length - at < CHUNK_BYTES ? length - at : CHUNK_BYTES;
    text_format(out, "%zx\r\n", piece);
    text_add(out, answer->body.bytes + at, piece);
    text_string(out, "\r\n");
  }
  if (!wire->cut)
    text_string(out, "0\r\n\r\n");
}

static void send_endless(int socket, const struct wire *wire, const struct answer *answer) {
  struct text piece = {0};
  if (wire->endless == ENDLESS_HEADERS) {
    text_format(&piece, "x-endless: %01000d\r\n", 0);
  } else {
    bool own = answer->body.length > 0;
    text_format(&piece, "%zx\r\n", own ? answer->body.length : (size_t)1024);
    if (own)
      text_add(&piece, answer->body.bytes, answer->body.length);
    else
      text_format(&piece, "%1024s", "");
    text_string(&piece, "\r\n");
  }
  while (drip(socket, wire, piece.bytes, piece.length) && !client_gone(socket)) {
  }
  text_finish(&piece);
}

/* Dissolving the association makes the kernel send RST at once. */
static void reset(int socket) {
  const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
  connect(socket, &nobody, sizeof nobody);
}

void wire_send(int socket, const struct wire *wire, const struct answer *answer, const char *reason) {
  struct text head = {0};
  struct text body = {0};
  if (!wire->raw)
    add_head(&head, wire, answer, reason);
  if (wire->endless == FINITE)
    add_body(&body, wire, answer);
  bool bytes_wanted = !wire->reset || wire->cut;
  bool sent = bytes_wanted && send_all(socket, head.bytes, head.length) && drip(socket, wire, body.bytes, body.length);
  if (sent && wire->endless != FINITE)
    send_endless(socket, wire, answer);
  if (wire->reset) {
    rest_ms(bytes_wanted ? 20 : 0);
    reset(socket);
  }
  text_finish(&head);
  text_finish(&body);
}
