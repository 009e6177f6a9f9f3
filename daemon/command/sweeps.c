/* Tells a person, line by line, how a sweep of each organization went. It promises one line per organization that was begun, errors on
 * stderr, and the exit status of contract section 2: the first that applies. */
#include "command/sweeps.h"
#include "base/index.h"
#include "base/memory.h"
#include "store/schema.h"
#include <signal.h>
#include <string.h>

struct sweeps {
  struct app app;
  const struct arguments *arguments;
  const struct sweeps_options *options;
  const struct config_organization **organizations;
  int count, name_width;
  struct signal_watcher *signals[2];
  struct terminal *terminal;
  struct oneshot *oneshot;
  struct sweep_progress progress;
  int64_t began_ms;
  struct report total;   /* the sums */
  struct index *planned; /* the organizations that a plan has told of, in this order: */
  struct planned {
    char *organization_id;
    const char *name;
  } * plans;
  int outcomes[OUTCOME_FAILED + 1], told;
  bool unreachable, stopped;
  int status;
};

static void close_sweeps(struct sweeps *sweeps) {
  sweeps->oneshot = NULL;
  terminal_close(sweeps->terminal);
  sweeps->terminal = NULL;
  for (int i = 0; i < 2; i++)
    signal_close(sweeps->signals[i]);
  app_close(&sweeps->app);
}

static enum tone tone_of(enum outcome outcome) {
  static const enum tone tones[] = {[OUTCOME_UNCHANGED] = TONE_QUIET,
                                    [OUTCOME_CHANGED] = TONE_GOOD,
                                    [OUTCOME_INCOMPLETE] = TONE_WARNING,
                                    [OUTCOME_GUARDED] = TONE_WARNING,
                                    [OUTCOME_FAILED] = TONE_BAD};
  return tones[outcome];
}

/* The counts, in columns. */
static void print_counts(const struct report *report) {
  char changes[64], duration[TERMINAL_SPAN_BYTES];
  snprintf(changes, sizeof changes, "+%lld ~%lld -%lld", (long long)report->added, (long long)report->changed,
           (long long)report->removed);
  terminal_duration(report->elapsed_ms, duration);
  printf("  %7lld %-8s  %-12s  %5d %-8s  %8s", (long long)report->accounts,
         terminal_plural(report->accounts, "account", "accounts"), changes, report->requests,
         terminal_plural(report->requests, "request", "requests"), duration);
  if (report->repaired > 0)
    printf("  %lld repaired", (long long)report->repaired);
  if (report->rejected > 0)
    printf("  %lld rejected", (long long)report->rejected);
  if (report->rescoped > 0)
    printf("  %lld rescoped", (long long)report->rescoped);
  putchar('\n');
}

static void print_text(const struct sweeps *sweeps, const struct report *report) {
  terminal_word(sweeps->terminal, TONE_STRONG, sweeps->name_width, report->organization);
  fputs("  ", stdout);
  terminal_word(sweeps->terminal, tone_of(report->outcome), (int)strlen("incomplete"), outcome_name(report->outcome));
  print_counts(report);
  if (sweeps->options->tell_text != NULL)
    sweeps->options->tell_text(sweeps->terminal, report);
}

static bool print_json(const struct sweeps *sweeps, const struct report *report) {
  struct buffer line;
  struct json json;
  buffer_init(&line, 64 * 1024);
  json_init(&json, &line);
  json_begin_object(&json, NULL);
  report_write_json(report, &json);
  bool good = buffer_fits(&line);
  if (good) {
    fputs(line.bytes, stdout);
    good = sweeps->options->tell_json == NULL || sweeps->options->tell_json(report, stdout);
    fputs("}\n", stdout);
  }
  buffer_finish(&line);
  return good;
}

static void add_up(struct sweeps *sweeps, const struct report *report) {
  struct report *total = &sweeps->total;
  sweeps->told++;
  sweeps->outcomes[report->outcome]++;
  sweeps->unreachable |= report->error.kind == ERROR_UNREACHABLE;
  total->accounts += report->accounts;
  total->added += report->added;
  total->changed += report->changed;
  total->removed += report->removed;
  total->repaired += report->repaired;
  total->rescoped += report->rescoped;
  total->rejected += report->rejected;
  total->requests += report->requests;
}

static struct slice planned_key(const void *context, uint32_t number) {
  const struct sweeps *sweeps = context;
  return slice_of(sweeps->plans[number].organization_id);
}

