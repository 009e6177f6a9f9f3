/* argv -> command -> exit status; nothing else. */
#include "cli/arguments.h"
#include "cli/help.h"
#include "cli/revision.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

/* Whoever starts us may have closed some of them; the first socket would take the number, and be sent what is printed. */
static void hold_standard_streams(void) {
  int fd;
  do
    fd = open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd > STDERR_FILENO)
    close(fd);
}

/* Of a pipe or a socket whose other end is closed. */
static bool reader_is_gone(int fd) {
  struct pollfd stream = {.fd = fd};
  return poll(&stream, 1, 0) == 1 && (stream.revents & POLLERR) != 0;
}

/* A result that nobody could write down is no success; a reader who has seen enough is no failure. */
static int flush_result(int status) {
  bool written = fflush(stdout) == 0 && ferror(stdout) == 0;
  if (written || reader_is_gone(STDOUT_FILENO))
    return status;
  app_complain("could not write the result to the standard output: look for a full disk");
  return status == 0 ? 1 : status;
}

static int show_commands(void) {
  app_complain("no command was given");
  help_overview(stderr);
  return EXIT_USAGE;
}

static int run(const struct command *command, const struct arguments *arguments) {
  if (arguments->version)
    help_version(stdout, CLOSESYNCD_REVISION);
  else if (arguments->words)
    help_words(stdout);
  else if (arguments->help && command != NULL)
    help_page(stdout, command);
  else if (arguments->help)
    help_overview(stdout);
  else
    return command == NULL ? show_commands() : command->run(arguments);
  return 0;
}

int main(int argc, char **argv) {
  struct arguments arguments;
  const struct command *command;
  hold_standard_streams();
  signal(SIGPIPE, SIG_IGN);
  if (!arguments_parse(argc, argv, &arguments, &command))
    return EXIT_USAGE;
  return flush_result(run(command, &arguments));
}
