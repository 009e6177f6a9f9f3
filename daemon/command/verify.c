/* `closesyncd verify`: proves, organization by organization, that mirror, history and chain are one; --head prints what to keep
 * elsewhere, --since compares with what was kept, --record keeps the result in the database. Without NAMEs every organization the
 * database knows, configured or not. */
#include "base/memory.h"
#include "command/command.h"
#include "command/schema_work.h"
#include "command/verify_report.h"
#include "sql/embedded.h"
#include "store/heads.h"
#include "store/verifier.h"
#include <errno.h>
#include <string.h>

struct verify {
  struct schema_work work;
  struct buffer since;            /* the file's content */
  struct verify_report **reports; /* one per organization, in the order of names; each stays where it is */
  int count, at;
};

static void next(struct verify *verify);

static void on_problem(void *context, const struct verifier_problem *problem) {
  struct verify *verify = context;
  verify_report_add(verify->reports[verify->at], problem);
}

/* What one organization's proof came to; NULL: of none, which only asks whether this role may. */
static void record(struct verify *verify, const struct verify_report *verify_report, db_done_fn *done) {
  char seq[24];
  struct db_statement statement = {.sql = sql_query_verified, .count = 4};
  if (verify_report != NULL) {
    snprintf(seq, sizeof seq, "%lld", (long long)verify_report->seq);
    statement.values[0] = slice_of(verify_report->organization_id);
    if (verify_report->seq > 0) {
      statement.values[1] = slice_of(seq);
      statement.values[2] = slice_of(verify_report->hash);
    }
    if (verify_report->problem_count > 0)
      statement.values[3] = buffer_slice(&verify_report->first);
  }
  db_query(verify->work.app.shared.watch, &statement, NULL, done, verify);
}

static void on_recorded(void *context, const struct error *error) {
  struct verify *verify = context;
  if (error != NULL)
    schema_work_end(&verify->work, error);
  else
    next(verify);
}

static void on_verified(void *context, const struct error *error) {
  struct verify *verify = context;
  struct verify_report *verify_report = verify->reports[verify->at];
  if (error != NULL) {
    schema_work_end(&verify->work, error);
    return;
  }
  if (verify->work.arguments->json)
    verify_report_print_json(verify_report);
  else
    verify_report_print(verify_report);
  if (verify_report->problem_count > 0)
    verify->work.status = 1;
  verify->at++;
  if (verify->work.arguments->record)
    record(verify, verify_report, on_recorded);
  else
    next(verify);
}

static void next(struct verify *verify) {
  if (verify->at == verify->count)
    schema_work_end(&verify->work, NULL);
  else
    verifier_verify(&(struct verifier_options){.db = verify->work.app.shared.watch,
                                               .reader = verify->work.app.shared.reader,
                                               .problem = on_problem,
                                               .done = on_verified,
                                               .context = verify},
                    verify->reports[verify->at]->organization_id);
}

static void on_since(void *context, const struct db_row *row) {
  struct verify *verify = context;
  struct slice id = db_row_text(row, 0), text = db_row_text(row, 3);
  bool is_problem = db_row_bool(row, 2);
  for (int i = 0; i < verify->count; i++)
    if (slice_equals(id, verify->reports[i]->organization_id)) {
      struct verifier_problem problem = {.what = slice_of("head"),
                                         .seq = db_row_is_null(row, 1) ? -1 : db_row_int(row, 1),
                                         .account_id = {0},
                                         .text = text};
      if (is_problem)
        verify_report_add(verify->reports[i], &problem);
      else
        verify_report_note(verify->reports[i], &problem);
      return;
    }
  if (db_row_is_null(row, 0))
    id = slice_of(verify->work.arguments->since);
  else if (verify->work.arguments->name_count > 0) /* of organizations nobody asked for */
    return;
  app_complain("%.*s: %.*s", (int)id.length, id.bytes, (int)text.length, text.bytes);
  verify->work.status = 1;
}

/* Who came after the file was written, or was never in it: that nothing was compared must not look like a proof. */
static void note_headless(struct verify *verify) {
  struct verifier_problem note = {.what = slice_of("head"),
                                  .seq = -1,
                                  .text = slice_of("the file has none of this organization: nothing was compared")};
  for (int i = 0; i < verify->count; i++)
    if (!heads_name(&verify->since, verify->reports[i]->organization_id))
      verify_report_note(verify->reports[i], &note);
}

static void on_since_done(void *context, const struct error *error) {
  struct verify *verify = context;
  if (error != NULL) {
    schema_work_end(&verify->work, error);
  } else {
    note_headless(verify);
    next(verify);
  }
}

