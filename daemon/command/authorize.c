/* `closesyncd authorize NAME`: obtains the OAuth tokens of an organization (contract section 7). For a person at a terminal: what to open,
 * what to paste, whose organization it is. Until the last step nothing is written: the file is made beside the old one, under its lock,
 * before the code is spent, and put in its place when /me/ has said whose the token is. */
#include "base/memory.h"
#include "command/command.h"
#include "command/terminal.h"
#include "crm/consent.h"
#include "crm/principal.h"
#include "crm/request.h"
#include "remote/token_file.h"
#include "sql/embedded.h"
#include "sweep/way_in.h"
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum {
  PASTED_BYTES_MAX = 64 * 1024,
  URL_BYTES_MAX = 8192,
  LOCK_TRIES = 50,
  LOCK_PAUSE_US = 200 * 1000,
  DATABASE_PATIENCE_MS = 5 * 1000, /* what is recorded is looked at when it answers */
};

struct authorize {
  struct app app;
  const struct config_organization *organization;
  struct oauth_client client;
  char state[CONSENT_STATE_BYTES];
  struct secret *code, *form;
  struct token_file *file;
  struct oauth_token token;
  struct principal principal;
  struct api_request_traffic traffic;
  struct rate_limit rate_limit;
  struct timer *patience;
  char *recorded; /* the organization that the database knows under this NAME; NULL: none */
  bool known;     /* whose the token is */
  bool looked;    /* the database has answered, or will not */
  int status;
};

/* ---- before Close is asked ---- */

static int choose(struct authorize *authorize, const struct arguments *arguments) {
  int count, status;
  const struct config_organization **chosen = app_select(&authorize->app, arguments, &count, &status);
  if (chosen == NULL)
    return status;
  const struct config_organization *organization = authorize->organization = chosen[0];
  memory_free(chosen);
  if (organization->way != CONFIG_OAUTH)
    app_complain("the organization \"%s\" does not use OAuth: set oauth_client_id and oauth_client_secret_file in its "
                 "section",
                 organization->name);
  else if (organization->key == NULL)
    app_complain("%s", organization->key_problem);
  else
    return 0;
  return EXIT_CONFIG;
}

static void make_state(char ret_state[CONSENT_STATE_BYTES]) {
  unsigned char bytes[(CONSENT_STATE_BYTES - 1) / 2];
  if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
    memory_exhausted(); /* a kernel without random numbers is no place for secrets */
  text_hex(bytes, sizeof bytes, ret_state);
}

static void print_address(struct authorize *authorize) {
  struct buffer url;
  buffer_init(&url, URL_BYTES_MAX);
  if (consent_url(&url, authorize->app.config->api.oauth_authorize_url, &authorize->client, authorize->state))
    printf(
        "Open this address in a browser that is signed in to Close as who may see all connected accounts of \"%s\":\n\n"
        "  %s\n\n"
        "After the consent the browser is sent to an address with a code in it; that page need not exist.\n"
        "Paste the whole address here, then Enter: ",
        authorize->organization->name, url.bytes);
  fflush(stdout);
  buffer_finish(&url);
}

static bool read_code(struct authorize *authorize) {
  char *pasted = memory_allocate(PASTED_BYTES_MAX);
  struct error error = {0};
  setvbuf(stdin, NULL, _IONBF, 0); /* the code is in no buffer that nobody wipes */
  bool read = fgets(pasted, PASTED_BYTES_MAX, stdin) != NULL;
  bool good = consent_read(slice_of(read ? pasted : ""), authorize->state, &authorize->code, &error);
  explicit_bzero(pasted, PASTED_BYTES_MAX);
  memory_free(pasted);
  if (isatty(STDIN_FILENO) == 0)
    putchar('\n');
  if (!good)
    app_complain("%s; nothing was written", error.text);
  return good;
}

/* A code is good once, so the disk is tried first. */
static bool make_room(struct authorize *authorize) {
  const char *path = authorize->organization->token_path;
  struct error error = {0};
  for (int i = 0; i < LOCK_TRIES && authorize->file == NULL; i++) {
    if (i > 0)
      usleep(LOCK_PAUSE_US);
    authorize->file = token_file_lock(path, &error);
    if (authorize->file == NULL && error.kind != ERROR_CONFLICT)
      break;
  }
  if (authorize->file != NULL && token_file_reserve(authorize->file, &error))
    return true;
  app_complain(
      "%s; Close was not asked. Run it as who runs the daemon (sudo -u closesyncd closesyncd authorize %s), or "
      "set oauth_token_file",
      error.text, authorize->organization->name);
  return false;
}

