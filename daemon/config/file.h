#pragma once
/* The notation of the configuration: INI, FILE and then FILE.d/ *.conf in name order. It knows lines, not what they mean. */
#include "base/arena.h"
#include "base/text.h"
#include <stdarg.h>

/* Where the problems go: one line each, and a count that is right even when the buffer is full. */
struct config_problems {
  struct buffer *lines;
  int count;
};

/* A section [organization NAME] also gives an entry with an empty key, so that an empty section is seen. */
struct config_entry {
  const char *section; /* "sync", "organization" */
  const char *name;    /* of an organization, "" elsewhere */
  const char *key, *value;
  const char *file;
  int line;
};

/* All entries as written, files and lines in order; strings live in the arena. A key twice in one file is a problem already
 * told; of entries from different files the last one counts. */
struct config_file {
  struct config_entry *entries; /* free with memory_free() */
  int count;
  bool organization_refused; /* the problem with its section is told */
};

/* False when FILE itself is not there (nothing is told then, for the caller knows what that means). */
bool config_file_read(const char *path, struct arena *arena, struct config_problems *problems,
                      struct config_file *ret_file) __attribute__((warn_unused_result));

/* "file:line: message"; without a line when it is 0. */
void config_problem(struct config_problems *problems, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* `value` as it may be shown: in quotes, without what steers a terminal, cut when long. Lives in the arena. */
const char *config_quote(struct arena *arena, const char *value);
