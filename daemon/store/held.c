/* A statement that decides by what it reads must not read it before it waits. It promises that the row is taken first, by a statement of
 * its own in the same transaction. */
#include "store/held.h"
#include "base/memory.h"
#include "sql/embedded.h"

struct held {
  struct db_statement statements[2]; /* their values are ours */
  int fed;
  db_row_fn *rows;
  db_done_fn *done;
  void *context;
};

struct db_statement held_statement(const char *organization_id) {
  return (struct db_statement){
      .sql = sql_query_hold, .count = 1, .values = {slice_of(organization_id)}, .prepare = true};
}

static void copy_values(struct db_statement *statement) {
  for (int i = 0; i < statement->count; i++)
    if (statement->values[i].bytes != NULL)
      statement->values[i].bytes = memory_copy(statement->values[i].bytes, statement->values[i].length);
}

static bool feed(void *context, struct db_statement *ret_statement) {
  struct held *held = context;
  if (held->fed == 2)
    return false;
  *ret_statement = held->statements[held->fed++];
  return true;
}

static void on_row(void *context, int statement, const struct db_row *row) {
  struct held *held = context;
  if (statement == 1 && held->rows != NULL)
    held->rows(held->context, row);
}

static void on_done(void *context, const struct error *error) {
  struct held *held = context;
  held->done(held->context, error);
  for (int i = 0; i < 2; i++)
    for (int k = 0; k < held->statements[i].count; k++)
      memory_free((void *)held->statements[i].values[k].bytes);
  memory_free(held);
}

void held_query(struct db *db, const char *organization_id, const struct db_statement *statement, db_row_fn *rows,
                db_done_fn *done, void *context) {
  struct held *held = memory_allocate(sizeof *held);
  *held = (struct held){
      .statements = {held_statement(organization_id), *statement}, .rows = rows, .done = done, .context = context};
  for (int i = 0; i < 2; i++)
    copy_values(&held->statements[i]);
  db_transaction(db, &(struct db_pipeline){.feed = feed, .rows = on_row, .done = on_done, .context = held});
}