/* Two NAMEs for one new organization: a sync binds the first and fails the second, but a plan leaves nothing bound behind. */
static bool is_second_name(struct sweeps *sweeps, const struct report *report, struct error *error) {
  bool is_new;
  if (!sweeps->options->plan || report->outcome == OUTCOME_FAILED || report->organization_id == NULL)
    return false;
  uint32_t number = index_add(sweeps->planned, slice_of(report->organization_id), &is_new);
  if (is_new)
    sweeps->plans[number] = (struct planned){memory_copy_text(report->organization_id), report->organization};
  else
    error_set(error, ERROR_CONFIG,
              "two names, \"%s\" and \"%s\", for one organization: remove one of them from the configuration",
              sweeps->plans[number].name, report->organization);
  return !is_new;
}

static void on_report(void *context, const struct report *told) {
  struct sweeps *sweeps = context;
  struct report second = {.organization = told->organization, .requests = told->requests, .outcome = OUTCOME_FAILED};
  second.organization_id = told->organization_id;
  second.elapsed_ms = told->elapsed_ms;
  const struct report *report = is_second_name(sweeps, told, &second.error) ? &second : told;
  terminal_clear(sweeps->terminal);
  add_up(sweeps, report);
  if (report->error.kind != ERROR_NONE)
    app_complain("%s: %s", report->organization, report->error.text);
  if (!sweeps->arguments->json)
    print_text(sweeps, report);
  else if (!print_json(sweeps, report))
    app_complain("%s: could not write the whole of its line", report->organization);
  fflush(stdout);
}

/* The gravest outcomes first. */
static void print_summary(struct sweeps *sweeps) {
  const char *separator = ": ";
  printf("%d organizations", sweeps->told);
  for (int outcome = OUTCOME_FAILED; outcome >= OUTCOME_UNCHANGED; outcome--) {
    char text[64];
    if (sweeps->outcomes[outcome] == 0)
      continue;
    snprintf(text, sizeof text, "%d %s", sweeps->outcomes[outcome], outcome_name((enum outcome)outcome));
    fputs(separator, stdout);
    terminal_word(sweeps->terminal, tone_of((enum outcome)outcome), 0, text);
    separator = ", ";
  }
  const struct report *total = &sweeps->total;
  char duration[TERMINAL_SPAN_BYTES];
  terminal_duration(loop_now_ms(sweeps->app.loop) - sweeps->began_ms, duration);
  printf("; %lld accounts, +%lld ~%lld -%lld, %d requests, %s\n", (long long)total->accounts, (long long)total->added,
         (long long)total->changed, (long long)total->removed, total->requests, duration);
}

static int exit_status(const struct sweeps *sweeps) {
  const struct report *total = &sweeps->total;
  if (sweeps->unreachable)
    return EXIT_UNREACHABLE;
  if (sweeps->outcomes[OUTCOME_FAILED] + sweeps->outcomes[OUTCOME_INCOMPLETE] > 0 || sweeps->told < sweeps->count)
    return 1; /* stopped early counts as failed too */
  if (sweeps->outcomes[OUTCOME_GUARDED] > 0)
    return EXIT_GUARDED;
  return sweeps->options->plan && total->added + total->changed + total->removed + total->rescoped > 0
             ? EXIT_DIFFERENCES
             : 0;
}

static void on_done(void *context) {
  struct sweeps *sweeps = context;
  terminal_clear(sweeps->terminal);
  if (sweeps->told > 1 && !sweeps->arguments->json)
    print_summary(sweeps);
  sweeps->status = exit_status(sweeps);
  close_sweeps(sweeps);
}

static void write_progress(void *context, char *text, size_t size) {
  const struct sweeps *sweeps = context;
  snprintf(text, size, "%d of %d %s, %lld %s, %lld %s", sweeps->told, sweeps->count,
           terminal_plural(sweeps->count, "organization", "organizations"), (long long)sweeps->progress.pages,
           terminal_plural(sweeps->progress.pages, "page", "pages"), (long long)sweeps->progress.accounts,
           terminal_plural(sweeps->progress.accounts, "account", "accounts"));
}

static enum sweep_mode mode_of(const struct sweeps *sweeps, const struct schema_state *state) {
  if (!sweeps->options->plan)
    return SWEEP_WRITE;
  return state->exists ? SWEEP_COMPARE : SWEEP_COMPARE_WITH_NOTHING;
}

