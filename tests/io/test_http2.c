/* HTTP/2 as it is refused: a server that takes no stream (RFC 9113, REFUSED_STREAM) is asked once for each request, whatever libcurl would
 * do by itself. The server is openssl's own with frames of ours behind it, since nothing here may link a TLS library. */
#include "client.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { FRAME_HEADERS = 1, FRAME_RESET = 3, FRAME_SETTINGS = 4, FRAME_GOAWAY = 7, FLAG_ACK = 1, REFUSED_STREAM = 7 };

struct refuser {
  pid_t pid;
  char directory[64], certificate[128], url[64];
  int to_client; /* clear text; s_server encrypts it */
  FILE *from_client;
  pthread_t thread;
  bool goes_away; /* GOAWAY instead of RST_STREAM */
  atomic_int connections, requests;
};

static void run(const char *directory, const char *command) {
  char line[600];
  snprintf(line, sizeof line, "cd '%s' && %s >/dev/null 2>&1", directory, command);
  cr_assert_eq(system(line), 0, "%s", line);
}

static void send_frame(const struct refuser *refuser, int type, int flags, uint32_t stream,
                       const unsigned char *payload, unsigned char length) {
  unsigned char frame[64] = {0, 0, length, (unsigned char)type, (unsigned char)flags};
  for (int i = 0; i < 4; i++)
    frame[5 + i] = (unsigned char)(stream >> (24 - 8 * i));
  if (length > 0)
    memcpy(frame + 9, payload, length);
  (void)!write(refuser->to_client, frame, 9u + length);
}

static void refuse(const struct refuser *refuser, uint32_t stream) {
  static const unsigned char reset[4] = {0, 0, 0, REFUSED_STREAM}, away[8] = {0}; /* no stream was taken, no error */
  if (refuser->goes_away)
    send_frame(refuser, FRAME_GOAWAY, 0, 0, away, sizeof away);
  else
    send_frame(refuser, FRAME_RESET, 0, stream, reset, sizeof reset);
}

/* All connections, one after the other: s_server takes no second one meanwhile. Frames are whole, so a preface is where one ends. */
static void *refuse_all(void *context) {
  struct refuser *refuser = context;
  unsigned char head[9], rest[16384];
  while (fread(head, 1, sizeof head, refuser->from_client) == sizeof head) {
    if (memcmp(head, "PRI * HTT", sizeof head) == 0) {
      (void)!fread(rest, 1, 24 - sizeof head, refuser->from_client);
      refuser->connections++;
      send_frame(refuser, FRAME_SETTINGS, 0, 0, NULL, 0);
      continue;
    }
    size_t length = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
    cr_assert_leq(length, sizeof rest);
    (void)!fread(rest, 1, length, refuser->from_client);
    if (head[3] == FRAME_SETTINGS && (head[4] & FLAG_ACK) == 0)
      send_frame(refuser, FRAME_SETTINGS, FLAG_ACK, 0, NULL, 0);
    if (head[3] != FRAME_HEADERS)
      continue;
    refuser->requests++;
    refuse(refuser, (uint32_t)head[5] << 24 | (uint32_t)head[6] << 16 | (uint32_t)head[7] << 8 | head[8]);
  }
  return NULL;
}

static int free_port(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  cr_assert_eq(bind(fd, (struct sockaddr *)&address, length), 0);
  getsockname(fd, (struct sockaddr *)&address, &length);
  close(fd);
  return ntohs(address.sin_port);
}

static void await_listening(int port) {
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  bool there = false;
  for (int tries = 0; !there && tries < 1000; tries++) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    there = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    usleep(10000);
  }
  cr_assert(there, "openssl s_server does not listen");
}

static void start(struct refuser *refuser, bool goes_away) {
  char port[16];
  int to[2], from[2];
  *refuser = (struct refuser){.goes_away = goes_away};
  strcpy(refuser->directory, "/tmp/closesyncd-http2-XXXXXX");
  cr_assert_not_null(mkdtemp(refuser->directory));
  snprintf(refuser->certificate, sizeof refuser->certificate, "%s/cert.pem", refuser->directory);
  run(refuser->directory, "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -addext "
                          "'subjectAltName=IP:127.0.0.1' -keyout key.pem -out cert.pem");
  int number = free_port();
  snprintf(port, sizeof port, "127.0.0.1:%d", number);
  snprintf(refuser->url, sizeof refuser->url, "https://%s/", port);
  cr_assert_eq(pipe2(to, O_CLOEXEC), 0);
  cr_assert_eq(pipe2(from, O_CLOEXEC), 0);
  refuser->pid = fork();
  if (refuser->pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(to[0], 0);
    dup2(from[1], 1);
    if (chdir(refuser->directory) == 0)
      execlp("openssl", "openssl", "s_server", "-quiet", "-alpn", "h2", "-accept", port, "-cert", "cert.pem", "-key",
             "key.pem", (char *)NULL);
    _exit(127);
  }
  close(to[0]);
  close(from[1]);
  refuser->to_client = to[1];
  refuser->from_client = fdopen(from[0], "r");
  setvbuf(refuser->from_client, NULL, _IONBF, 0);
  await_listening(number);
  cr_assert_eq(pthread_create(&refuser->thread, NULL, refuse_all, refuser), 0);
}

static void stop(struct refuser *refuser) {
  char command[128];
  kill(refuser->pid, SIGKILL);
  waitpid(refuser->pid, NULL, 0);
  pthread_join(refuser->thread, NULL);
  fclose(refuser->from_client);
  close(refuser->to_client);
  snprintf(command, sizeof command, "rm -rf '%s'", refuser->directory);
  run("/tmp", command);
}

static void expect_asked_once(bool goes_away) {
  struct refuser refuser;
  struct client client = {.options = client_options};
  start(&refuser, goes_away);
  client.options.ca_file = refuser.certificate;
  client_start(&client);
  for (int i = 1; i <= 2; i++) {
    struct reply reply = {.calls = 0};
    client_get(&client, &reply, refuser.url);
    loop_run(client.loop);
    cr_assert_eq(reply.calls, 1);
    cr_assert_eq(reply.kind, ERROR_NETWORK);
    cr_assert_not_null(strstr(reply.error, "the connection broke"), "%s", reply.error);
    cr_assert_eq(refuser.requests, i, "the server was asked %d times", refuser.requests);
    cr_assert_leq(refuser.connections, i);
  }
  client_finish(&client);
  stop(&refuser);
}

Test(http2, a_refused_stream_is_asked_for_once) {
  if (system("openssl version >/dev/null 2>&1") != 0)
    cr_skip_test("openssl is not installed");
  signal(SIGPIPE, SIG_IGN);
  expect_asked_once(false);
}

Test(http2, a_server_that_goes_away_is_asked_once) {
  if (system("openssl version >/dev/null 2>&1") != 0)
    cr_skip_test("openssl is not installed");
  signal(SIGPIPE, SIG_IGN);
  expect_asked_once(true);
}
