/* One child process: its output in files, its end with a time limit. It dies with the test. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct process {
  pid_t pid;
  int pidfd;
  int status;    /* exit status, or 128 + signal; -1 while it runs */
  long peak_kib; /* resident memory at most, known once it has ended */
  char *out_path;
  char *err_path;
};

/* Starts argv[0] with its output going to DIR/NAME.out and .err. environment: NULL-terminated "NAME=value" additions;
 * PG* variables and CLOSE_API_KEY of the test's own environment are not passed on, and STORY_STDIN is the path of its standard input
 * (/dev/null without it). False when it could not start. */
bool process_start(struct process *process, const char *directory, const char *name, const char *const argv[],
                   const char *const environment[]) __attribute__((warn_unused_result));

/* False when it still runs after limit_ms; else status is set. */
bool process_wait(struct process *process, int limit_ms) __attribute__((warn_unused_result));

/* Kills it if it runs, and frees what belongs to it. */
void process_finish(struct process *process);

/* A file's content, owned by the caller; "" when it cannot be read. */
char *file_content(const char *path);
