#include "base/memory.h"
#include "command/command.h"
#include "command/verify_report.h"
#include "sql/embedded.h"
#include "store/schema.h"
#include "store/verifier.h"
#include <errno.h>
#include <string.h>

/* `closesyncd verify`: proves, organization by organization, that mirror, history and chain are one; --head prints what to keep
 * elsewhere, --since compares with what was kept. Without NAMEs every organization the database knows, configured or not. */

enum { HEADS_BYTES_MAX = 16 * 1024 * 1024 };

struct verify {
  struct app app;
  const struct arguments *arguments;
  struct buffer since;           /* the file's content */
  struct verify_report *reports; /* one per organization, in the order of names */
  int count, at;
  bool *found; /* by place among the NAMEs */
  int status;
};

static void finish(struct verify *verify, const struct error *error) {
  if (error != NULL) {
    app_complain("%s", error->text);
    verify->status = app_exit_status(error);
  }
  app_close(&verify->app);
}

static void next(struct verify *verify);

static void on_problem(void *context, const struct verifier_problem *problem) {
  struct verify *verify = context;
  verify_report_add(&verify->reports[verify->at], problem);
}

static void on_verified(void *context, const struct error *error) {
  struct verify *verify = context;
  struct verify_report *verify_report = &verify->reports[verify->at];
  if (error != NULL) {
    finish(verify, error);
    return;
  }
  if (verify->arguments->json)
    verify_report_print_json(verify_report);
  else
    verify_report_print(verify_report);
  if (verify_report->problem_count > 0)
    verify->status = 1;
  verify->at++;
  next(verify);
}

static void next(struct verify *verify) {
  if (verify->at == verify->count)
    finish(verify, NULL);
  else
    verifier_verify(&(struct verifier_options){.db = verify->app.shared.watch,
                                               .reader = verify->app.shared.reader,
                                               .problem = on_problem,
                                               .done = on_verified,
                                               .context = verify},
                    verify->reports[verify->at].organization_id);
}

static void on_since(void *context, const struct db_row *row) {
  struct verify *verify = context;
  struct slice id = db_row_text(row, 0), text = db_row_text(row, 3);
  bool is_problem = db_row_bool(row, 2);
  for (int i = 0; i < verify->count; i++)
    if (slice_equals(id, verify->reports[i].organization_id)) {
      struct verifier_problem problem = {.what = slice_of("head"),
                                         .seq = db_row_is_null(row, 1) ? -1 : db_row_int(row, 1),
                                         .account_id = {0},
                                         .text = text};
      if (is_problem)
        verify_report_add(&verify->reports[i], &problem);
      else
        verify_report_note(&verify->reports[i], &problem);
      return;
    }
  if (db_row_is_null(row, 0))
    id = slice_of(verify->arguments->since);
  else if (verify->arguments->name_count > 0) /* of organizations nobody asked for */
    return;
  app_complain("%.*s: %.*s", (int)id.length, id.bytes, (int)text.length, text.bytes);
  verify->status = 1;
}

/* Who came after the file was written, or was never in it: that nothing was compared must not look like a proof. */
static void note_headless(struct verify *verify) {
  struct verifier_problem note = {.what = slice_of("head"),
                                  .seq = -1,
                                  .text = slice_of("the file has none of this organization: nothing was compared")};
  struct buffer sign;
  buffer_init(&sign, HEADS_BYTES_MAX);
  for (int i = 0; i < verify->count; i++) {
    buffer_clear(&sign);
    if (buffer_append_format(&sign, "organization_id=%s seq=", verify->reports[i].organization_id) &&
        strstr(verify->since.bytes, sign.bytes) == NULL)
      verify_report_note(&verify->reports[i], &note);
  }
  buffer_finish(&sign);
}

static void on_since_done(void *context, const struct error *error) {
  struct verify *verify = context;
  if (error != NULL) {
    finish(verify, error);
  } else {
    note_headless(verify);
    next(verify);
  }
}

/* NAMEs that neither the database nor the configuration knows are a mistake; configured ones were not reached yet. */
static bool judge_names(struct verify *verify) {
  const struct arguments *arguments = verify->arguments;
  bool good = true;
  for (int i = 0; i < arguments->name_count; i++) {
    if (verify->found[i])
      continue;
    if (config_find(verify->app.config, arguments->names[i]) != NULL) {
      if (arguments->json || arguments->head) /* their output is for programs */
        app_complain("%s: never reached, so there is nothing to prove", arguments->names[i]);
      else
        printf("%s  never reached\n", arguments->names[i]);
      continue;
    }
    app_complain("no organization \"%s\" is configured or in the database", arguments->names[i]);
    good = false;
  }
  return good;
}

