#pragma once
/* The table as people and programs read it. */
#include "cli/table.h"
#include <stdio.h>

void help_overview(FILE *stream);
/* "COMMAND --help", "help COMMAND". */
void help_page(FILE *stream, const struct command *command);
/* For what is made of the table at build time and by the tests (--words): fields with tabs between them, a line each:
 * "command NAME OPERAND DOES", "option COMMAND NAME LETTER ARGUMENT DOES" and "synopsis COMMAND TEXT". An option of all commands has the
 * COMMAND "-", and so has an absent LETTER, ARGUMENT and OPERAND. */
void help_words(FILE *stream);
/* `revision`: of the source, as the build found it. */
void help_version(FILE *stream, const char *revision);