/* ---- what Close and the database say ---- */

static void finish(struct authorize *authorize) {
  timer_close(authorize->patience);
  authorize->patience = NULL;
  app_close(&authorize->app);
}

static void fail(struct authorize *authorize, const char *text) {
  app_complain("%s; nothing was written", text);
  authorize->status = 1;
  finish(authorize);
}

static bool is_another(const struct authorize *authorize, const char *expected) {
  const char *told = authorize->token.organization_id;
  return (*told != '\0' && strcmp(told, expected) != 0) || !principal_may_belong(&authorize->principal, expected);
}

/* Whose accounts the token shows, as far as one word says it. */
static const char *shown_organization(const struct authorize *authorize) {
  if (*authorize->token.organization_id != '\0')
    return authorize->token.organization_id;
  return authorize->principal.organization_count == 1 ? authorize->principal.organization_ids[0]
                                                      : "an organization that Close does not name";
}

static void say_whose(const struct authorize *authorize) {
  fputs("The token acts as ", stdout);
  terminal_clean(0, slice_of(authorize->principal.user_id));
  fputs(" of ", stdout);
  terminal_clean(0, slice_of(shown_organization(authorize)));
  puts(".");
}

static void save(struct authorize *authorize) {
  const char *path = authorize->organization->token_path;
  struct oauth_token old = {.access = NULL};
  struct error error = {0};
  if (token_file_read(path, &old, &error))
    oauth_digest(old.refresh, authorize->token.replaces);
  oauth_token_finish(&old);
  if (!token_file_save(authorize->file, &authorize->token, &error)) {
    fail(authorize, error.text);
    return;
  }
  printf("It is kept in \"%s\" and renewed by itself; a running daemon that waits for it takes it up at once.\n"
         "Next: `closesyncd check`, then `closesyncd sync %s`.\n",
         path, authorize->organization->name);
  finish(authorize);
}

/* When both have answered: is it the organization that is meant? */
static void judge(struct authorize *authorize) {
  const char *expected = authorize->organization->organization_id;
  char text[ERROR_TEXT_BYTES];
  if (!authorize->known || !authorize->looked || authorize->patience == NULL)
    return;
  const char *told = authorize->token.organization_id;
  if (*told != '\0' && !principal_may_belong(&authorize->principal, told)) {
    snprintf(text, sizeof text,
             "the token is said to be of %s, which /me/ does not name: do api.oauth_url and api.base_url lead to the "
             "same Close?",
             told);
    fail(authorize, text);
    return;
  }
  say_whose(authorize);
  if (expected != NULL && is_another(authorize, expected)) {
    snprintf(text, sizeof text,
             "that is not %s, as organization_id says: sign in to that one, or correct organization_id", expected);
    fail(authorize, text);
  } else if (authorize->recorded != NULL && is_another(authorize, authorize->recorded)) {
    snprintf(text, sizeof text,
             "that is not %s, as this NAME is recorded in the database: sign in to that one, or use a new NAME",
             authorize->recorded);
    fail(authorize, text);
  } else if (authorize->token.refresh == NULL) {
    fail(authorize, "Close gave no refresh token: give the OAuth app offline access");
  } else {
    save(authorize);
  }
}

static void on_me(void *context, const struct api_request_answer *answer) {
  struct authorize *authorize = context;
  struct error error = {0};
  authorize->known = answer->verdict == VERDICT_TAKE && principal_read(answer->body, &authorize->principal, &error);
  if (authorize->known)
    judge(authorize);
  else if (answer->error != NULL)
    fail(authorize, answer->error->text);
  else
    fail(authorize, error.kind == ERROR_NONE ? "/me/ was not answered" : error.text);
}

