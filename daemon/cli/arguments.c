/* Reads words from left to right. The first operand is the command; before it only the options that every command takes are known. All
 * that is said to the user about words is said here. */
#include "cli/arguments.h"
#include "base/nearest.h"
#include <string.h>

struct parser {
  char **words;
  int count, at;
  const struct command *command; /* NULL: not seen yet */
  struct arguments *arguments;
  int operands; /* moved to the front of `words` */
};

static bool refuse(const struct parser *parser) {
  const char *name = parser->command == NULL ? "" : parser->command->name;
  fprintf(stderr, "try 'closesyncd%s%s --help'\n", *name == '\0' ? "" : " ", name);
  return false;
}

/* The options that may stand here; before the command all of them, for what is meant may go behind it. */
static const char *option_at(const void *context, size_t index) {
  const struct parser *parser = context;
  const struct option *option;
  for (size_t i = 0; (option = table_option(i)) != NULL; i++)
    if ((parser->command == NULL || table_takes(parser->command, option)) && option->does != NULL && index-- == 0)
      return option->name;
  return NULL;
}

enum { COMMANDS_BYTES = 128 };

/* The commands that have it, as words; false: none has. */
static bool elsewhere(const char *name, char ret_commands[COMMANDS_BYTES]) {
  const struct option *option;
  size_t length = 0;
  for (size_t i = 0; (option = table_option(i)) != NULL; i++)
    if (option->commands != NULL && strcmp(option->name, name) == 0 && length < COMMANDS_BYTES)
      length += (size_t)snprintf(ret_commands + length, COMMANDS_BYTES - length, "%s%s", length == 0 ? "" : " ",
                                 option->commands);
  return length > 0;
}

static bool complain_option(const struct parser *parser, const char *name) {
  char commands[COMMANDS_BYTES];
  bool other = elsewhere(name, commands);
  const char *nearest = nearest_word(name, option_at, parser);
  const char *command = parser->command == NULL ? "closesyncd" : parser->command->name;
  if (parser->command == NULL && other)
    app_complain("the option \"--%s\" goes behind its command: %s", name, commands);
  else if (nearest != NULL)
    app_complain("\"%s\" has no option \"--%s\": the nearest is \"--%s\"", command, name, nearest);
  else if (other)
    app_complain("\"%s\" has no option \"--%s\", which is for: %s", command, name, commands);
  else
    app_complain("\"%s\" has no option \"--%s\"", command, name);
  return refuse(parser);
}

/* By its whole name, or by a beginning that no other one has. NULL after telling. */
static const struct option *find_long(const struct parser *parser, const char *name) {
  const struct option *option, *found = NULL;
  if (*name == '\0') {
    complain_option(parser, name);
    return NULL;
  }
  for (size_t i = 0; (option = table_option(i)) != NULL; i++) {
    if (!table_takes(parser->command, option) || strncmp(option->name, name, strlen(name)) != 0)
      continue;
    if (strcmp(option->name, name) == 0)
      return option;
    if (found != NULL) {
      app_complain("the option \"--%s\" may be \"--%s\" or \"--%s\"", name, found->name, option->name);
      refuse(parser);
      return NULL;
    }
    found = option;
  }
  if (found == NULL)
    complain_option(parser, name);
  return found;
}

static bool is_optional(const struct option *option) { return option->argument != NULL && *option->argument == '['; }

/* `value` NULL: it may be the next word. */
static bool take(struct parser *parser, const struct option *option, const char *value) {
  char *member = (char *)parser->arguments + option->offset;
  const char *next = parser->at < parser->count ? parser->words[parser->at] : NULL;
  if (option->argument == NULL && value != NULL) {
    app_complain("the option \"--%s\" takes no argument, \"%s\" was given", option->name, value);
    return refuse(parser);
  }
  if (option->argument == NULL) {
    *(bool *)member = true;
    return true;
  }
  if (value == NULL && next != NULL && !(is_optional(option) && *next == '-')) {
    value = next;
    parser->at++;
  }
  bool empty = value == NULL || (*value == '\0' && strcmp(option->argument, "TEXT") != 0); /* a text may be "" */
  if (empty && !is_optional(option)) {
    app_complain("the option \"--%s\" needs its %s", option->name, option->argument);
    return refuse(parser);
  }
  *(const char **)member = value == NULL ? option->preset : value;
  return true;
}

