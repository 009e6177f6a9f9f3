/* `closesyncd prune`: drops history older than history.retention, but for what time travel needs to answer for all of it, one
 * organization and transaction after the other. For the schema's owner, by hand or by a timer: the daemon's role may not. */
#include "base/memory.h"
#include "command/command.h"
#include "command/schema_work.h"
#include "sql/embedded.h"

struct prune {
  struct schema_work work;
  char *organization_id; /* the last one pruned; NULL at first */
  bool went_on;          /* there was another one */
  int64_t dropped;
};

static void finish(struct prune *prune, const struct error *error) {
  if (error == NULL && prune->dropped == 0)
    puts("nothing to prune: no history is older than history.retention");
  memory_free(prune->organization_id);
  schema_work_end(&prune->work, error);
}

static void on_row(void *context, const struct db_row *row) {
  struct prune *prune = context;
  struct slice name = db_row_text(row, 0), from = db_row_text(row, 5);
  memory_free(prune->organization_id);
  prune->organization_id = slice_copy(db_row_text(row, 1));
  prune->went_on = true;
  if (db_row_is_null(row, 2))
    return;
  prune->dropped += db_row_int(row, 3);
  printf("%.*s  dropped %lld rows up to seq %lld, carried %lld; time travel answers from %.*s\n", (int)name.length,
         name.bytes, (long long)db_row_int(row, 3), (long long)db_row_int(row, 2), (long long)db_row_int(row, 4),
         (int)from.length, from.bytes);
}

static void next(struct prune *prune);

static void on_rows(void *context, const struct error *error) {
  struct prune *prune = context;
  if (error == NULL && prune->went_on)
    next(prune);
  else
    finish(prune, error);
}

static void next(struct prune *prune) {
  char retention[48];
  snprintf(retention, sizeof retention, "%lld milliseconds", (long long)prune->work.app.config->history.retention_ms);
  struct db_statement statement = {.sql = sql_query_prune,
                                   .prepare = true,
                                   .count = 3,
                                   .values = {slice_of(retention), slice_of(prune->organization_id),
                                              slice_of(prune->work.app.config->sync.notify ? "true" : "false")}};
  prune->went_on = false;
  db_query(prune->work.app.shared.watch, &statement, on_row, on_rows, prune);
}

static void begin(void *context, bool exists) {
  struct prune *prune = context;
  if (prune->work.app.config->history.retention_ms == 0) {
    puts("nothing to prune: history.retention is forever");
    schema_work_end(&prune->work, NULL);
  } else if (exists) {
    next(prune);
  } else {
    finish(prune, NULL);
  }
}

int command_prune(const struct arguments *arguments) {
  struct prune prune = {
      .work = {.arguments = arguments, .owners = "prune", .patient = true, .begin = begin, .context = &prune}};
  return schema_work_run(&prune.work);
}
