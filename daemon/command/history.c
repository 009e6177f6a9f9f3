/* `closesyncd history`: what `git log` is for code. First how far each history goes is read, then what was asked for is told up to
 * there. With --follow it stays: a notification says that there may be more, and so does a look every few seconds, because a
 * notification is a hint and the table is the truth. It follows from the ends that were read, also where --limit left out rows before
 * them. What was told last of each organization is remembered, so that after a lost session nothing is missed and nothing comes twice. */
#include "base/json.h"
#include "base/memory.h"
#include "command/command.h"
#include "command/history_line.h"
#include "io/db_array.h"
#include "sql/embedded.h"
#include "store/schema.h"
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LIMIT_DEFAULT = 50, FOLLOW_ROWS = 1000, LOOK_MS = 5000, PIPE_MS = 300, TEXT_BYTES_MAX = 16 * 1024 * 1024 };
static const int64_t no_limit = INT64_MAX;

struct place { /* how far one organization was told */
  char *organization_id;
  int64_t seq;
};

struct history {
  struct app app;
  const struct arguments *arguments;
  struct terminal *terminal;
  struct history_widths widths;
  struct place *places;
  int place_count;
  struct buffer names, behind, until; /* text[] literal, JSON, JSON */
  int64_t limit, since_seq, told_rows, last_seq;
  bool follows, at_ends /* what was there is told */, asking, again, closed, is_since_seq;
  struct timer *look, *pipe;
  struct signal_watcher *signals[2];
  int status;
};

static void finish(struct history *history) {
  if (history->closed)
    return;
  history->closed = true;
  timer_close(history->look);
  timer_close(history->pipe);
  for (int i = 0; i < 2; i++)
    signal_close(history->signals[i]);
  app_close(&history->app);
}

static void fail(struct history *history, const struct error *error) {
  bool bad_time = strncmp(error->code, "22", 2) == 0 && history->arguments->since != NULL;
  if (bad_time)
    app_complain("--since takes a time or a seq, not \"%s\": %s", history->arguments->since, error->text);
  else
    app_complain("%s", error->text);
  history->status = bad_time ? EXIT_USAGE : app_exit_status(error);
  finish(history);
}

static void reach(struct history *history, struct slice organization_id, int64_t seq) {
  for (int i = 0; i < history->place_count; i++)
    if (slice_equals(organization_id, history->places[i].organization_id)) {
      history->places[i].seq = seq;
      return;
    }
  history->places = memory_resize(history->places, sizeof *history->places * (size_t)(history->place_count + 1));
  history->places[history->place_count++] =
      (struct place){.organization_id = memory_copy(organization_id.bytes, organization_id.length), .seq = seq};
}

static void write_places(const struct history *history, struct buffer *text) {
  struct json json;
  buffer_clear(text);
  json_init(&json, text);
  json_begin_object(&json, NULL);
  for (int i = 0; i < history->place_count; i++)
    json_integer(&json, history->places[i].organization_id, history->places[i].seq);
  json_end_object(&json);
}

static void on_row(void *context, const struct db_row *row) {
  struct history *history = context;
  if (history->closed)
    return;
  if (history_line_seq(row) != history->last_seq)
    history->told_rows++;
  history->last_seq = history_line_seq(row);
  if (history->at_ends)
    reach(history, history_line_organization_id(row), history->last_seq);
  if (history->arguments->json)
    history_line_print_json(row);
  else
    history_line_print(history->terminal, &history->widths, row);
}