static void on_heads(void *context, const struct error *error) {
  struct verify *verify = context;
  struct db_statement since = {
      .sql = sql_query_verify_since, .read_only = true, .count = 1, .values = {buffer_slice(&verify->since)}};
  if (error != NULL) {
    finish(verify, error);
  } else if (!judge_names(verify)) {
    verify->status = EXIT_USAGE;
    finish(verify, NULL);
  } else if (verify->arguments->head) {
    for (int i = 0; i < verify->count; i++)
      if (verify->arguments->json)
        verify_report_print_head_json(&verify->reports[i]);
      else if (verify->reports[i].head[0] != '\0')
        puts(verify->reports[i].head);
    finish(verify, NULL);
  } else if (verify->arguments->since != NULL) {
    db_query(verify->app.shared.watch, &since, on_since, on_since_done, verify);
  } else {
    next(verify);
  }
}

static void on_head(void *context, const struct db_row *row) {
  struct verify *verify = context;
  const struct arguments *arguments = verify->arguments;
  bool wanted = arguments->name_count == 0;
  for (int i = 0; i < arguments->name_count; i++)
    if (slice_equals(db_row_text(row, 0), arguments->names[i]))
      wanted = verify->found[i] = true;
  if (!wanted)
    return;
  verify->reports = memory_resize(verify->reports, sizeof *verify->reports * ((size_t)verify->count + 1));
  verify_report_init(&verify->reports[verify->count++], row);
}

static void on_schema(void *context, const struct schema_state *state, const struct error *error) {
  struct verify *verify = context;
  struct db_statement heads = {.sql = sql_query_heads, .read_only = true};
  struct error problem;
  if (error == NULL && state->exists && state->pending > 0) {
    error_set(&problem, ERROR_CONFIG, "the schema \"%s\" is not up to date: run `closesyncd migrate`",
              verify->app.config->database.schema);
    error = &problem;
  }
  if (error == NULL && !state->exists && verify->arguments->since != NULL) {
    error_set(&problem, ERROR_CONFLICT, "there is no schema \"%s\", so nothing of what \"%s\" names is there",
              verify->app.config->database.schema, verify->arguments->since);
    error = &problem;
  }
  if (error != NULL)
    finish(verify, error);
  else if (state->exists)
    db_query(verify->app.shared.watch, &heads, on_head, on_heads, verify);
  else
    on_heads(verify, NULL);
}

static bool read_since(struct verify *verify) {
  const char *path = verify->arguments->since;
  char block[8192];
  size_t length;
  bool good = true;
  if (path == NULL)
    return true;
  FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
  if (file == NULL) {
    app_complain("could not read \"%s\": %s", path, strerror(errno));
    return false;
  }
  while (good && (length = fread(block, 1, sizeof block, file)) > 0)
    good = memchr(block, '\0', length) == NULL && buffer_append(&verify->since, block, length);
  if (ferror(file) || !good) {
    app_complain("could not read \"%s\": %s", path, good ? strerror(errno) : "it is no text, or over 16 MiB");
    good = false;
  } else if (verify->since.bytes == NULL || strstr(verify->since.bytes, "organization_id=") == NULL) {
    app_complain("\"%s\" holds no line of `closesyncd verify --head`", path);
    good = false;
  }
  if (file != stdin)
    fclose(file);
  return good;
}

int command_verify(const struct arguments *arguments) {
  struct verify verify = {.arguments = arguments};
  if (arguments->head && arguments->since != NULL) {
    app_complain("--head and --since exclude each other");
    return EXIT_USAGE;
  }
  buffer_init(&verify.since, HEADS_BYTES_MAX);
  int status = read_since(&verify)
                   ? app_open(arguments, &(struct app_needs){.keys = false, .patient = true}, &verify.app)
                   : EXIT_USAGE;
  if (status == 0) {
    verify.found = memory_allocate(sizeof(bool) * ((size_t)arguments->name_count + 1));
    struct schema_options options = {.loop = verify.app.loop,
                                     .db = verify.app.shared.watch,
                                     .schema = verify.app.config->database.schema,
                                     .mode = SCHEMA_LOOK};
    schema_start(&options, on_schema, &verify);
    app_run(&verify.app);
    status = verify.status;
  }
  for (int i = 0; i < verify.count; i++)
    verify_report_finish(&verify.reports[i]);
  memory_free(verify.reports);
  memory_free(verify.found);
  buffer_finish(&verify.since);
  return status;
}
