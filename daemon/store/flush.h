#pragma once
/* The statement that pays what is owed (sql/query/flush), of one organization or of many. */
#include "store/write_behind.h"

enum { FLUSH_COLUMNS = 14 };

struct flush {
  struct buffer columns[FLUSH_COLUMNS]; /* arrays, of which each has an element for each organization */
};

void flush_init(struct flush *flush); /* room for some thousand organizations */
void flush_finish(struct flush *flush);
/* `gap_us`: the distance that begins a new span, as configured now. */
void flush_add(struct flush *flush, const struct write_behind *write_behind, const char *organization_id,
               int64_t gap_us);
/* After the last one was added. The statement lives until flush_finish(). */
struct db_statement flush_statement(struct flush *flush);
/* What takes the rows of these organizations, as many as are free, before it in the same transaction. `wanted`, borrowed: which of them, as its
 * row told last time (column 1: those that were busy); the empty slice: all. */
struct db_statement flush_hold_statement(const struct flush *flush, struct slice wanted);
/* Has the session plan it, unless it has done so before. */
void flush_warm_up(struct db *db);
