/* What the history can prove: where its chain ends, what the last verification came to, who altered it; and what could not be taken. */
#include "monitor/page/section_evidence.h"
#include "monitor/page/frame.h"
#include "monitor/page/mask.h"
#include "sql/embedded.h"

enum { SEQ, HASH, OBSERVED_AT, MIRROR_VERIFIED_AT, VERIFIED_AT, VERIFIED_SEQ, IS_PROVEN, PROBLEM, ANSWERS_FROM };

static void write_time(struct section_state *state, const char *name, const struct db_row *row, int column,
                       const char *none) {
  frame_fact_literal(state->html, name);
  if (db_row_is_null(row, column))
    html_words(state->html, none);
  else
    frame_moment(state->html, db_row_int(row, column), state->now_s);
  frame_fact_end(state->html);
}

static void write_proof(struct section_state *state, const struct db_row *row) {
  struct html *html = state->html;
  bool is_proven = db_row_bool(row, IS_PROVEN);
  frame_fact(html, "Last verification of the history");
  if (db_row_is_null(row, VERIFIED_AT)) {
    html_words(html, "none was recorded: “closesyncd verify --record”");
  } else {
    html_open_class(html, "span", is_proven ? "well" : "bad");
    frame_icon_literal(html, is_proven ? "#well" : "#failing");
    html_words(html, is_proven ? "proven" : "not proven");
    html_close(html);
    html_format(html, " up to %lld ", (long long)db_row_int(row, VERIFIED_SEQ));
    frame_moment(html, db_row_int(row, VERIFIED_AT), state->now_s);
    if (!db_row_is_null(row, PROBLEM)) {
      html_open_class(html, "span", "do");
      mask_sentence(html, db_row_text(row, PROBLEM), state->show);
      html_close(html);
    }
  }
  frame_fact_end(html);
}

static void write_evidence(struct section_state *state, const struct db_row *row) {
  struct html *html = state->html;
  html_open(html, "dl");
  frame_fact(html, "History rows");
  html_integer(html, db_row_int(row, SEQ));
  frame_fact_end(html);
  write_time(state, "Newest row seen", row, OBSERVED_AT, "none yet");
  write_time(state, "Mirror last compared whole", row, MIRROR_VERIFIED_AT, "never");
  write_proof(state, row);
  write_time(state, "Answers from", row, ANSWERS_FROM, "the beginning");
  html_close(html);
  if (db_row_is_null(row, SEQ))
    return;
  html_open(html, "p");
  html_words(html, "The chain’s head: ");
  html_open(html, "code");
  html_format(html, "%lld %s", (long long)db_row_int(row, SEQ), db_row_text(row, HASH).bytes);
  html_close(html);
  html_close(html);
}

const struct section section_evidence = {
    "Evidence", "The database does not know this organization.", sql_query_page_evidence, NULL, write_evidence, NULL};

/* ---- what was taken out of it ---- */

enum { KIND, AT, ALTERED_BY, REASON, ACCOUNTS, ROWS };

static const char *const altered_heads[] = {"What", "When", "By", "Reason", "#Accounts", "#Rows", NULL};

static void write_altered(struct section_state *state, const struct db_row *row) {
  struct html *html = state->html;
  frame_row(html);
  html_text(html, db_row_text(row, KIND));
  html_close(html);
  section_moment(state, "When", row, AT);
  frame_cell(html, "By", "c");
  html_cut(html, db_row_text(row, ALTERED_BY), 100);
  html_close(html);
  frame_cell(html, "Reason", "w");
  mask_value(html, db_row_text(row, REASON), state->show);
  html_close(html);
  frame_cell(html, "Accounts", "n");
  if (!db_row_is_null(row, ACCOUNTS))
    html_integer(html, db_row_int(row, ACCOUNTS));
  html_close(html);
  frame_number(html, "Rows", db_row_int(row, ROWS), false);
  html_close(html);
}

const struct section section_altered = {
    "Erasures and prunings", "The history is whole: none.", sql_query_page_altered, altered_heads, write_altered, NULL};

/* ---- what did not get into it ---- */

enum { SET_KIND, WHAT, WHY, FIRST_SEEN_AT, LAST_SEEN_AT, TOTAL };

static const char *const set_aside_heads[] = {"What", "Which", "Why, or its type", "First seen", "Last seen", NULL};

static void write_set_aside(struct section_state *state, const struct db_row *row) {
  struct html *html = state->html;
  bool is_rejected = slice_equals(db_row_text(row, SET_KIND), "rejected");
  if (state->number == 0 || (state->number == 1 && !is_rejected))
    state->total += db_row_int(row, TOTAL);
  state->number = is_rejected ? 1 : 2;
  frame_row(html);
  html_words(html, is_rejected ? "rejected entry" : "unknown field or type");
  html_close(html);
  frame_cell(html, "Which", "c");
  mask_sentence(html, db_row_text(row, WHAT), state->show);
  html_close(html);
  frame_cell(html, "Why, or its type", "w");
  mask_sentence(html, db_row_text(row, WHY), state->show);
  html_close(html);
  section_moment(state, "First seen", row, FIRST_SEEN_AT);
  section_moment(state, "Last seen", row, LAST_SEEN_AT);
  html_close(html);
}

const struct section section_set_aside = {"Rejected entries and drift",
                                          "Everything was taken and known.",
                                          sql_query_page_set_aside,
                                          set_aside_heads,
                                          write_set_aside,
                                          NULL};
