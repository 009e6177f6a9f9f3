#pragma once
/* A part of an organization's page that the database tells: a statement, and how its rows become HTML, one by one as they come. */
#include "io/db.h"
#include "monitor/html.h"

struct section_state { /* of one page in the making; zeroed before each section */
  struct html *html;
  bool show;     /* addresses, names and values */
  int64_t now_s; /* wall clock */
  int64_t rows;  /* that came before this one */
  int64_t number, total;
  bool begun;
};

struct section {
  const char *title;
  const char *none; /* what is said when there is no row */
  const char *sql;  /* $1: organization_id */
  /* Of the table that its rows are, up to a NULL; where one begins with "#" the column holds numbers. NULL: they are no table. */
  const char *const *heads;
  void (*row)(struct section_state *state, const struct db_row *row);
  void (*end)(struct section_state *state); /* after the last row, if there was one; NULL: nothing to do */
};

void section_write_row(const struct section *section, struct section_state *state, const struct db_row *row);
/* After the last row, if there was one. Of a table whose state->total is more than its rows that is told. */
void section_end(const struct section *section, struct section_state *state);

/* "<table><thead>…<tbody>" */
void section_begin_table(struct html *html, const char *const heads[]);
void section_end_table(struct html *html);
void section_moment(struct section_state *state, const char *head, const struct db_row *row,
                    int column); /* a whole cell */
/* Likewise, of what happened since the moment in the column `after`: "in the 5 min before". */
void section_moment_after(struct section_state *state, const char *head, const struct db_row *row, int column,
                          int after);
/* A paragraph: "the first 100 of 250"; nothing when all are shown. */
void section_tell_rest(struct section_state *state, int64_t shown, int64_t total);
