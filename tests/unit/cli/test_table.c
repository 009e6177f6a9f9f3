/* The table holds together: every option is for commands that exist, nothing has two lines, and every synopsis is whole. */
#include "cli/help.h"
#include <criterion/criterion.h>
#include <string.h>

Test(table, names_commands_that_exist) {
  const struct option *option;
  for (size_t i = 0; (option = table_option(i)) != NULL; i++) {
    char words[256];
    snprintf(words, sizeof words, "%s", option->commands == NULL ? "" : option->commands);
    for (char *at = strtok(words, " "); at != NULL; at = strtok(NULL, " "))
      cr_expect_not_null(table_find(at), "--%s is for \"%s\"", option->name, at);
    cr_expect((option->preset != NULL) == (option->argument != NULL && *option->argument == '['), "--%s", option->name);
  }
}

Test(table, says_nothing_twice) {
  const struct command *command;
  const struct option *one, *other;
  for (size_t i = 0; (command = table_command(i)) != NULL; i++) {
    cr_expect_eq(table_find(command->name), command, "%s", command->name);
    for (size_t j = 0; (one = table_option(j)) != NULL; j++)
      for (size_t k = j + 1; (other = table_option(k)) != NULL; k++)
        cr_expect_not(table_takes(command, one) && table_takes(command, other) &&
                          (strcmp(one->name, other->name) == 0 || (one->letter && one->letter == other->letter)),
                      "%s has --%s twice", command->name, one->name);
  }
}

/* Two commands may take an option of one name in two lines. */
static bool takes_name(const struct command *command, const char *name) {
  const struct option *option;
  for (size_t i = 0; (option = table_option(i)) != NULL; i++)
    if (option->commands != NULL && table_takes(command, option) && strcmp(option->name, name) == 0)
      return true;
  return false;
}

Test(table, is_told_whole) {
  char text[16384] = "";
  FILE *stream = fmemopen(text, sizeof text, "w");
  help_words(stream);
  fclose(stream);
  const struct command *command;
  const struct option *option;
  for (size_t i = 0; (command = table_command(i)) != NULL; i++) {
    char start[64];
    snprintf(start, sizeof start, "\nsynopsis\t%s\t", command->name);
    const char *synopsis = strstr(text, start);
    cr_assert_not_null(synopsis, "%s", command->name);
    for (size_t j = 0; (option = table_option(j)) != NULL; j++) {
      char part[64];
      snprintf(part, sizeof part, " [--%s", option->name);
      const char *found = strstr(synopsis, part), *end = strchr(synopsis + 1, '\n');
      cr_expect_eq(found != NULL && found < end, takes_name(command, option->name), "%s %s", command->name, part);
    }
  }
  cr_expect_not_null(strstr(text, "\nsynopsis\tverify\tverify [--json] "));
  cr_expect_not_null(strstr(text, " [NAME...]\n"));
  cr_expect_null(strstr(text, "\twords\t"), "it is hidden");
}
