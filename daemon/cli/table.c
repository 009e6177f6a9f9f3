#include "cli/table.h"
#include "base/nearest.h"
#include "command/command.h"
#include <stddef.h>
#include <string.h>

static const struct command commands[] = {
    {"run", command_run, NULL, 0, 0, "the daemon: keep every organization mirrored",
     "Keeps every enabled organization mirrored, each at its interval, until SIGTERM or\n"
     "SIGINT. SIGHUP reads the configuration anew, SIGUSR1 sweeps all organizations now.\n"
     "What systemd starts.\n"},
    {"sync", command_sync, "NAME", 0, OPERANDS_ANY, "sweep every (or the named) organization once",
     "Exit status: 0 all well, 1 some organization failed or is incomplete, 3 the removal\n"
     "guard held something back, 69 the database is away, 78 the configuration is wrong.\n"},
    {"plan", command_plan, "NAME", 0, OPERANDS_ANY, "what sync would write, without writing it",
     "Prints each addition (+), change (~, field by field: old → new), removal (-) and what is\n"
     "another document only because sync.exclude_fields is another (=).\n"
     "Exit status: 0 no difference, 2 differences, 1, 3, 69 and 78 as for sync.\n"},
    {"check", command_check, NULL, 0, 0, "configuration, database and credentials: one line each",
     "Tells every problem in one go, on the standard output, and writes nothing.\n"
     "Exit status: 0 all well, 78 the configuration is wrong, 69 the database is away,\n"
     "1 another problem.\n"},
    {"migrate", command_migrate, NULL, 0, 0, "bring the database schema up to date; create its roles",
     "With --roles it also makes the roles PREFIX_owner, PREFIX_writer, PREFIX_auditor and\n"
     "PREFIX_analyst and tells what each has, PREFIX being 1 to 50 of a-z 0-9 _ and not beginning with pg_.\n"},
    {"status", command_status, "NAME", 0, OPERANDS_ANY, "what the database knows of each organization",
     "Last sweep and outcome, accounts, failures; \"never reached\" where nothing is known.\n"
     "A running daemon writes down unchanged sweeps once in sync.flush_interval (1 min).\n"},
    {"history", command_history, "NAME", 0, OPERANDS_ANY, "what changed, newest last",
     "Between which two moments (UTC), which account, what, from what, to what. The last 50\n"
     "rows, or with --since the first ones from there on. Exit status: 0, 69 the database is\n"
     "away, 78 the configuration or schema is wrong.\n"},
    {"authorize", command_authorize, "NAME", 1, 1, "obtain OAuth tokens for an organization",
     "For a person at a terminal: prints the address to open, reads the address that the\n"
     "browser was sent back to (or the bare code), says whose the token is and writes the\n"
     "token file. Needs no database. Exit status: 0 written, 1 refused, and nothing was\n"
     "written, 78 the configuration is wrong.\n"},
    {"verify", command_verify, "NAME", 0, OPERANDS_ANY, "prove mirror = history = chain",
     "Of every (or every named) organization in the database. Exit status: 0 proven,\n"
     "1 some problem, 69 the database is away, 78 the configuration or schema is wrong.\n"},
    {"erase", command_erase, NULL, 0, 0, "erase documents from the history, as its owner",
     "Takes a user or an account, of one organization when one is given too, or all of an\n"
     "organization. What is still at Close is refused. Exit status: 0 erased, 1 refused, or\n"
     "nobody knows the ID.\n"},
    {"prune", command_prune, NULL, 0, 0, "drop history older than history.retention, as its owner", ""},
    {"help", NULL, "COMMAND", 0, 1, "a command's page", ""},
};

#define AT(member) offsetof(struct arguments, member)

/* clang-format off */
static const struct option options[] = {
    {NULL, "config", 'c', "FILE", NULL, "read FILE instead of /etc/closesyncd/closesyncd.conf", AT(config_path)},
    {NULL, "verbose", 'v', NULL, NULL, "log at debug level", AT(verbose)},
    {NULL, "help", 'h', NULL, NULL, "this text; behind a command, its page", AT(help)},
    {NULL, "version", 'V', NULL, NULL, "the version, with those of the libraries", AT(version)},
    {NULL, "words", 0, NULL, NULL, NULL, AT(words)}, /* cli/help.h */
    {"sync plan status verify", "json", 0, NULL, NULL, "an object per organization, one a line", AT(json)},
    {"check history", "json", 0, NULL, NULL, "an object per line", AT(json)},
    {"check", "offline", 0, NULL, NULL, "configuration and key files alone; nobody is asked", AT(offline)},
    {"sync", "verify", 0, NULL, NULL, "compare every row of the mirror with its document", AT(verify)},
    {"sync", "allow-removals", 0, NULL, NULL, "lift the removal guard for this sweep", AT(allow_removals)},
    {"migrate", "dry-run", 0, NULL, NULL, "list what is pending, change nothing", AT(dry_run)},
    {"migrate", "roles", 0, "[PREFIX]", app_roles_preset, "also make the roles and give them what they need", AT(roles)},
    {"verify", "head", 0, NULL, NULL, "print the end of each chain, a line to keep elsewhere", AT(head)},
    {"verify", "since", 0, "FILE", NULL, "also compare with the heads kept in FILE", AT(since)},
    {"verify", "record", 0, NULL, NULL, "keep the result in the table verification", AT(record)},
    {"history", "account", 0, "ID", NULL, "of this account alone", AT(account_id)},
    {"history", "since", 0, "TIME|SEQ", NULL, "from this time on, or (digits alone) from this seq", AT(since)},
    {"history", "limit", 0, "N", NULL, "at most N rows of history", AT(limit)},
    {"history", "follow", 0, NULL, NULL, "stay, and print what comes", AT(follow)},
    {"erase", "user", 0, "ID", NULL, "documents of this user's accounts", AT(user_id)},
    {"erase", "account", 0, "ID", NULL, "documents of this account", AT(account_id)},
    {"erase", "organization", 0, "ID", NULL, "in this organization alone, or all of it", AT(organization_id)},
    {"erase", "reason", 0, "TEXT", NULL, "kept in the table of erasures", AT(reason)},
};
/* clang-format on */

const struct command *table_command(size_t index) {
  return index < sizeof commands / sizeof commands[0] ? &commands[index] : NULL;
}

const struct option *table_option(size_t index) {
  return index < sizeof options / sizeof options[0] ? &options[index] : NULL;
}

const struct command *table_find(const char *name) {
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
    if (strcmp(commands[i].name, name) == 0)
      return &commands[i];
  return NULL;
}

static const char *name_at(const void *context, size_t index) {
  const struct command *command = table_command(index);
  (void)context;
  return command == NULL ? NULL : command->name;
}

const char *table_nearest(const char *name) { return nearest_word(name, name_at, NULL); }

/* Is `word` one of the words of `list`? */
static bool lists(const char *list, const char *word) {
  size_t length = strlen(word);
  for (const char *at = list; *at != '\0'; at += strspn(at, " ")) {
    size_t step = strcspn(at, " ");
    if (step == length && memcmp(at, word, length) == 0)
      return true;
    at += step;
  }
  return false;
}

bool table_takes(const struct command *command, const struct option *option) {
  return option->commands == NULL || (command != NULL && lists(option->commands, command->name));
}
