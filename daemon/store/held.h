#pragma once
/* One statement behind the lock of an organization's row: what it reads of the organization is the newest, and stays so until it is done. */
#include "io/db.h"

/* As db_query(): its own transaction, one round trip. The statement is copied, but for a prepared one's sql; its rows have the number 1. */
void held_query(struct db *db, const char *organization_id, const struct db_statement *statement,
                db_pipeline_row_fn *rows, db_done_fn *done, void *context);
/* The statement that takes the row. `organization_id` is borrowed. */
struct db_statement held_statement(const char *organization_id);
