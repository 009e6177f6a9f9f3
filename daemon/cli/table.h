#pragma once
/* Every command and every option there is, in one table (table.c). It drives parsing, --help, what is said of a misspelt word, the
 * completions of the shells and the test of the manual page.
 *
 * A new command: daemon/command/NAME.c with `int command_NAME(const struct arguments *arguments)`, its line in command/command.h, and
 * one line in `commands`. A new option: a member of struct arguments (app.h) and one line in `options`. The tests then ask for a
 * paragraph in config/closesyncd.1.scd and a row in README.md; nothing else needs to know. */
#include "app.h"

struct command {
  const char *name;
  int (*run)(const struct arguments *arguments); /* NULL: `help` */
  const char *operand;                           /* "NAME"; NULL: takes none */
  int least, most;                               /* how many operands */
  const char *does;                              /* one line */
  const char *more;                              /* what its page says below; lines of at most 80 columns */
};

enum { OPERANDS_ANY = 1000000 };

struct option {
  const char *commands; /* "sync plan": who takes it; NULL: all do, and it may stand before the command */
  const char *name;
  char letter;          /* 0: none */
  const char *argument; /* "FILE", NULL: takes none; in brackets: may be left out, which means `preset` */
  const char *preset;
  const char *does; /* NULL: it is hidden */
  size_t offset;    /* in struct arguments: of a bool, or of a const char * when it takes an argument */
};

const struct command *table_command(size_t index); /* NULL behind the last one */
const struct command *table_find(const char *name);
const char *table_nearest(const char *name); /* NULL when none is close */

const struct option *table_option(size_t index); /* NULL behind the last one */
/* Whether `command` takes it; NULL: before the command is known. */
bool table_takes(const struct command *command, const struct option *option);