static void ask_whose(struct authorize *authorize) {
  const struct sweep_context *shared = &authorize->app.shared;
  struct api_request_options options = {.loop = shared->loop,
                                        .request_queue = shared->request_queue,
                                        .random = shared->random,
                                        .key = authorize->token.access,
                                        .scheme = HTTP_BEARER,
                                        .rate_limit = &authorize->rate_limit,
                                        .traffic = &authorize->traffic};
  api_request_start(&options, request_me_url(authorize->app.config->api.base_url), on_me, authorize);
}

static void take_refusal(struct authorize *authorize, const struct http_response *response) {
  const char *word = oauth_read_refusal(response->body);
  char text[256];
  if (strcmp(word, "invalid_grant") == 0)
    snprintf(text, sizeof text,
             "Close refused the code (HTTP %d, invalid_grant): it is good once and for a short time, run it again",
             response->status);
  else if (strcmp(word, "invalid_client") == 0 || strcmp(word, "unauthorized_client") == 0)
    snprintf(text, sizeof text,
             "Close refused the OAuth client (HTTP %d, %s): check oauth_client_id and the client's secret",
             response->status, word);
  else if (response->status == 429 || response->status >= 500)
    snprintf(text, sizeof text, "Close gives no tokens now (HTTP %d): run it again", response->status);
  else
    snprintf(text, sizeof text, "Close refused to give tokens (HTTP %d%s%s): check api.oauth_url and the OAuth app",
             response->status, *word == '\0' ? "" : ", ", word);
  fail(authorize, text);
}

static void on_exchanged(void *context, const struct http_response *response, const struct error *error) {
  struct authorize *authorize = context;
  struct error shape = {0};
  if (error != NULL)
    fail(authorize, error->text);
  else if (response->status != 200)
    take_refusal(authorize, response);
  else if (!oauth_read_answer(response->body, (int64_t)time(NULL), &authorize->token, &shape))
    fail(authorize, shape.text);
  else
    ask_whose(authorize);
}

static void on_bound_row(void *context, const struct db_row *row) {
  struct authorize *authorize = context;
  if (slice_equals(db_row_text(row, 0), authorize->organization->name) && authorize->recorded == NULL)
    authorize->recorded = slice_copy(db_row_text(row, 1));
}

static void on_bound(void *context, const struct error *error) {
  struct authorize *authorize = context;
  (void)error; /* without a database, or a schema, nothing is recorded */
  authorize->looked = true;
  judge(authorize);
}

static void on_patience(void *context) {
  struct authorize *authorize = context;
  if (!authorize->looked)
    db_drop(authorize->app.shared.watch, "it does not answer");
}

static void ask(struct authorize *authorize) {
  const struct sweep_context *shared = &authorize->app.shared;
  struct db_statement bound = {.sql = sql_query_bound, .read_only = true};
  authorize->form = oauth_code_form(&authorize->client, authorize->code);
  rate_limit_init(&authorize->rate_limit);
  authorize->patience = timer_open(shared->loop, on_patience, authorize);
  timer_start(authorize->patience, DATABASE_PATIENCE_MS);
  db_query(shared->watch, &bound, on_bound_row, on_bound, authorize);
  struct queued_request request = {.http = {.url = shared->config->api.oauth_url, .form = authorize->form}};
  request_queue_send(shared->request_queue, &request, on_exchanged, authorize);
}

static void clean_up(struct authorize *authorize) {
  token_file_leave(authorize->file);
  secret_destroy(authorize->code);
  secret_destroy(authorize->form);
  oauth_token_finish(&authorize->token);
  principal_finish(&authorize->principal);
  memory_free(authorize->recorded);
}

int command_authorize(const struct arguments *arguments) {
  struct authorize authorize = {.status = 0};
  int status = app_open(arguments, &(struct app_needs){.keys = CONFIG_KEYS_WANTED}, &authorize.app);
  if (status != 0)
    return status;
  authorize.status = choose(&authorize, arguments);
  if (authorize.status == 0) {
    authorize.client = (struct oauth_client){.id = authorize.organization->client_id,
                                             .redirect_uri = authorize.organization->redirect_uri,
                                             .secret = authorize.organization->key};
    make_state(authorize.state);
    print_address(&authorize);
    if (read_code(&authorize) && make_room(&authorize))
      ask(&authorize);
    else
      authorize.status = 1;
  }
  if (authorize.patience == NULL)
    app_close(&authorize.app);
  app_run(&authorize.app);
  clean_up(&authorize);
  return authorize.status;
}
