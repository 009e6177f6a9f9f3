#pragma once
/* What every page is made of: its head and its foot, states with a shape and a word, times with their age, cells that name themselves. */
#include "monitor/health.h"
#include "monitor/html.h"

#define FRAME_REFRESH "15" /* seconds */

/* From <html> to an open <main>, with the line of where and when; a link leads to the first page from the others. */
void frame_begin(struct html *html, const struct health *health, struct slice title, bool is_first);
void frame_end(struct html *html);

#define frame_icon(html, name) frame_icon_literal(html, "#" name "")
void frame_icon_literal(struct html *html, const char *address);
/* Shape and word: a <span>. */
void frame_state(struct html *html, const struct health *health, const struct health_organization *organization);
const char *frame_state_class(const struct health *health, const struct health_organization *organization);
void frame_state_icon(struct html *html, const struct health *health, const struct health_organization *organization);

/* "08:03:51 12 s ago", "2026-11-27 08:03:51 24 h ago", "08:04:03 in 12 s"; UTC, the day where it is another one. */
void frame_moment(struct html *html, int64_t moment_s, int64_t now_s);
/* Likewise; `none` where it is 0. */
void frame_moment_or(struct html *html, int64_t moment_s, int64_t now_s, const char *none);
/* When an organization is swept next. */
void frame_next_sweep(struct html *html, const struct health *health, const struct health_organization *organization);
/* "12 s", "5 min", "3 h", "2 days" */
void frame_duration(struct html *html, int64_t seconds);

/* A table's head, cell by cell; is_number: it stands on the right. */
#define frame_head(html, words, is_number) frame_head_literal(html, "" words "", is_number)
void frame_head_literal(struct html *html, const char *words, bool is_number);
/* Opens a cell of the column with that head. */
#define frame_cell(html, head, class) frame_cell_literal(html, "" head "", class)
void frame_cell_literal(struct html *html, const char *head, const char *class);
void frame_number(struct html *html, const char *head, int64_t value, bool is_bad); /* a whole cell */
void frame_row(struct html *html); /* opens a row and the cell that names it */

/* A quiet paragraph of at most 500 bytes. */
void frame_note(struct html *html, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A fact of a list: its name, and open for what it is. */
#define frame_fact(html, name) frame_fact_literal(html, "" name "")
void frame_fact_literal(struct html *html, const char *name);
void frame_fact_end(struct html *html);