static void on_schema(void *context, const struct schema_state *state, const struct error *error) {
  struct sweeps *sweeps = context;
  struct error older = {0};
  if (error == NULL && sweeps->options->plan && state->exists && state->pending > 0)
    error_set(&older, ERROR_CONFIG,
              "the schema \"%s\" (version %d) is not this closesyncd's (version %d): run `closesyncd migrate` first",
              sweeps->app.config->database.schema, state->version, state->newest);
  if (older.kind != ERROR_NONE)
    error = &older;
  if (error != NULL) {
    app_complain("%s", error->text);
    sweeps->status = app_exit_status(error);
    close_sweeps(sweeps);
    return;
  }
  if (sweeps->stopped) { /* while the schema was brought up to date */
    sweeps->status = exit_status(sweeps);
    close_sweeps(sweeps);
    return;
  }
  struct oneshot_options options = {.shared = &sweeps->app.shared,
                                    .organizations = sweeps->organizations,
                                    .count = sweeps->count,
                                    .mode = mode_of(sweeps, state),
                                    .progress = &sweeps->progress,
                                    .verify = sweeps->options->verify,
                                    .allow_removals = sweeps->options->allow_removals};
  terminal_progress(sweeps->terminal, write_progress, sweeps);
  sweeps->oneshot = oneshot_start(&options, on_report, on_done, sweeps);
}

static void on_signal(void *context, int number) {
  struct sweeps *sweeps = context;
  (void)number;
  sweeps->stopped = true;
  if (sweeps->oneshot != NULL)
    oneshot_stop(sweeps->oneshot);
  tokens_stop(sweeps->app.tokens);
}

static void on_session(void *context, bool connected, const struct error *error) {
  struct sweeps *sweeps = context;
  (void)error;
  if (!connected && sweeps->oneshot != NULL)
    oneshot_lock_lost(sweeps->oneshot);
}

static bool may_allow_removals(const struct sweeps *sweeps) {
  const struct arguments *arguments = sweeps->arguments;
  if (!sweeps->options->allow_removals || arguments->name_count > 0 || sweeps->app.config->organization_count == 1)
    return true;
  app_complain("--allow-removals needs the NAME of each organization it is for, because more than one is configured");
  return false;
}

static void start(struct sweeps *sweeps) {
  struct app *app = &sweeps->app;
  for (int i = 0; i < sweeps->count; i++)
    if ((int)strlen(sweeps->organizations[i]->name) > sweeps->name_width)
      sweeps->name_width = (int)strlen(sweeps->organizations[i]->name);
  sweeps->plans = memory_allocate(sizeof *sweeps->plans * ((size_t)sweeps->count + 1));
  sweeps->planned = index_create(planned_key, sweeps, (uint64_t)random_between(&app->random, 0, INT64_MAX));
  sweeps->began_ms = loop_now_ms(app->loop);
  sweeps->terminal = terminal_open(app->loop);
  sweeps->signals[0] = signal_watch(app->loop, SIGINT, on_signal, sweeps);
  sweeps->signals[1] = signal_watch(app->loop, SIGTERM, on_signal, sweeps);
  if (sweeps->count > 1)
    connections_equip_fully(app->connections, &app->shared);
  db_on_state(app->shared.watch, on_session, sweeps);
  struct schema_options options = {.db = sweeps->options->plan ? app->shared.watch : app->shared.write,
                                   .schema = app->config->database.schema,
                                   .mode = sweeps->options->plan ? SCHEMA_LOOK : SCHEMA_APPLY};
  schema_start(&options, on_schema, sweeps);
  if (app->shared.watch != options.db) /* connects while the other session looks at the schema */
    db_open(app->shared.watch);
}

static void forget_plans(struct sweeps *sweeps) {
  for (int i = 0; sweeps->plans != NULL && i < sweeps->count; i++)
    memory_free(sweeps->plans[i].organization_id);
  memory_free(sweeps->plans);
  index_destroy(sweeps->planned);
}

int sweeps_run(const struct arguments *arguments, const struct sweeps_options *options) {
  struct sweeps sweeps = {.arguments = arguments, .options = options};
  int status = app_open(arguments, &(struct app_needs){.keys = CONFIG_KEYS_NEEDED}, &sweeps.app);
  if (status != 0)
    return status;
  sweeps.organizations = app_select(&sweeps.app, arguments, &sweeps.count, &sweeps.status);
  if (sweeps.organizations == NULL) {
    app_close(&sweeps.app);
  } else if (!may_allow_removals(&sweeps)) {
    sweeps.status = EXIT_USAGE;
    app_close(&sweeps.app);
  } else {
    start(&sweeps);
  }
  app_run(&sweeps.app);
  forget_plans(&sweeps);
  memory_free(sweeps.organizations);
  return sweeps.status;
}
