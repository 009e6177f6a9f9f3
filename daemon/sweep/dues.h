#pragma once
/* What a process owes the database (store/write_behind): it is settled when a sweep begins, and paid before what is written next. */
#include "sweep/drive.h"

/* The entry of this sweep, should it end so. */
struct write_behind_entry dues_entry(const struct sweep *sweep, enum outcome outcome, const char *error);
void dues_settle(struct sweep *sweep); /* what is remembered and owed, against what was read with the lock; no event */
/* What cannot be written down together with `entry` is paid before it; no event. */
void dues_pay_before(struct sweep *sweep, const struct write_behind_entry *entry);
/* All that is owed, by one statement (sql/query/flush.sql), of which `rows` gets the row as of number 1; NULL is allowed. */
void dues_pay(struct sweep *sweep, db_pipeline_row_fn *rows, db_done_fn *done, void *context);
/* The coverage that this sweep's transaction writes: what is owed, and its own. After dues_pay_before(). */
struct coverage dues_coverage(const struct sweep *sweep, const struct write_behind_entry *entry);
/* Whether what is owed may wait: the outcome is no news, and the last payment is not long ago. */
bool dues_may_wait(const struct sweep *sweep, bool is_news);
