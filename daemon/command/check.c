#include "base/memory.h"
#include "command/command.h"
#include "crm/principal.h"
#include "crm/request.h"
#include "sql/embedded.h"
#include "sync/exchange.h"
#include "sync/schema.h"
#include <string.h>

/* `closesyncd check`: everything that must be right before a sweep can be, one aligned line each, all problems in one go. The
 * configuration's problems are told by its reader before this begins. Writes nothing. */

struct credential {
  struct check *check;
  const struct config_organization *organization;
  struct exchange_traffic traffic;
  struct exchange_options exchange;
};

struct check {
  struct app app;
  struct credential *credentials;
  struct buffer missing; /* privileges */
  int width, pending;
  bool unreachable, config_wrong, failed;
};

static void tell(const struct check *check, const char *verdict, const char *thing, const char *text) {
  printf("%-7s  %-*s  %s\n", verdict, check->width, thing, text);
}

static void arrived(struct check *check) {
  if (--check->pending == 0)
    app_close(&check->app);
}

static void on_me(void *context, const struct exchange_answer *answer) {
  struct credential *credential = context;
  struct check *check = credential->check;
  const struct config_organization *organization = credential->organization;
  struct principal principal;
  struct error error = {0};
  char text[1024];
  if (answer->verdict != VERDICT_TAKE || !principal_read(answer->body, &principal, &error)) {
    if (answer->error != NULL)
      error = *answer->error;
    else if (error.kind == ERROR_NONE)
      error_set(&error, ERROR_HTTP, "/me/ answered HTTP %d: check api.base_url", answer->status);
    check->failed = true;
    tell(check, "problem", organization->name, error.text);
  } else {
    bool mine =
        organization->organization_id == NULL || principal_may_belong(&principal, organization->organization_id);
    if (mine)
      snprintf(text, sizeof text, "the key acts as %s of %s", principal.user_id,
               principal.organization_count == 1 ? principal.organization_ids[0] : "its organization");
    else
      snprintf(text, sizeof text, "the key is not of %s, as organization_id says: correct the one or the other",
               organization->organization_id);
    check->failed |= !mine;
    tell(check, mine ? "ok" : "problem", organization->name, text);
    principal_finish(&principal);
  }
  arrived(check);
}

static void ask(struct check *check, int number) {
  const struct tools *tools = &check->app.tools;
  struct credential *credential = &check->credentials[number];
  const struct config_organization *organization = &check->app.config->organizations[number];
  struct buffer url;
  if (!organization->enabled) {
    tell(check, "skipped", organization->name, "disabled in the configuration");
    return;
  }
  *credential = (struct credential){.check = check, .organization = organization};
  credential->exchange =
      (struct exchange_options){.loop = tools->loop,
                                .lane = tools->lane,
                                .random = &check->app.random,
                                .key = organization->key,
                                .budget = budgets_of(tools->budgets, organization->key),
                                .traffic = &credential->traffic};
  buffer_init(&url, 8192);
  check->pending++;
  if (request_me_url(&url, check->app.config->api.base_url))
    exchange_start(&credential->exchange, url.bytes, on_me, credential);
  buffer_finish(&url);
}

static void on_privilege(void *context, const struct db_row *row) {
  struct check *check = context;
  struct slice object = db_row_text(row, 0), privilege = db_row_text(row, 1);
  if (!buffer_append_format(&check->missing, "%s%.*s on %.*s", check->missing.length == 0 ? "" : ", ",
                            (int)privilege.length, privilege.bytes, (int)object.length, object.bytes))
    check->failed = true;
}

static void on_privileges(void *context, const struct error *error) {
  struct check *check = context;
  char text[2048];
  if (error != NULL) {
    tell(check, "problem", "privileges", error->text);
    check->failed = true;
  } else if (check->missing.length > 0) {
    snprintf(text, sizeof text, "the role lacks %s: run `closesyncd migrate --roles` as the owner",
             check->missing.bytes);
    tell(check, "problem", "privileges", text);
    check->config_wrong = true;
  } else {
    tell(check, "ok", "privileges", "the role may do what a sweep needs");
  }
  arrived(check);
}

static void tell_schema(struct check *check, const struct schema_state *state) {
  const char *schema = check->app.config->database.schema;
  char text[512];
  if (state->pending == 0) {
    snprintf(text, sizeof text, "\"%s\" is up to date (version %d)", schema, state->version);
  } else if (state->owner) {
    snprintf(text, sizeof text, "\"%s\" %s: the next sync or `closesyncd migrate` brings it up to date", schema,
             state->exists ? "is older than this closesyncd" : "is not there yet");
  } else {
    snprintf(text, sizeof text, "\"%s\" %s, and this role may not change it: run `closesyncd migrate` as its owner",
             schema, state->exists ? "is older than this closesyncd" : "is not there yet");
    check->config_wrong = true;
  }
  tell(check, state->pending == 0 || state->owner ? "ok" : "problem", "schema", text);
}

static void on_schema(void *context, const struct schema_state *state, const struct error *error) {
  struct check *check = context;
  char text[128];
  struct db_statement privileges = {.sql = sql_query_privileges};
  if (error != NULL) {
    check->unreachable |= error->kind == ERROR_UNREACHABLE;
    check->config_wrong |= error->kind == ERROR_CONFIG;
    check->failed |= error->kind != ERROR_UNREACHABLE && error->kind != ERROR_CONFIG;
    tell(check, "problem", error->kind == ERROR_UNREACHABLE ? "database" : "schema", error->text);
  } else {
    snprintf(text, sizeof text, "PostgreSQL %d.%d answers", state->server_version / 10000,
             state->server_version % 10000);
    tell(check, "ok", "database", text);
    tell_schema(check, state);
    if (state->exists) {
      check->pending++;
      db_query(check->app.tools.watch, &privileges, on_privilege, on_privileges, check);
    }
  }
  arrived(check);
}

int command_check(const struct arguments *arguments) {
  struct check check = {.width = (int)strlen("configuration"), .pending = 1};
  int status = app_open(arguments, &(struct app_needs){.keys = true}, &check.app);
  if (status != 0)
    return status;
  const struct config *config = check.app.config;
  check.credentials = memory_allocate(sizeof *check.credentials * ((size_t)config->organization_count + 1));
  buffer_init(&check.missing, 2000);
  for (int i = 0; i < config->organization_count; i++)
    if ((int)strlen(config->organizations[i].name) > check.width)
      check.width = (int)strlen(config->organizations[i].name);
  tell(&check, "ok", "configuration", "every setting is understood");
  schema_start(
      &(struct schema_options){
          .loop = check.app.loop, .db = check.app.tools.watch, .schema = config->database.schema, .mode = SCHEMA_LOOK},
      on_schema, &check);
  for (int i = 0; i < config->organization_count; i++)
    ask(&check, i);
  app_run(&check.app);
  memory_free(check.credentials);
  buffer_finish(&check.missing);
  return check.config_wrong ? EXIT_CONFIG : check.unreachable ? EXIT_UNREACHABLE : check.failed ? 1 : 0;
}
