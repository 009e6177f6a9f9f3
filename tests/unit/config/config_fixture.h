#pragma once
/* What all tests of the configuration share: a folder of their own, a loader, and what a problem must look like. */
#include "config/config.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], main_file[96];
static struct buffer problems;
static struct config *config;

static inline void set_up(void) {
  strcpy(folder, "/tmp/closesyncd-config-XXXXXX");
  cr_assert_not_null(mkdtemp(folder));
  snprintf(main_file, sizeof main_file, "%s/c.conf", folder);
  buffer_init(&problems, 1 << 20);
  config = NULL;
  unsetenv("CLOSE_API_KEY");
  unsetenv("CREDENTIALS_DIRECTORY");
}

static inline void tear_down(void) {
  char command[96];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  cr_assert_eq(system(command), 0);
  buffer_finish(&problems);
  config_destroy(config);
}

static inline void write_bytes(const char *name, const char *bytes, size_t length, mode_t mode) {
  char path[160];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  cr_assert(fd >= 0 && write(fd, bytes, length) == (ssize_t)length && fchmod(fd, mode) == 0);
  close(fd);
}

static inline void write_file(const char *name, const char *text) { write_bytes(name, text, strlen(text), 0600); }

/* Loads `text` as the main file; "$" stands for the folder. */
static inline bool load(const char *text, bool with_keys) {
  char expanded[32768] = "";
  size_t length = 0;
  for (; *text; text++)
    length += (size_t)snprintf(expanded + length, sizeof expanded - length, *text == '$' ? "%s" : "%.1s",
                               *text == '$' ? folder : text);
  write_file("c.conf", expanded);
  config_destroy(config);
  config = NULL;
  buffer_clear(&problems);
  return config_load(main_file, with_keys, &config, &problems);
}

static inline const char *told(void) { return problems.length ? problems.bytes : ""; }

static inline void expect_well(const char *text) {
  cr_assert(load(text, false), "should be well:\n%s\n%s", text, told());
  cr_assert_eq(problems.length, 0);
}

/* One problem, on `line`, that says `words`. */
static inline void expect_problem(const char *text, int line, const char *words) {
  char where[128];
  snprintf(where, sizeof where, "%s:%d: ", main_file, line);
  cr_assert_not(load(text, false), "should be refused:\n%s", text);
  cr_assert_null(config);
  cr_assert_eq(strncmp(told(), where, strlen(where)), 0, "%s\nshould begin with %s for\n%s", told(), where, text);
  cr_assert_not_null(strstr(told(), words), "%s\nshould say: %s", told(), words);
  cr_assert_eq(strchr(told(), '\n'), told() + strlen(told()) - 1, "one problem, one line: %s", told());
}

struct problem {
  const char *text;
  int line;
  const char *words;
};

static inline void expect_problems(const struct problem *rows, size_t count) {
  for (size_t i = 0; i < count; i++)
    expect_problem(rows[i].text, rows[i].line, rows[i].words);
}
#define EXPECT_PROBLEMS(rows) expect_problems(rows, sizeof rows / sizeof rows[0])

static inline void make_drop_ins(void) {
  char path[128];
  snprintf(path, sizeof path, "%s/c.conf.d", folder);
  cr_assert_eq(mkdir(path, 0700), 0);
}