/* "--name", "--name=value" */
static bool take_long(struct parser *parser, char *word) {
  char *equals = strchr(word, '=');
  if (equals != NULL)
    *equals = '\0';
  const struct option *option = find_long(parser, word + 2);
  return option != NULL && take(parser, option, equals == NULL ? NULL : equals + 1);
}

/* "-v", "-vc FILE", "-cFILE" */
static bool take_short(struct parser *parser, const char *word) {
  for (const char *letter = word + 1; *letter != '\0'; letter++) {
    const struct option *option = NULL;
    for (size_t i = 0; (option = table_option(i)) != NULL; i++)
      if (option->letter == *letter && table_takes(parser->command, option))
        break;
    if (option == NULL) {
      app_complain("there is no option \"-%.*s\"", (int)text_utf8_floor(slice_of(letter), 4), letter);
      return refuse(parser);
    }
    if (option->argument != NULL)
      return take(parser, option, letter[1] == '\0' ? NULL : letter + 1);
    if (!take(parser, option, NULL))
      return false;
  }
  return true;
}

static bool complain_command(const struct parser *parser, const char *word) {
  const char *nearest = table_nearest(word);
  app_complain("no command is called \"%s\"%s%s%s", word, nearest == NULL ? "" : ": the nearest is \"",
               nearest == NULL ? "" : nearest, nearest == NULL ? "" : "\"");
  return refuse(parser);
}

static bool take_operand(struct parser *parser, char *word) {
  if (parser->command != NULL) {
    parser->words[parser->operands++] = word;
    return true;
  }
  parser->command = table_find(word);
  return parser->command != NULL || complain_command(parser, word);
}

/* "help" and "help COMMAND" are "--help" and "COMMAND --help". */
static bool resolve_help(struct parser *parser) {
  struct arguments *arguments = parser->arguments;
  if (parser->command == NULL || parser->command->run != NULL || arguments->help)
    return true;
  arguments->help = true;
  parser->command = parser->operands == 0 ? NULL : table_find(parser->words[0]);
  return parser->operands == 0 || parser->command != NULL || complain_command(parser, parser->words[0]);
}

static bool judge_operands(const struct parser *parser) {
  const struct command *command = parser->command;
  if (command == NULL || parser->arguments->help || parser->arguments->version)
    return true;
  if (parser->operands > command->most && command->most == 0)
    app_complain("\"%s\" takes no argument, \"%s\" was given", command->name, parser->words[0]);
  else if (parser->operands > command->most)
    app_complain("\"%s\" takes one %s, \"%s\" is too much", command->name, command->operand,
                 parser->words[command->most]);
  else if (parser->operands < command->least)
    app_complain("\"%s\" needs a %s", command->name, command->operand);
  else
    return true;
  return refuse(parser);
}

bool arguments_parse(int argc, char **argv, struct arguments *ret_arguments, const struct command **ret_command) {
  struct parser parser = {.words = argv + 1, .count = argc - 1, .arguments = ret_arguments};
  bool good = true, only_operands = false;
  *ret_arguments = (struct arguments){0};
  while (good && parser.at < parser.count) {
    char *word = parser.words[parser.at++];
    if (only_operands || word[0] != '-' || word[1] == '\0')
      good = take_operand(&parser, word);
    else if (word[1] != '-')
      good = take_short(&parser, word);
    else if (word[2] != '\0')
      good = take_long(&parser, word);
    else
      only_operands = true;
  }
  good = good && judge_operands(&parser) && resolve_help(&parser);
  ret_arguments->names = parser.words;
  ret_arguments->name_count = parser.operands;
  *ret_command = parser.command;
  return good;
}
