/* The people: active ones first. Masked, a person is an id. */
#include "monitor/page/section_members.h"
#include "monitor/page/frame.h"
#include "monitor/page/mask.h"
#include "sql/embedded.h"

enum { USER_ID, FULL_NAME, EMAIL, ROLE_ID, IS_ACTIVE, LEFT_AT, IS_ERASED, ACCOUNTS, ACTIVE, TOTAL };

static void begin(struct section_state *state, const struct db_row *row) {
  static const char *const heads[] = {"Person", "Name", "Address", "Role", "Member", "Left", "#Accounts", NULL};
  struct html *html = state->html;
  state->total = db_row_int(row, TOTAL);
  html_open(html, "p");
  html_integer(html, db_row_int(row, ACTIVE));
  html_words(html, " active, ");
  html_integer(html, state->total - db_row_int(row, ACTIVE));
  html_words(html, " inactive or gone.");
  html_close(html);
  section_begin_table(html, heads);
}

static void write_text(struct section_state *state, const char *head, const struct db_row *row, int column) {
  frame_cell_literal(state->html, head, NULL);
  if (db_row_is_null(row, column)) {
    html_words(state->html, db_row_bool(row, IS_ERASED) ? "erased" : "");
  } else {
    html_open(state->html, "bdi");
    mask_value(state->html, db_row_text(row, column), state->show);
    html_close(state->html);
  }
  html_close(state->html);
}

static void write_member(struct section_state *state, const struct db_row *row) {
  struct html *html = state->html;
  if (state->rows == 0)
    begin(state, row);
  frame_row(html);
  html_open_class(html, "span", "c");
  html_cut(html, db_row_text(row, USER_ID), 100);
  html_close(html);
  html_close(html);
  write_text(state, "Name", row, FULL_NAME);
  write_text(state, "Address", row, EMAIL);
  frame_cell(html, "Role", "c");
  mask_sentence(html, db_row_text(row, ROLE_ID), state->show);
  html_close(html);
  frame_cell(html, "Member", NULL);
  html_words(html, db_row_is_null(row, IS_ACTIVE) ? "gone" : db_row_bool(row, IS_ACTIVE) ? "active" : "inactive");
  html_close(html);
  section_moment(state, "Left", row, LEFT_AT);
  frame_number(html, "Accounts", db_row_int(row, ACCOUNTS), false);
  html_close(html);
}

static void end_members(struct section_state *state) {
  section_end_table(state->html);
  section_tell_rest(state, state->rows, state->total);
}

const struct section section_members = {"Members",
                                        "None is known; sync.members decides whether they are kept.",
                                        sql_query_page_members,
                                        NULL,
                                        write_member,
                                        end_members};
