/* fork and exec with files for pipes: output of any size cannot block the child. */
#include "support/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void clean_environment(const char *const additions[]) {
  static const char *const unwanted[] = {"CLOSE_API_KEY", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "http_proxy",
                                         "https_proxy",   "HTTPS_PROXY",           "ALL_PROXY"};
  for (size_t i = 0; i < sizeof unwanted / sizeof *unwanted; i++)
    unsetenv(unwanted[i]);
  for (char **entry = environ; *entry;) {
    char name[128];
    size_t length = strcspn(*entry, "=");
    if (strncmp(*entry, "PG", 2) != 0 || length >= sizeof name) {
      entry++;
      continue;
    }
    memcpy(name, *entry, length);
    name[length] = '\0';
    unsetenv(name);
    entry = environ;
  }
  for (size_t i = 0; additions && additions[i]; i++)
    putenv(strdup(additions[i]));
}

static void redirect(int descriptor, const char *path) {
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0 || dup2(file, descriptor) < 0)
    _exit(126);
}

static _Noreturn void become(const struct process *process, const char *const argv[], const char *const environment[]) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  clean_environment(environment);
  const char *in = getenv("STORY_STDIN"); /* may be a FIFO, and wait for its writer */
  int input = open(in ? in : "/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(input, STDIN_FILENO);
  unsetenv("STORY_STDIN");
  redirect(STDOUT_FILENO, process->out_path);
  redirect(STDERR_FILENO, process->err_path);
  execv(argv[0], (char *const *)(uintptr_t)argv);
  dprintf(STDERR_FILENO, "could not run \"%s\": %s\n", argv[0], strerror(errno));
  _exit(127);
}

bool process_start(struct process *process, const char *directory, const char *name, const char *const argv[],
                   const char *const environment[]) {
  *process = (struct process){.pid = -1, .pidfd = -1, .status = -1};
  if (asprintf(&process->out_path, "%s/%s.out", directory, name) < 0 ||
      asprintf(&process->err_path, "%s/%s.err", directory, name) < 0)
    abort();
  fflush(NULL);
  process->pid = fork();
  if (process->pid == 0)
    become(process, argv, environment);
  if (process->pid > 0)
    process->pidfd = pidfd_open(process->pid, 0);
  return process->pidfd >= 0;
}

bool process_wait(struct process *process, int limit_ms) {
  if (process->status >= 0)
    return true;
  struct pollfd ended = {.fd = process->pidfd, .events = POLLIN};
  int status;
  struct rusage usage;
  if (poll(&ended, 1, limit_ms) != 1 || wait4(process->pid, &status, 0, &usage) != process->pid)
    return false;
  process->peak_kib = usage.ru_maxrss;
  process->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return true;
}

void process_finish(struct process *process) {
  if (process->pid > 0 && process->status < 0) {
    kill(process->pid, SIGKILL);
    waitpid(process->pid, NULL, 0);
  }
  if (process->pidfd >= 0)
    close(process->pidfd);
  free(process->out_path);
  free(process->err_path);
  *process = (struct process){.pid = -1, .pidfd = -1, .status = -1};
}

char *file_content(const char *path) {
  char *content = calloc(1, 1);
  size_t length = 0;
  FILE *file = fopen(path, "re");
  for (size_t got = 1; content && file && got > 0; length += got) {
    content = realloc(content, length + 65537);
    got = content ? fread(content + length, 1, 65536, file) : 0;
    if (content)
      content[length + got] = '\0';
  }
  if (file)
    fclose(file);
  if (!content)
    abort();
  return content;
}