/* NAMEs that are configured but were not reached yet. */
static void tell_never_reached(const struct verify *verify) {
  const struct arguments *arguments = verify->work.arguments;
  for (int i = 0; i < arguments->name_count; i++) {
    if (verify->work.names.found[i])
      continue;
    if (arguments->json || arguments->head) /* their output is for programs */
      app_complain("%s: never reached, so there is nothing to prove", arguments->names[i]);
    else
      printf("%s  never reached\n", arguments->names[i]);
  }
}

static void on_heads(void *context, const struct error *error) {
  struct verify *verify = context;
  struct db_statement since = {
      .sql = sql_query_verify_since, .read_only = true, .count = 1, .values = {buffer_slice(&verify->since)}};
  if (error != NULL) {
    schema_work_end(&verify->work, error);
    return;
  }
  if (!schema_work_knows_names(&verify->work))
    return;
  tell_never_reached(verify);
  if (verify->work.arguments->head) {
    for (int i = 0; i < verify->count; i++)
      if (verify->work.arguments->json)
        verify_report_print_head_json(verify->reports[i]);
      else if (verify->reports[i]->head[0] != '\0')
        puts(verify->reports[i]->head);
    schema_work_end(&verify->work, NULL);
  } else if (verify->work.arguments->since != NULL) {
    db_query(verify->work.app.shared.watch, &since, on_since, on_since_done, verify);
  } else {
    next(verify);
  }
}

static void on_head(void *context, const struct db_row *row) {
  struct verify *verify = context;
  if (!names_take(&verify->work.names, db_row_text(row, 0)))
    return;
  verify->reports = memory_resize(verify->reports, sizeof *verify->reports * ((size_t)verify->count + 1));
  verify->reports[verify->count] = memory_allocate(sizeof(struct verify_report));
  verify_report_init(verify->reports[verify->count++], row);
}

static void read_heads(struct verify *verify) {
  struct db_statement heads = {.sql = sql_query_heads, .count = 1, .read_only = true};
  db_query(verify->work.app.shared.watch, &heads, on_head, on_heads, verify);
}

/* Asked before the work that may take hours. */
static void on_may_record(void *context, const struct error *error) {
  struct verify *verify = context;
  struct error refusal;
  if (error == NULL) {
    read_heads(verify);
    return;
  }
  refusal = *error;
  if (strcmp(error->code, DB_INSUFFICIENT_PRIVILEGE) == 0)
    error_set(&refusal, error->kind, "%s: only the owner and the writer of the schema may --record", error->text);
  schema_work_end(&verify->work, &refusal);
}

static void begin(void *context, bool exists) {
  struct verify *verify = context;
  struct error gone;
  if (exists && verify->work.arguments->record) {
    record(verify, NULL, on_may_record);
  } else if (exists) {
    read_heads(verify);
  } else if (verify->work.arguments->since != NULL) {
    error_set(&gone, ERROR_CONFLICT, "there is no schema \"%s\", so nothing of what \"%s\" names is there",
              verify->work.app.config->database.schema, verify->work.arguments->since);
    schema_work_end(&verify->work, &gone);
  } else {
    app_complain("there is nothing to prove yet: the database has no schema \"%s\"",
                 verify->work.app.config->database.schema);
    on_heads(verify, NULL);
  }
}

static bool read_since(struct verify *verify) {
  const char *path = verify->work.arguments->since;
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
    good = heads_append(&verify->since, (struct slice){block, length});
  if (ferror(file) || !good) {
    app_complain("could not read \"%s\": %s", path, good ? strerror(errno) : "it is no text, or over 16 MiB");
    good = false;
  } else if (!heads_any(&verify->since)) {
    app_complain("\"%s\" holds no line of `closesyncd verify --head`", path);
    good = false;
  }
  if (file != stdin)
    fclose(file);
  return good;
}

int command_verify(const struct arguments *arguments) {
  struct verify verify = {.work = {.arguments = arguments, .patient = true, .begin = begin, .context = &verify}};
  if (arguments->head && (arguments->since != NULL || arguments->record)) {
    app_complain("--head and %s exclude each other", arguments->record ? "--record" : "--since");
    return EXIT_USAGE;
  }
  heads_init(&verify.since);
  int status = read_since(&verify) ? schema_work_run(&verify.work) : EXIT_USAGE;
  for (int i = 0; i < verify.count; i++) {
    verify_report_finish(verify.reports[i]);
    memory_free(verify.reports[i]);
  }
  memory_free(verify.reports);
  buffer_finish(&verify.since);
  return status;
}
