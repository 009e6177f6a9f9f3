/* Ninety days as a strip: where complete sweeps followed one another, and where nobody looked. A gap is drawn at least wide enough to be
 * seen, and each is told in words. */
#include "monitor/page/section_coverage.h"
#include "monitor/page/frame.h"
#include "sql/embedded.h"

enum { KIND, FROM, UNTIL, WINDOW_FROM, WINDOW_UNTIL, IS_OPEN };
enum { WIDTH = 9000, HEIGHT = 100, GAP_WIDTH_MIN = 16, GAPS_TOLD = 20 };

/* state->number: gaps so far; state->begun: the strip is drawn, the gaps are being told */

static int64_t place(const struct db_row *row, int column) {
  int64_t from = db_row_int(row, WINDOW_FROM), until = db_row_int(row, WINDOW_UNTIL), at = db_row_int(row, column);
  int64_t inside = at < from ? from : at > until ? until : at;
  return until > from ? (inside - from) * WIDTH / (until - from) : 0;
}

static void draw(struct html *html, const char *class, int64_t from, int64_t width) {
  html_open_class(html, "rect", class);
  html_number(html, "x", from);
  html_number(html, "width", width);
  html_number(html, "height", HEIGHT);
  html_close(html);
}

static void begin_strip(struct html *html) {
  html_open_class(html, "svg", "strip");
  html_attribute(html, "viewBox", slice_of("0 0 9000 100"));
  html_attribute(html, "preserveAspectRatio", slice_of("none"));
  html_attribute(html, "role", slice_of("img"));
  html_attribute(html, "aria-label", slice_of("coverage of the last 90 days; its gaps are told below"));
  draw(html, "off", 0, WIDTH);
}

static void end_strip(struct html *html) {
  html_close(html);
  html_open_class(html, "div", "ends");
  html_element(html, "span", NULL, "90 days ago");
  html_words(html, " ");
  html_element(html, "span", NULL, "now");
  html_close(html);
}

static void tell_gap(struct section_state *state, const struct db_row *row) {
  struct html *html = state->html;
  html_open(html, "li");
  if (slice_equals(db_row_text(row, KIND), "before") && db_row_bool(row, IS_OPEN)) {
    html_words(html, "Nobody has looked yet");
  } else if (slice_equals(db_row_text(row, KIND), "before")) {
    html_words(html, "Nobody had looked before ");
    frame_moment(html, db_row_int(row, UNTIL), state->now_s);
  } else {
    html_words(html, "Nobody looked for ");
    frame_duration(html, db_row_int(row, UNTIL) - db_row_int(row, FROM));
    html_words(html, ", from ");
    frame_moment(html, db_row_int(row, FROM), state->now_s);
    if (db_row_bool(row, IS_OPEN)) {
      html_words(html, " until now");
    } else {
      html_words(html, " until ");
      frame_moment(html, db_row_int(row, UNTIL), state->now_s);
    }
  }
  html_close(html);
}

/* Spans, then what is cut out of them, then the same in words. */
static void write_part(struct section_state *state, const struct db_row *row) {
  struct html *html = state->html;
  bool is_span = slice_equals(db_row_text(row, KIND), "span"), is_cut = slice_equals(db_row_text(row, KIND), "cut");
  int64_t from = place(row, FROM), width = place(row, UNTIL) - from;
  if (state->rows == 0)
    begin_strip(html);
  if (is_span || is_cut) {
    if (width < GAP_WIDTH_MIN)
      width = GAP_WIDTH_MIN;
    draw(html, is_span ? "on" : "off", from + width > WIDTH ? WIDTH - width : from, width);
    return;
  }
  if (!state->begun) {
    end_strip(html);
    html_open(html, "ul");
    state->begun = true;
  }
  if (++state->number <= GAPS_TOLD)
    tell_gap(state, row);
}

static void end_coverage(struct section_state *state) {
  struct html *html = state->html;
  if (!state->begun) {
    end_strip(html);
    html_element(html, "p", NULL, "Without a gap.");
    return;
  }
  html_close(html);
  section_tell_rest(state, state->number < GAPS_TOLD ? state->number : GAPS_TOLD, state->number);
}

const struct section section_coverage = {
    "Coverage", "No sweep was ever complete.", sql_query_page_coverage, NULL, write_part, end_coverage};
