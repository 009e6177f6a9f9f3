/* TLS: who is not known is not talked to. The server is openssl's own, since nothing here may link a TLS library. */
#include "client.h"
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

struct tls_server {
  pid_t pid;
  char directory[64], certificate[128], url[64];
};

static void run(const char *directory, const char *command) {
  char line[600];
  snprintf(line, sizeof line, "cd '%s' && %s >/dev/null 2>&1", directory, command);
  cr_assert_eq(system(line), 0, "%s", line);
}

/* Leaves the server's port in its first line of output: "ACCEPT 127.0.0.1:PORT". */
static void start(struct tls_server *server, const char *name) {
  char command[300], line[128] = "";
  strcpy(server->directory, "/tmp/closesyncd-tls-XXXXXX");
  cr_assert_not_null(mkdtemp(server->directory));
  snprintf(server->certificate, sizeof server->certificate, "%s/cert.pem", server->directory);
  snprintf(command, sizeof command,
           "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -addext 'subjectAltName=%s' "
           "-keyout key.pem -out cert.pem",
           name);
  run(server->directory, command);
  int pair[2];
  cr_assert_eq(pipe(pair), 0);
  server->pid = fork();
  if (server->pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed assertion must not leave it running */
    dup2(pair[1], 1);
    if (chdir(server->directory) == 0)
      execlp("openssl", "openssl", "s_server", "-www", "-accept", "127.0.0.1:0", "-cert", "cert.pem", "-key", "key.pem",
             (char *)NULL);
    _exit(127);
  }
  close(pair[1]);
  FILE *out = fdopen(pair[0], "r");
  while (strncmp(line, "ACCEPT ", 7) != 0)
    cr_assert_not_null(fgets(line, sizeof line, out));
  snprintf(server->url, sizeof server->url, "https://%.40s", line + 7);
  server->url[strcspn(server->url, "\n")] = '\0';
  fclose(out);
}

static void stop(const struct tls_server *server) {
  kill(server->pid, SIGKILL);
  waitpid(server->pid, NULL, 0);
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", server->directory);
  run("/tmp", command);
}

static struct reply get(const struct tls_server *server, const char *ca_file) {
  struct client client = {.options = client_options};
  struct reply reply = {.calls = 0};
  client.options.ca_file = ca_file;
  client_start(&client);
  client_get(&client, &reply, server->url);
  client_finish(&client);
  cr_assert_eq(reply.calls, 1);
  return reply;
}

Test(http_tls, certificate_is_verified) {
  struct tls_server server;
  if (system("openssl version >/dev/null 2>&1") != 0)
    cr_skip_test("openssl is not installed");
  start(&server, "IP:127.0.0.1");
  struct reply stranger = get(&server, NULL);
  cr_assert_eq(stranger.kind, ERROR_NETWORK);
  cr_assert_not_null(strstr(stranger.error, "TLS: SSL certificate problem: self-signed certificate"), "%s",
                     stranger.error);
  struct reply known = get(&server, server.certificate);
  cr_assert_eq(known.status, 200, "%s", known.error);
  stop(&server);
}

Test(http_tls, name_is_verified) {
  struct tls_server server;
  if (system("openssl version >/dev/null 2>&1") != 0)
    cr_skip_test("openssl is not installed");
  start(&server, "DNS:close.example");
  struct reply other = get(&server, server.certificate);
  cr_assert_eq(other.kind, ERROR_NETWORK);
  cr_assert_not_null(strstr(other.error, "TLS: "), "%s", other.error);
  stop(&server);
}
