#pragma once
/* The command line, judged by the table: GNU's habits (--name=value, --name value, unique beginnings, options behind operands, "--"),
 * and every refusal says what was meant or what to do. */
#include "cli/table.h"

/* On false everything was told on stderr and the exit status is 64. *ret_command is NULL when none was given. The operands are moved to the front of `argv`, where ret_arguments->names points; every text is borrowed from it. */
bool arguments_parse(int argc, char **argv, struct arguments *ret_arguments, const struct command **ret_command)
    __attribute__((warn_unused_result));
