/* A reply of any size is read to its end; the connection is closed by the daemon. */
#include "support/asking.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

void asking_listen(struct story *story) {
  story_set(story, "http", "listen", story_format(story, "unix:%s/http", story_directory(story)));
}

int asking_begin(struct story *story, const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const char *socket_path = story_format(story, "%s/http", story_directory(story));
  const char *request = story_format(story, "GET %s HTTP/1.1\r\nHost: any\r\nConnection: close\r\n\r\n", path);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  strncpy(address.sun_path, socket_path, sizeof address.sun_path - 1);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
      send(fd, request, strlen(request), MSG_NOSIGNAL) > 0)
    return fd;
  close(fd);
  return -1;
}

char *asking_hear(int fd) {
  size_t length = 0, room = 1 << 16;
  char *answer = calloc(1, room);
  for (ssize_t got; fd >= 0 && (got = recv(fd, answer + length, room - 1 - length, 0)) > 0;) {
    length += (size_t)got;
    if (length == room - 1)
      answer = realloc(answer, room *= 2);
    answer[length] = '\0';
  }
  if (fd >= 0)
    close(fd);
  return answer;
}

char *asking(struct story *story, const char *path) { return asking_hear(asking_begin(story, path)); }

char *asking_first(struct story *story, const char *path) {
  struct timespec pause = {.tv_nsec = 10 * 1000000L};
  char *answer = asking(story, path);
  for (int i = 0; i < 2000 && answer[0] == '\0'; i++) {
    free(answer);
    nanosleep(&pause, NULL);
    answer = asking(story, path);
  }
  return answer;
}

double asking_metric(struct story *story, const char *name) {
  char *answer = asking(story, "/metrics");
  const char *line = strstr(answer, story_format(story, "\n%s ", name));
  if (line == NULL)
    story_fail(story, "/metrics does not tell %s, but: %s", name, answer);
  double value = strtod(line + 2 + strlen(name), NULL);
  free(answer);
  return value;
}
