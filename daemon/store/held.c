/* A statement that decides by what it reads must not read it before it waits. It promises that the row is taken first, by a statement of
 * its own in the same transaction. */
#include "store/held.h"
#include "sql/embedded.h"

struct db_statement held_statement(const char *organization_id) {
  return (struct db_statement){
      .sql = sql_query_hold, .count = 1, .values = {slice_of(organization_id)}, .prepare = true};
}

void held_query(struct db *db, const char *organization_id, const struct db_statement *statement,
                db_pipeline_row_fn *rows, db_done_fn *done, void *context) {
  const struct db_statement statements[] = {held_statement(organization_id), *statement};
  db_transaction(
      db, &(struct db_pipeline){.statements = statements, .count = 2, .rows = rows, .done = done, .context = context});
}
