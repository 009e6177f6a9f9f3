/* The command line as the table says: what is taken, and what is said of what is not. */
#include "cli/arguments.h"
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

enum { WORDS = 12, SAID = 4096 };

struct line {
  char text[256], *words[WORDS + 1];
  struct arguments arguments;
  const struct command *command;
  bool good;
  char said[SAID];
};

static int split(struct line *line, const char *text) {
  int count = 0;
  snprintf(line->text, sizeof line->text, "closesyncd %s", text);
  for (char *at = strtok(line->text, " "); at != NULL && count < WORDS; at = strtok(NULL, " "))
    line->words[count++] = strcmp(at, "''") == 0 ? at + 2 : at;
  line->words[count] = NULL;
  return count;
}

/* Parses words with blanks between; what goes to stderr is kept. */
static void parse(struct line *line, const char *text) {
  FILE *file = tmpfile();
  int count = split(line, text), before = dup(STDERR_FILENO);
  cr_assert(file != NULL && before >= 0);
  fflush(stderr);
  dup2(fileno(file), STDERR_FILENO);
  line->good = arguments_parse(count, line->words, &line->arguments, &line->command);
  fflush(stderr);
  dup2(before, STDERR_FILENO);
  close(before);
  rewind(file);
  line->said[fread(line->said, 1, SAID - 1, file)] = '\0';
  fclose(file);
}

static void expect_command(const struct line *line, const char *name) {
  cr_assert(line->good, "%s", line->said);
  cr_assert_str_empty(line->said);
  cr_assert_str_eq(line->command == NULL ? "none" : line->command->name, name);
}

Test(arguments, of_all_commands_stand_before_and_behind_the_command) {
  static const char *const forms[] = {"-c F -v status",           "status -c F -v",       "-vcF status",
                                      "--config=F status -v",     "status --config F -v", "-v status -cF",
                                      "--verb --conf F -- status"};
  struct line line;
  for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
    parse(&line, forms[i]);
    expect_command(&line, "status");
    cr_expect(line.arguments.config_path != NULL && strcmp(line.arguments.config_path, "F") == 0, "%s", forms[i]);
    cr_expect(line.arguments.verbose, "%s", forms[i]);
    cr_expect_eq(line.arguments.name_count, 0, "%s", forms[i]);
  }
}

Test(arguments, of_a_command_may_stand_behind_its_names) {
  struct line line;
  parse(&line, "sync one --json two --allow -- --three");
  expect_command(&line, "sync");
  cr_expect(line.arguments.json && line.arguments.allow_removals && !line.arguments.verify);
  cr_assert_eq(line.arguments.name_count, 3);
  cr_expect_str_eq(line.arguments.names[0], "one");
  cr_expect_str_eq(line.arguments.names[1], "two");
  cr_expect_str_eq(line.arguments.names[2], "--three");
  parse(&line, "erase --user u --organization=o --reason ''");
  expect_command(&line, "erase");
  cr_expect_str_eq(line.arguments.user_id, "u");
  cr_expect_str_eq(line.arguments.organization_id, "o");
  cr_expect_str_eq(line.arguments.reason, "");
  cr_expect_null(line.arguments.account_id);
  parse(&line, "verify --since -");
  expect_command(&line, "verify");
  cr_expect_str_eq(line.arguments.since, "-");
}

Test(arguments, that_may_be_left_out_have_a_preset) {
  static const char *const forms[][2] = {{"migrate", NULL},
                                         {"migrate --roles", "closesync"},
                                         {"migrate --roles --dry-run", "closesync"},
                                         {"migrate --roles=mine", "mine"},
                                         {"migrate --roles mine --dry-run", "mine"},
                                         {"migrate --roles=", ""}};
  struct line line;
  for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
    parse(&line, forms[i][0]);
    expect_command(&line, "migrate");
    cr_expect_str_eq(line.arguments.roles == NULL ? "none" : line.arguments.roles,
                     forms[i][1] == NULL ? "none" : forms[i][1], "%s", forms[i][0]);
  }
}

Test(arguments, that_ask_for_help) {
  static const char *const forms[][2] = {{"--help", "none"},      {"-h", "none"},         {"help", "none"},
                                         {"sync --help", "sync"}, {"help sync", "sync"},  {"--help sync", "sync"},
                                         {"help help", "help"},   {"help --help", "help"}};
  struct line line;
  for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
    parse(&line, forms[i][0]);
    expect_command(&line, forms[i][1]);
    cr_expect(line.arguments.help, "%s", forms[i][0]);
  }
  parse(&line, "-V");
  expect_command(&line, "none");
  cr_expect(line.arguments.version);
}

Test(arguments, that_cannot_be_meant_are_refused_and_say_what_was_meant) {
  static const char *const refused[][2] = {
      {"synk", "no command is called \"synk\": the nearest is \"sync\""},
      {"help stauts", "no command is called \"stauts\": the nearest is \"status\""},
      {"bogus", "no command is called \"bogus\"\n"},
      {"sync --jsno", "\"sync\" has no option \"--jsno\": the nearest is \"--json\""},
      {"status --verify", "\"status\" has no option \"--verify\", which is for: sync"},
      {"run --json", "\"run\" has no option \"--json\", which is for: sync plan status verify check history"},
      {"--config= sync", "\"--config\" needs its FILE"},
      {"--json sync", "\"--json\" goes behind its command: sync"},
      {"--jsno", "the nearest is \"--json\""},
      {"sync --bogus", "try 'closesyncd sync --help'"},
      {"sync --words-", "has no option"},
      {"sync --=x", "has no option"},
      {"sync --json=yes", "\"--json\" takes no argument, \"yes\" was given"},
      {"sync -q", "there is no option \"-q\""},
      {"verify --since", "\"--since\" needs its FILE"},
      {"sync -c", "\"--config\" needs its FILE"},
      {"--ver sync", "\"--ver\" may be \"--verbose\" or \"--version\""},
      {"run now", "\"run\" takes no argument, \"now\" was given"},
      {"migrate mine --roles", "\"migrate\" takes no argument, \"mine\" was given"},
      {"help sync plan", "\"help\" takes one COMMAND, \"plan\" is too much"},
  };
  struct line line;
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
    parse(&line, refused[i][0]);
    cr_expect_not(line.good, "%s", refused[i][0]);
    cr_expect(strncmp(line.said, "closesyncd: ", 12) == 0, "%s: %s", refused[i][0], line.said);
    cr_expect_not_null(strstr(line.said, refused[i][1]), "%s: %s", refused[i][0], line.said);
    cr_expect_not_null(strstr(line.said, "--help'\n"), "%s: %s", refused[i][0], line.said);
  }
}
