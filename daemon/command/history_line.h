#pragma once
/* One change, told: a line for a person, or an object with the columns of account_change. */
#include "command/terminal.h"
#include "io/db.h"

struct history_widths {
  int organization, account; /* columns; 0: the organization is not shown */
};

/* `row` is one of sql/query/history.sql. */
struct slice history_line_organization_id(const struct db_row *row);
int64_t history_line_seq(const struct db_row *row);
void history_line_print(const struct terminal *terminal, const struct history_widths *widths, const struct db_row *row);
void history_line_print_json(const struct db_row *row);
