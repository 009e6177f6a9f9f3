/* What all sections need. A row's cells may be empty, never left out. */
#include "monitor/page/section.h"
#include "monitor/page/frame.h"

void section_begin_table(struct html *html, const char *const heads[]) {
  html_open(html, "table");
  html_open(html, "thead");
  html_open(html, "tr");
  for (int i = 0; heads[i] != NULL; i++)
    frame_head_literal(html, heads[i] + (heads[i][0] == '#'), heads[i][0] == '#');
  html_close(html);
  html_close(html);
  html_open(html, "tbody");
}

void section_end_table(struct html *html) {
  html_close(html);
  html_close(html);
}

void section_write_row(const struct section *section, struct section_state *state, const struct db_row *row) {
  if (state->rows == 0 && section->heads != NULL)
    section_begin_table(state->html, section->heads);
  section->row(state, row);
  state->rows++;
}

void section_end(const struct section *section, struct section_state *state) {
  if (section->end != NULL)
    section->end(state);
  if (section->heads == NULL)
    return;
  section_end_table(state->html);
  section_tell_rest(state, state->rows, state->total);
}

void section_moment_after(struct section_state *state, const char *head, const struct db_row *row, int column,
                          int after) {
  struct html *html = state->html;
  frame_cell_literal(html, head, "t");
  if (!db_row_is_null(row, column)) {
    html_open(html, "span");
    frame_moment(html, db_row_int(row, column), state->now_s);
    if (after >= 0 && !db_row_is_null(row, after)) {
      html_open_class(html, "span", "do");
      html_words(html, "in the ");
      frame_duration(html, db_row_int(row, column) - db_row_int(row, after));
      html_words(html, " before");
      html_close(html);
    }
    html_close(html);
  }
  html_close(html);
}

void section_moment(struct section_state *state, const char *head, const struct db_row *row, int column) {
  section_moment_after(state, head, row, column, -1);
}

void section_tell_rest(struct section_state *state, int64_t shown, int64_t total) {
  if (shown >= total)
    return;
  frame_note(state->html, "%lld of %lld are shown; the tables hold all.", (long long)shown, (long long)total);
}
