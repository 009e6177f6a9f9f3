/* `closesyncd check`: everything that must be right before a sweep can be, one aligned line each, all problems in one go: with a
 * problem in the configuration, whatever it leaves to be looked at. Writes nothing. */
#include "command/check/parts.h"
#include "command/check/token_life.h"
#include "command/command.h"
#include "sweep/way_in.h"
#include <stdio.h>
#include <string.h>

struct check {
  struct app app;
  struct check_report *check_report;
  struct terminal *terminal;
  struct check_database database;
  struct check_credentials *credentials;
  bool database_done, closed;
};

static void arrived(void *context) {
  struct check *check = context;
  int answered, asked = check_credentials_asked(check->credentials, &answered);
  if (check->closed || !check->database_done || answered < asked)
    return;
  check->closed = true;
  terminal_close(check->terminal);
  check->terminal = NULL;
  app_close(&check->app);
}

static void on_database(void *context) {
  struct check *check = context;
  check->database_done = true;
  arrived(check);
}

static void write_progress(void *context, char *text, size_t size) {
  const struct check *check = context;
  int answered, asked = check_credentials_asked(check->credentials, &answered);
  snprintf(text, size, "%d of %d %s answered%s", answered, asked,
           terminal_plural(asked, "organization", "organizations"),
           check->database_done ? "" : ", the database not yet");
}

/* One line per problem: "file:line: message". */
static void tell_configuration(struct check_report *check_report, const struct buffer *problems) {
  const char *at = problems->bytes;
  if (problems->length == 0)
    check_report_add(check_report, PLACE_CONFIGURATION, FINDING_OK, "configuration", "every setting is understood");
  while (at != NULL && *at != '\0') {
    size_t length = strcspn(at, "\n");
    check_report_add(check_report, PLACE_CONFIGURATION, FINDING_CONFIG, "configuration", "%.*s", (int)length, at);
    at += length + (at[length] == '\n' ? 1 : 0);
  }
}

static void tell_nobody_enabled(struct check *check) {
  const struct config *config = check->app.config;
  for (int i = 0; i < config->organization_count; i++)
    if (config->organizations[i].enabled)
      return;
  if (config->organization_count > 0) /* else the configuration has told it */
    check_report_add(check->check_report, PLACE_CONFIGURATION, FINDING_CONFIG, "configuration", "%s",
                     app_nobody_enabled);
}

static void look(struct check *check) {
  check->terminal = terminal_open(check->app.loop);
  check->credentials = check_credentials_start(&check->app, check->check_report, arrived, check);
  if (check->app.config->doubtful.database) {
    check_report_add(check->check_report, PLACE_DATABASE, FINDING_SKIPPED, "database",
                     "not asked: what is set in [database] is in doubt, see above");
    check->database_done = true;
  } else {
    check_database_start(&check->database, &check->app, check->check_report, on_database, check);
  }
  terminal_progress(check->terminal, write_progress, check);
  arrived(check);
}

static void summarize(const struct check_report *check_report) {
  int well = check_report_count(check_report, PLACE_ORGANIZATIONS, FINDING_OK);
  int skipped = check_report_count(check_report, PLACE_ORGANIZATIONS, FINDING_SKIPPED);
  int failed = check_report_count(check_report, PLACE_ORGANIZATIONS, FINDING_FAILED) +
               check_report_count(check_report, PLACE_ORGANIZATIONS, FINDING_NOTED);
  int problems = 0;
  for (enum finding finding = FINDING_NOTED; finding <= FINDING_CONFIG; finding++)
    problems += check_report_count(check_report, 0, finding);
  if (well + skipped + failed > 1)
    printf("%d organizations: %d ok, %d skipped, %d not ok; %d %s in all\n", well + skipped + failed, well, skipped,
           failed, problems, terminal_plural(problems, "problem", "problems"));
}

static void print(struct check_report *check_report, const struct arguments *arguments) {
  if (arguments->json) {
    check_report_print_json(check_report, PLACE_ORGANIZATIONS);
    return;
  }
  struct terminal *terminal = terminal_open(NULL);
  check_report_print(check_report, terminal);
  terminal_close(terminal);
  summarize(check_report);
}

/* Of OAuth also what it has been given: a missing token is no mistake of the configuration. */
static void tell_readable(struct check *check, int place, const struct config_organization *organization) {
  char life[TOKEN_LIFE_BYTES];
  struct error error;
  if (organization->way != CONFIG_OAUTH)
    check_report_add(check->check_report, place, FINDING_OK, organization->name, "its %s can be read",
                     way_in_noun(organization));
  else if (token_life_tell(organization, life, &error))
    check_report_add(check->check_report, place, FINDING_OK, organization->name,
                     "its client secret and its OAuth token can be read: %s", life);
  else
    check_report_add(check->check_report, place, FINDING_NOTED, organization->name, "%s: run `closesyncd authorize %s`",
                     error.text, organization->name);
}

/* The configuration and what it names on this machine; nothing is connected to. */
static void look_offline(struct check *check, bool good) {
  const struct config *config = check->app.config;
  bool any = good; /* else the configuration has told of each */
  for (int i = 0; i < config->organization_count; i++)
    any |= config->organizations[i].key != NULL;
  check_report_add(check->check_report, PLACE_DATABASE, FINDING_SKIPPED, "database", "not asked");
  for (int i = 0; i < config->organization_count; i++) {
    const struct config_organization *organization = &config->organizations[i];
    int place = PLACE_ORGANIZATIONS + i;
    if (!organization->enabled)
      check_report_add(check->check_report, place, FINDING_SKIPPED, organization->name,
                       "disabled in the configuration");
    else if (organization->key != NULL)
      tell_readable(check, place, organization);
    else if (organization->key_problem != NULL && any)
      check_report_add(check->check_report, place, FINDING_NOTED, organization->name, "%s", organization->key_problem);
    else
      check_report_add(check->check_report, place, FINDING_SKIPPED, organization->name, "no key of its own was read");
  }
}

static bool check_offline(struct check *check, const struct arguments *arguments, struct buffer *problems) {
  bool good = config_read(arguments->config_path, CONFIG_KEYS_WANTED, &check->app.config, problems);
  tell_configuration(check->check_report, problems);
  if (check->app.config != NULL) {
    tell_nobody_enabled(check);
    look_offline(check, good);
  }
  config_destroy(check->app.config);
  return good;
}

static bool check_all(struct check *check, const struct arguments *arguments, struct buffer *problems) {
  struct app_needs needs = {.keys = CONFIG_KEYS_NEEDED, .problems = problems};
  bool open = app_open(arguments, &needs, &check->app) == 0;
  tell_configuration(check->check_report, problems);
  if (open) {
    tell_nobody_enabled(check);
    look(check);
    loop_run(check->app.loop);
    check_credentials_judge(check->credentials, &check->database);
    app_run(&check->app);
  }
  check_credentials_destroy(check->credentials);
  check_database_finish(&check->database);
  return open;
}

int command_check(const struct arguments *arguments) {
  struct check check = {.check_report = check_report_create()};
  struct buffer problems;
  buffer_init(&problems, 1024 * 1024);
  bool good =
      arguments->offline ? check_offline(&check, arguments, &problems) : check_all(&check, arguments, &problems);
  print(check.check_report, arguments);
  int status = check_report_exit_status(check.check_report);
  check_report_destroy(check.check_report);
  buffer_finish(&problems);
  return !good && status == 0 ? EXIT_CONFIG : status;
}
