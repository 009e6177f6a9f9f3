/* The accounts: by type and status, and who is broken. An account is named by its id; its address and its owner only where they may be
 * shown. */
#include "monitor/page/section_accounts.h"
#include "monitor/page/frame.h"
#include "monitor/page/mask.h"
#include "sql/embedded.h"

enum { TYPE, ACCOUNTS, WELL, SEND, RECEIVE, CALENDAR, OTHER_WORDS };

static const char *const type_heads[] = {
    "Type", "#Accounts", "#Well", "#Cannot send", "#Cannot receive", "#Calendar fails", "Other statuses", NULL};

static void write_type(struct section_state *state, const struct db_row *row) {
  struct html *html = state->html;
  frame_row(html);
  if (db_row_is_null(row, TYPE))
    html_words(html, "(no type)");
  else
    html_cut(html, db_row_text(row, TYPE), 100);
  html_close(html);
  for (int column = ACCOUNTS; column <= CALENDAR; column++)
    frame_number(html, type_heads[column] + 1, db_row_int(row, column), column > WELL && db_row_int(row, column) > 0);
  frame_cell(html, "Other statuses", NULL);
  mask_reason(html, db_row_text(row, OTHER_WORDS), state->show);
  html_close(html);
  html_close(html);
}

const struct section section_types = {"Accounts", "There is none.", sql_query_page_types, type_heads, write_type, NULL};

/* ---- broken ones ---- */

enum {
  ACCOUNT_ID,
  BROKEN_TYPE,
  EMAIL,
  OWNER,
  SENDS,
  RECEIVES,
  HAS_CALENDAR,
  SEND_ERROR,
  RECEIVE_ERROR,
  AFTER,
  SINCE,
  TOTAL
};

static void write_account(struct section_state *state, const struct db_row *row) {
  struct html *html = state->html;
  html_open(html, "th");
  html_attribute(html, "scope", slice_of("row"));
  if (state->show && !db_row_is_null(row, EMAIL)) {
    html_open(html, "bdi");
    html_cut(html, db_row_text(row, EMAIL), 200);
    html_close(html);
    html_open_class(html, "span", "a c");
  } else {
    html_open_class(html, "span", "c");
  }
  html_cut(html, db_row_text(row, ACCOUNT_ID), 100);
  html_close(html);
  html_close(html);
}

static void write_why(struct section_state *state, const char *what, struct slice error) {
  struct html *html = state->html;
  html_open(html, "div");
  html_element(html, "span", "bad", what);
  if (error.length > 0) {
    html_words(html, ": ");
    html_open(html, "bdi");
    mask_reason(html, error, state->show);
    html_close(html);
  }
  html_close(html);
}

static void write_reasons(struct section_state *state, const struct db_row *row) {
  struct html *html = state->html;
  frame_cell(html, "Why", "w");
  html_open(html, "div");
  if (!db_row_bool(row, SENDS))
    write_why(state, "cannot send", db_row_text(row, SEND_ERROR));
  if (!db_row_bool(row, RECEIVES))
    write_why(state, "cannot receive", db_row_text(row, RECEIVE_ERROR));
  if (!db_row_bool(row, HAS_CALENDAR))
    write_why(state, "its calendar fails", db_row_bool(row, RECEIVES) ? db_row_text(row, RECEIVE_ERROR) : slice_of(""));
  html_close(html);
  html_close(html);
}

static const char *const broken_heads[] = {"Account", "Type", "Owner", "Broken since", "Why", NULL};

static void write_broken(struct section_state *state, const struct db_row *row) {
  struct html *html = state->html;
  state->total = db_row_int(row, TOTAL);
  html_open(html, "tr");
  write_account(state, row);
  frame_cell(html, "Type", "y");
  html_cut(html, db_row_text(row, BROKEN_TYPE), 100);
  html_close(html);
  frame_cell(html, "Owner", NULL);
  mask_value(html, db_row_text(row, OWNER), state->show);
  html_close(html);
  section_moment_after(state, "Broken since", row, SINCE, AFTER);
  write_reasons(state, row);
  html_close(html);
}

const struct section section_broken = {"Broken accounts", "None.",      sql_query_page_broken,
                                       broken_heads,      write_broken, NULL};
