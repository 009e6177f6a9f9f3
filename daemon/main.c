/* argv -> command -> exit status; nothing else. */
#include "command/command.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  OPTION_JSON = 1,
  OPTION_VERIFY = 2,
  OPTION_ALLOW_REMOVALS = 4,
  OPTION_DRY_RUN = 8,
  OPTION_HEAD = 16,
  OPTION_ROLES = 32,
  OPTION_SINCE = 64,
  OPTION_USER = 128,
  OPTION_ACCOUNT = 256,
  OPTION_ORGANIZATION = 512,
  OPTION_REASON = 1024,
};

struct command {
  const char *name;
  int (*run)(const struct arguments *arguments);
  int options;
  bool names; /* takes NAMEs */
  const char *usage, *does;
};

static const struct command commands[] = {
    {"run", command_run, 0, false, "", "the daemon: keep every organization mirrored"},
    {"sync", command_sync, OPTION_JSON | OPTION_VERIFY | OPTION_ALLOW_REMOVALS, true,
     "[--json] [--verify] [--allow-removals] [NAME...]", "sweep every (or the named) organization once"},
    {"plan", command_plan, OPTION_JSON, true, "[--json] [NAME...]", "what sync would write, without writing it"},
    {"check", command_check, 0, false, "", "configuration, database and credentials: one line each"},
    {"migrate", command_migrate, OPTION_DRY_RUN | OPTION_ROLES, true, "[--dry-run] [--roles [PREFIX]]",
     "bring the database schema up to date; create its roles"},
    {"status", command_status, OPTION_JSON, false, "[--json]", "what the database knows of each organization"},
    {"verify", command_verify, OPTION_JSON | OPTION_HEAD | OPTION_SINCE, true,
     "[--json] [--head] [--since FILE] [NAME...]", "prove mirror = history = chain"},
    {"erase", command_erase, OPTION_USER | OPTION_ACCOUNT | OPTION_ORGANIZATION | OPTION_REASON, false,
     "[--user|--account ID] [--organization ID] [--reason TEXT]", "erase documents from the history, as its owner"},
    {"prune", command_prune, 0, false, "", "drop history older than history.retention, as its owner"},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void print_usage(FILE *stream) {
  fputs("usage: closesyncd [-c FILE] [-v] COMMAND [ARGUMENT...]\n\n", stream);
  for (int i = 0; i < COMMANDS; i++)
    fprintf(stream, "  %-8s %-57s %s\n", commands[i].name, commands[i].usage, commands[i].does);
  fputs("\n  -c, --config FILE   read FILE instead of /etc/closesyncd/closesyncd.conf\n"
        "  -v, --verbose       log at debug level\n"
        "      --help          this text\n"
        "      --version       the version\n",
        stream);
}

static int usage_error(void) {
  fputs("try 'closesyncd --help'\n", stderr);
  return EXIT_USAGE;
}

static void take_option(struct arguments *arguments, int option) {
  arguments->json |= option == OPTION_JSON;
  arguments->verify |= option == OPTION_VERIFY;
  arguments->allow_removals |= option == OPTION_ALLOW_REMOVALS;
  arguments->dry_run |= option == OPTION_DRY_RUN;
  arguments->head |= option == OPTION_HEAD;
  arguments->roles |= option == OPTION_ROLES;
  if (option == OPTION_SINCE)
    arguments->since = optarg;
  else if (option == OPTION_USER)
    arguments->user_id = optarg;
  else if (option == OPTION_ACCOUNT)
    arguments->account_id = optarg;
  else if (option == OPTION_ORGANIZATION)
    arguments->organization_id = optarg;
  else if (option == OPTION_REASON)
    arguments->reason = optarg;
}

/* The command's own part. *ret_done: help was asked for and given. */
static int parse_command(int argc, char **argv, const struct command *command, struct arguments *arguments,
                         bool *ret_done) {
  static const struct option options[] = {{"json", no_argument, NULL, OPTION_JSON},
                                          {"verify", no_argument, NULL, OPTION_VERIFY},
                                          {"allow-removals", no_argument, NULL, OPTION_ALLOW_REMOVALS},
                                          {"dry-run", no_argument, NULL, OPTION_DRY_RUN},
                                          {"head", no_argument, NULL, OPTION_HEAD},
                                          {"roles", no_argument, NULL, OPTION_ROLES},
                                          {"since", required_argument, NULL, OPTION_SINCE},
                                          {"user", required_argument, NULL, OPTION_USER},
                                          {"account", required_argument, NULL, OPTION_ACCOUNT},
                                          {"organization", required_argument, NULL, OPTION_ORGANIZATION},
                                          {"reason", required_argument, NULL, OPTION_REASON},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
  int option, index = 0;
  optind = 0; /* a second scan, of the command's own part */
  while ((option = getopt_long(argc, argv, "", options, &index)) != -1) {
    if (option == '?')
      return usage_error();
    if (option == 'h') {
      print_usage(stdout);
      *ret_done = true;
      return 0;
    }
    if ((command->options & option) == 0) {
      app_complain("\"%s\" has no option --%s", command->name, options[index].name);
      return usage_error();
    }
    take_option(arguments, option);
  }
  arguments->names = argv + optind;
  arguments->name_count = argc - optind;
  if (arguments->name_count > 0 && !command->names) {
    app_complain("\"%s\" takes no argument, \"%s\" was given", command->name, argv[optind]);
    return usage_error();
  }
  return 0;
}

static const struct command *find_command(const char *name) {
  for (int i = 0; i < COMMANDS; i++)
    if (strcmp(commands[i].name, name) == 0)
      return &commands[i];
  return NULL;
}

/* The part before the command. *ret_done: there is nothing left to do. */
static int parse_global(int argc, char **argv, struct arguments *arguments, bool *ret_done) {
  static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                          {"verbose", no_argument, NULL, 'v'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'V'},
                                          {0}};
  int option;
  *ret_done = true;
  while ((option = getopt_long(argc, argv, "+c:vh", options, NULL)) != -1)
    switch (option) {
    case 'c':
      arguments->config_path = optarg;
      break;
    case 'v':
      arguments->verbose = true;
      break;
    case 'h':
      print_usage(stdout);
      return 0;
    case 'V':
      puts("closesyncd " CLOSESYNCD_VERSION);
      return 0;
    default:
      return usage_error();
    }
  *ret_done = false;
  return 0;
}

/* Whoever starts us may have closed some of them; the first socket would take the number, and be sent what is printed. */
static void hold_standard_streams(void) {
  int fd;
  do
    fd = open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd > STDERR_FILENO)
    close(fd);
}

/* A result that nobody could write down is no success; a reader who has seen enough (EPIPE) is no failure. */
static int flush_result(int status) {
  errno = 0;
  bool written = fflush(stdout) == 0 && ferror(stdout) == 0;
  if (written || errno == EPIPE)
    return status;
  app_complain("could not write the result to the standard output: look for a full disk");
  return status == 0 ? 1 : status;
}

int main(int argc, char **argv) {
  struct arguments arguments = {0};
  bool done;
  hold_standard_streams();
  signal(SIGPIPE, SIG_IGN);
  int status = parse_global(argc, argv, &arguments, &done);
  if (done)
    return status;
  if (optind == argc) {
    app_complain("no command was given");
    print_usage(stderr);
    return EXIT_USAGE;
  }
  const struct command *command = find_command(argv[optind]);
  if (command == NULL) {
    app_complain("no command is called \"%s\"", argv[optind]);
    return usage_error();
  }
  int begin = optind;
  status = parse_command(argc - begin, argv + begin, command, &arguments, &done);
  return status != 0 || done ? status : flush_result(command->run(&arguments));
}
