/* The last changes. A history row is one block: which account, when, and a line for each field. */
#include "monitor/page/section_changes.h"
#include "monitor/page/frame.h"
#include "monitor/page/mask.h"
#include "sql/embedded.h"
#include <string.h>

enum {
  SEQ,
  ACCOUNT_ID,
  TYPE,
  EMAIL,
  CHANGE,
  FIELD,
  OLD_VALUE,
  NEW_VALUE,
  NOT_BEFORE,
  OBSERVED_AT,
  FIELDS,
  OLD_WORD,
  NEW_WORD
};

static void end_block(struct section_state *state) {
  struct html *html = state->html;
  if (!state->begun)
    return;
  html_close(html); /* ul */
  if (state->total > 0)
    frame_note(html, "and %lld more fields", (long long)state->total);
  html_close(html); /* td */
  html_close(html); /* tr */
  state->begun = false;
  state->total = 0;
}

static void begin_block(struct section_state *state, const struct db_row *row) {
  struct html *html = state->html;
  frame_row(html);
  html_format(html, "%lld", (long long)db_row_int(row, SEQ));
  html_close(html);
  section_moment_after(state, "Seen", row, OBSERVED_AT, NOT_BEFORE);
  frame_cell(html, "Account", "w");
  html_open(html, "span");
  if (state->show && !db_row_is_null(row, EMAIL)) {
    html_open(html, "bdi");
    html_cut(html, db_row_text(row, EMAIL), 200);
    html_close(html);
    html_words(html, " ");
  }
  html_open_class(html, "span", state->show && !db_row_is_null(row, EMAIL) ? "a c" : "c");
  html_cut(html, db_row_text(row, ACCOUNT_ID), 100);
  html_close(html);
  html_close(html);
  html_close(html);
  frame_cell(html, "Type", "y");
  html_cut(html, db_row_text(row, TYPE), 100);
  html_close(html);
  frame_cell(html, "Change", "w");
  html_open(html, "ul");
  state->begun = true;
  state->number = db_row_int(row, SEQ);
  state->total = db_row_int(row, FIELDS);
}

/* Statuses and why a server refused say nothing of a person but what mask_reason() hides. */
static bool is_reason(struct slice field) {
  static const char *const endings[] = {"_status", "_error"};
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    size_t length = strlen(endings[i]);
    if (field.length > length && memcmp(field.bytes + field.length - length, endings[i], length) == 0)
      return memchr(field.bytes, '.', field.length) == NULL && memchr(field.bytes, '[', field.length) == NULL;
  }
  return false;
}

static void write_side(struct section_state *state, const struct db_row *row, int column, int word) {
  struct html *html = state->html;
  if (!db_row_is_null(row, word))
    html_text(html, db_row_text(row, word));
  else if (db_row_text(row, column).length == 0)
    html_words(html, "empty");
  else if (is_reason(db_row_text(row, FIELD)))
    mask_reason(html, db_row_text(row, column), state->show);
  else
    mask_value(html, db_row_text(row, column), state->show);
}

static const char *const heads[] = {"Seq", "Seen", "Account", "Type", "Change", NULL};

static void write_change(struct section_state *state, const struct db_row *row) {
  struct html *html = state->html;
  if (!state->begun || state->number != db_row_int(row, SEQ)) {
    end_block(state);
    begin_block(state, row);
  }
  state->total--;
  html_open(html, "li");
  if (db_row_is_null(row, FIELD)) {
    html_text(html, db_row_text(row, CHANGE));
  } else {
    html_words(html, slice_equals(db_row_text(row, CHANGE), "rescoped") ? "rescoped " : "");
    html_open(html, "code");
    mask_sentence(html, db_row_text(row, FIELD), state->show);
    html_close(html);
    html_words(html, " ");
    html_open(html, "del");
    write_side(state, row, OLD_VALUE, OLD_WORD);
    html_close(html);
    html_words(html, " → ");
    html_open(html, "ins");
    write_side(state, row, NEW_VALUE, NEW_WORD);
    html_close(html);
  }
  html_close(html);
}

const struct section section_changes = {
    "Last 50 changes", "Nothing was ever seen.", sql_query_page_changes, heads, write_change, end_block};