static void ask(struct history *history, db_done_fn *done, int64_t count, bool newest, struct slice until) {
  char rows[24], since[24];
  bool is_time = history->arguments->since != NULL && !history->is_since_seq;
  snprintf(rows, sizeof rows, "%lld", (long long)count);
  snprintf(since, sizeof since, "%lld", (long long)history->since_seq);
  history->told_rows = 0;
  history->last_seq = -1;
  struct db_statement statement = {
      .sql = sql_query_history,
      .read_only = true,
      .count = 8,
      .values = {history->names.length == 0 ? (struct slice){0} : buffer_slice(&history->names),
                 slice_of(history->arguments->account_id),
                 is_time ? slice_of(history->arguments->since) : (struct slice){0},
                 history->is_since_seq ? slice_of(since) : (struct slice){0}, buffer_slice(&history->behind), until,
                 slice_of(rows), slice_of(newest ? "t" : "f")}};
  db_query(history->app.shared.watch, &statement, on_row, done, history);
}

/* ---- following ---- */

static void look(void *context);

static void on_more(void *context, const struct error *error) {
  struct history *history = context;
  history->asking = false;
  if (history->closed)
    return;
  fflush(stdout);
  if (error != NULL && error->kind != ERROR_UNREACHABLE) {
    fail(history, error);
    return;
  }
  bool at_once = error == NULL && (history->again || history->told_rows >= FOLLOW_ROWS);
  timer_start(history->look, at_once ? 0 : LOOK_MS);
}

/* Also after a lost session: to ask connects, and a session that is made listens (on_session). */
static void look(void *context) {
  struct history *history = context;
  if (history->closed || history->asking) {
    history->again = true;
    return;
  }
  history->asking = true;
  history->again = false;
  write_places(history, &history->behind);
  ask(history, on_more, FOLLOW_ROWS, false, (struct slice){0});
}

static void on_notification(void *context, const char *channel, const char *payload) {
  (void)channel;
  (void)payload;
  look(context);
}

static void on_listening(void *context, const struct error *error) {
  (void)context; /* it looks every few seconds all the same */
  (void)error;
}

static void on_session(void *context, bool connected, const struct error *error) {
  struct history *history = context;
  static const struct db_statement listen = {.sql = "listen closesyncd_change"};
  (void)error;
  if (!history->closed && connected && history->follows)
    db_query(history->app.shared.watch, &listen, NULL, on_listening, history);
}

static void on_signal(void *context, int number) {
  (void)number;
  finish(context);
}

