#include "cli/help.h"
#include "base/hash.h"
#include "crm/account.h"
#include "io/db.h"
#include "io/http.h"
#include "io/loop.h"
#include "io/serve.h"
#include "io/serve_answer.h"
#include "io/service.h"
#include <string.h>

/* "[--json] [--since FILE] [NAME...]" */
static void print_synopsis(FILE *stream, const struct command *command) {
  const struct option *option;
  for (size_t i = 0; (option = table_option(i)) != NULL; i++)
    if (option->commands != NULL && table_takes(command, option))
      fprintf(stream, " [--%s%s%s]", option->name, option->argument == NULL ? "" : " ",
              option->argument == NULL ? "" : option->argument);
  if (command->operand != NULL)
    fprintf(stream, command->least > 0 ? " %s%s" : " [%s%s]", command->operand, command->most > 1 ? "..." : "");
}

/* "  -c, --config FILE   read FILE" */
static void print_option(FILE *stream, const struct option *option) {
  char letter[8] = "   ", name[64];
  if (option->letter != '\0')
    snprintf(letter, sizeof letter, "-%c,", option->letter);
  snprintf(name, sizeof name, "--%s%s%s", option->name, option->argument == NULL ? "" : " ",
           option->argument == NULL ? "" : option->argument);
  fprintf(stream, "  %s %-20s  %s", letter, name, option->does);
  if (option->preset != NULL)
    fprintf(stream, " (default: %s)", option->preset);
  putc('\n', stream);
}

/* `command` NULL: those that every command takes. */
static void print_options(FILE *stream, const struct command *command) {
  const struct option *option;
  for (size_t i = 0; (option = table_option(i)) != NULL; i++)
    if (option->does != NULL && (command == NULL) == (option->commands == NULL) && table_takes(command, option))
      print_option(stream, option);
}

void help_overview(FILE *stream) {
  const struct command *command;
  fputs("usage: closesyncd [-c FILE] [-v] COMMAND [ARGUMENT...]\n\n", stream);
  for (size_t i = 0; (command = table_command(i)) != NULL; i++)
    fprintf(stream, "  %-10s %s\n", command->name, command->does);
  putc('\n', stream);
  print_options(stream, NULL);
  fputs("\n'closesyncd COMMAND --help' tells more, and so does closesyncd(1)\n", stream);
}

void help_page(FILE *stream, const struct command *command) {
  fprintf(stream, "usage: closesyncd [-c FILE] [-v] %s", command->name);
  print_synopsis(stream, command);
  fprintf(stream, "\n\n%s: %s\n", command->name, command->does);
  if (*command->more != '\0')
    fprintf(stream, "\n%s", command->more);
  putc('\n', stream);
  print_options(stream, command);
  print_options(stream, NULL);
}

static const char *or_dash(const char *text) { return text == NULL || *text == '\0' ? "-" : text; }

void help_words(FILE *stream) {
  const struct command *command;
  const struct option *option;
  for (size_t i = 0; (command = table_command(i)) != NULL; i++) {
    fprintf(stream, "command\t%s\t%s\t%s\n", command->name, or_dash(command->operand), command->does);
    fprintf(stream, "synopsis\t%s\t%s", command->name, command->name);
    print_synopsis(stream, command);
    putc('\n', stream);
  }
  for (size_t i = 0; (option = table_option(i)) != NULL; i++) {
    bool listed = false;
    for (size_t j = 0; (command = table_command(j)) != NULL && !listed; j++) {
      char letter[2] = {option->letter, '\0'};
      if (!table_takes(command, option) || option->does == NULL)
        continue;
      fprintf(stream, "option\t%s\t%s\t%s\t%s\t%s\n", option->commands == NULL ? "-" : command->name, option->name,
              or_dash(letter), or_dash(option->argument), option->does);
      listed = option->commands == NULL;
    }
  }
}

void help_version(FILE *stream, const char *revision) {
  fprintf(stream, "closesyncd " CLOSESYNCD_VERSION "\nrevision %s\n", revision);
#ifdef __clang__
  fputs("compiled by clang " __clang_version__ "\n", stream);
#else
  fputs("compiled by gcc " __VERSION__ "\n", stream);
#endif
  int postgresql = db_library_version();
  fprintf(stream, "with libuv %s, libcurl %s, libpq %d.%d, json-c %s, ", loop_library_version(), http_library_version(),
          postgresql / 10000, postgresql % 10000, account_library_version());
  fprintf(stream, "libmicrohttpd %s, libcrypto %s, zlib %s, libsystemd %s\n", serve_library_version(),
          hash_library_version(), serve_zlib_version(), service_library_version());
}
