/* Unix sockets: who may take a path, with which mode, and what is left behind. */
#include "io/listener.h"
#include "io/stage_client.h"
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

static void make_path(char path[64], char listen[80]) {
  strcpy(path, "/tmp/closesyncd-XXXXXX");
  cr_assert_not_null(mkdtemp(path));
  strcat(path, "/http");
  snprintf(listen, 80, "unix:%s", path);
}

static void remove_path(char path[64]) {
  unlink(path);
  *strrchr(path, '/') = '\0';
  cr_assert_eq(rmdir(path), 0, "something was left behind");
}

static void ask_unix(struct stage *stage) {
  struct stat found;
  stage->counts[0] = lstat(stage->options.listen + 5, &found) == 0 ? (int)(found.st_mode & 07777) : -1;
  int fd = stage_connect_unix(stage->options.listen + 5);
  stage_say(fd, "GET /hello HTTP/1.1\r\nHost: whatever.example\r\nConnection: close\r\n\r\n");
  stage_hear(stage, fd, 0);
  close(fd);
}

Test(listener, unix_socket_serves_and_goes) {
  char path[64], listen[80];
  make_path(path, listen);
  struct stage stage = {.options.listen = listen};
  umask(0077);
  stage_play(&stage, ask_unix);
  cr_assert_eq(stage.counts[0], 0660, "%o", (unsigned)stage.counts[0]);
  cr_assert_eq(strncmp(stage.answers[0], "HTTP/1.1 200 ", 13), 0, "%s", stage.answers[0]);
  cr_assert_neq(access(path, F_OK), 0, "the socket is removed");
  remove_path(path);
}

/* A socket file nobody listens on, as a killed process leaves it. */
static void leave_stale(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
  close(fd);
}

Test(listener, stale_socket_is_replaced) {
  char path[64], listen[80];
  struct listener listener;
  struct error error = {0};
  make_path(path, listen);
  leave_stale(path);
  cr_assert(listener_open(&listener, listen, &error), "%s", error.text);
  int fd = stage_connect_unix(path);
  cr_assert_geq(fd, 0);
  close(fd);
  listener_close(&listener);
  remove_path(path);
}

Test(listener, living_socket_is_left_alone) {
  char path[64], listen[80];
  struct listener first, second;
  struct error error = {0};
  make_path(path, listen);
  cr_assert(listener_open(&first, listen, &error));
  cr_assert_not(listener_open(&second, listen, &error));
  cr_assert_eq(error.kind, ERROR_NETWORK);
  cr_assert_not_null(strstr(error.text, "somebody else listens there"), "%s", error.text);
  int fd = stage_connect_unix(path);
  cr_assert_geq(fd, 0, "the first one still listens");
  close(fd);
  listener_close(&first);
  remove_path(path);
}

Test(listener, plain_file_is_left_alone) {
  char path[64], listen[80];
  struct listener listener;
  struct error error = {0};
  make_path(path, listen);
  close(open(path, O_CREAT | O_WRONLY, 0600));
  cr_assert_not(listener_open(&listener, listen, &error));
  cr_assert_not_null(strstr(error.text, "no socket"), "%s", error.text);
  cr_assert_eq(access(path, F_OK), 0);
  remove_path(path);
}

Test(listener, socket_of_a_successor_is_not_removed) {
  char path[64], listen[80];
  struct listener first, second;
  struct error error = {0};
  make_path(path, listen);
  cr_assert(listener_open(&first, listen, &error));
  unlink(path);
  cr_assert(listener_open(&second, listen, &error));
  listener_close(&first);
  cr_assert_eq(access(path, F_OK), 0, "it is the second one's");
  listener_close(&second);
  remove_path(path);
}

Test(listener, locked_directory_is_waited_for_and_then_told) {
  char path[64], listen[80];
  struct listener listener;
  struct error error = {0};
  make_path(path, listen);
  *strrchr(path, '/') = '\0';
  int fd = open(path, O_RDONLY | O_DIRECTORY);
  cr_assert_eq(flock(fd, LOCK_EX), 0);
  int64_t begun_ms = stage_now_ms();
  cr_assert_not(listener_open(&listener, listen, &error));
  cr_assert_lt(stage_now_ms() - begun_ms, 5000);
  close(fd);
  strcat(path, "/http");
  cr_assert(listener_open(&listener, listen, &error), "%s", error.text);
  listener_close(&listener);
  remove_path(path);
}

Test(listener, missing_directory_is_told) {
  struct listener listener;
  struct error error = {0};
  cr_assert_not(listener_open(&listener, "unix:/nonexistent/http.sock", &error));
  cr_assert_not_null(strstr(error.text, "No such file or directory"), "%s", error.text);
}