/* Nobody reads any more: that is no failure, and nothing will be written that would tell. */
static void on_pipe(void *context) {
  struct history *history = context;
  struct pollfd out = {.fd = STDOUT_FILENO};
  if (poll(&out, 1, 0) > 0 && (out.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
    finish(history);
  else
    timer_start(history->pipe, PIPE_MS);
}

static void follow(struct history *history) {
  history->at_ends = true;
  db_on_notify(history->app.shared.watch, on_notification, history);
  db_on_state(history->app.shared.watch, on_session, history);
  on_session(history, true, NULL);
  look(history); /* what was written between the reading of the ends and the listening */
}

/* ---- what is there ---- */

static void on_told(void *context, const struct error *error) {
  struct history *history = context;
  fflush(stdout);
  const struct arguments *arguments = history->arguments;
  if (error == NULL && history->told_rows == 0 && history->limit > 0 && arguments->account_id != NULL &&
      arguments->since == NULL)
    app_complain("there is no history of an account \"%s\": look at its letters", arguments->account_id);
  if (error != NULL)
    fail(history, error);
  else if (history->follows && !history->closed)
    follow(history);
  else
    finish(history);
}

static void on_end_row(void *context, const struct db_row *row) {
  struct history *history = context;
  reach(history, db_row_text(row, 0), db_row_int(row, 1));
}

static void on_ends(void *context, const struct error *error) {
  struct history *history = context;
  if (error != NULL) {
    fail(history, error);
    return;
  }
  write_places(history, &history->until);
  buffer_append_text(&history->behind, "{}");
  bool newest = history->arguments->since == NULL;
  ask(history, on_told, history->limit, newest, buffer_slice(&history->until));
}

static void on_schema(void *context, const struct schema_state *state, const struct error *error) {
  struct history *history = context;
  struct db_statement ends = {.sql = sql_query_history_ends, .read_only = true};
  if (error != NULL)
    fail(history, error);
  else if (!state->exists) {
    app_complain("there is no history yet: the database has no schema \"%s\"", history->app.config->database.schema);
    history->status = EXIT_CONFIG;
    finish(history);
  } else {
    db_query(history->app.shared.watch, &ends, on_end_row, on_ends, history);
  }
}

/* ---- the command line ---- */

static bool is_number(const char *text) { return *text != '\0' && strspn(text, "0123456789") == strlen(text); }

static bool judge_words(struct history *history) {
  const struct arguments *arguments = history->arguments;
  history->limit = arguments->since == NULL ? LIMIT_DEFAULT : no_limit;
  if (arguments->limit != NULL) {
    bool good = is_number(arguments->limit) && strlen(arguments->limit) <= 18;
    history->limit = good ? strtoll(arguments->limit, NULL, 10) : 0;
    if (!good)
      app_complain("--limit takes a number of history rows, not \"%s\"", arguments->limit);
    return good;
  }
  return true;
}

static bool judge_since(struct history *history) {
  const char *since = history->arguments->since;
  history->is_since_seq = since != NULL && is_number(since);
  if (history->is_since_seq && strlen(since) > 18) {
    app_complain("--since: the seq \"%s\" is larger than any", since);
    return false;
  }
  history->since_seq = history->is_since_seq ? strtoll(since, NULL, 10) : 0;
  return true;
}

static bool select_names(struct history *history) {
  const struct arguments *arguments = history->arguments;
  const struct config *config = history->app.config;
  for (int i = 0; i < arguments->name_count; i++) {
    if (config_find(config, arguments->names[i]) == NULL) {
      app_complain_name(config, arguments->names[i], "configured");
      return false;
    }
    db_array_append(&history->names, slice_of(arguments->names[i]));
  }
  if (arguments->name_count > 0)
    db_array_close(&history->names);
  for (int i = 0; i < config->organization_count && arguments->name_count != 1; i++) {
    int columns = (int)strlen(config->organizations[i].name);
    if (config->organization_count > 1 && columns > history->widths.organization)
      history->widths.organization = columns;
  }
  return true;
}

static void begin(struct history *history) {
  struct schema_options options = {
      .db = history->app.shared.watch, .schema = history->app.config->database.schema, .mode = SCHEMA_LOOK};
  if (history->follows) {
    static const int numbers[2] = {SIGINT, SIGTERM};
    for (int i = 0; i < 2; i++)
      history->signals[i] = signal_watch(history->app.loop, numbers[i], on_signal, history);
    history->look = timer_open(history->app.loop, look, history);
    history->pipe = timer_open(history->app.loop, on_pipe, history);
    timer_start(history->pipe, PIPE_MS);
  }
  schema_start(&options, on_schema, history);
}

int command_history(const struct arguments *arguments) {
  struct history history = {.arguments = arguments, .follows = arguments->follow, .widths = {.account = 32}};
  if (!judge_words(&history) || !judge_since(&history))
    return EXIT_USAGE;
  int status = app_open(arguments, &(struct app_needs){.patient = true}, &history.app);
  if (status != 0)
    return status;
  buffer_init(&history.names, TEXT_BYTES_MAX);
  buffer_init(&history.behind, TEXT_BYTES_MAX);
  buffer_init(&history.until, TEXT_BYTES_MAX);
  history.terminal = terminal_open(NULL);
  if (select_names(&history)) {
    begin(&history);
  } else {
    history.status = EXIT_USAGE;
    finish(&history);
  }
  app_run(&history.app);
  terminal_close(history.terminal);
  for (int i = 0; i < history.place_count; i++)
    memory_free(history.places[i].organization_id);
  memory_free(history.places);
  buffer_finish(&history.names);
  buffer_finish(&history.behind);
  buffer_finish(&history.until);
  return history.status;
}
