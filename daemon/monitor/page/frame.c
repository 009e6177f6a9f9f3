/* The parts that pages share. A shape never stands without its word, so colour carries nothing alone. */
#include "monitor/page/frame.h"
#include "base/moment.h"
#include "monitor/page/advice.h"
#include "monitor/page/style.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY = 10 }; /* bytes of "2026-11-28" */

static void meta(struct html *html, const char *name, const char *content) {
  html_open(html, "meta");
  html_attribute(html, "name", slice_of(name));
  html_attribute(html, "content", slice_of(content));
  html_void(html);
}

/* A drawing of 16 by 16, by its outline. */
static void symbol(struct html *html, const char *name, const char *path) {
  html_open(html, "symbol");
  html_attribute(html, "id", slice_of(name));
  html_attribute(html, "viewBox", slice_of("0 0 16 16"));
  html_open(html, "path");
  html_attribute(html, "d", slice_of(path));
  html_close(html);
  html_close(html);
}

static void symbols(struct html *html) {
  html_open(html, "svg");
  html_number(html, "width", 0);
  html_number(html, "height", 0);
  html_attribute(html, "aria-hidden", slice_of("true"));
  symbol(html, "well", "M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 1 1 0-13M5 8.2l2.1 2.1L11 6.2");
  symbol(html, "failing", "M5.3 1.5h5.4l3.8 3.8v5.4l-3.8 3.8H5.3l-3.8-3.8V5.3zM5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4");
  symbol(html, "late", "M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 1 1 0-13M8 4.5V8l2.5 1.7");
  symbol(html, "guarded", "M8 1.3l5.5 2v4.2c0 3.4-2.3 6-5.5 7.2-3.2-1.2-5.5-3.8-5.5-7.2V3.3zM6.4 5.6v4.2M9.6 5.6v4.2");
  symbol(html, "never", "M2 2h12v12H2zM5.5 8h5");
  symbol(html, "waiting", "M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 1 1 0-13M5 8h.01M8 8h.01M11 8h.01");
  symbol(html, "warn", "M8 1.8L15 14H1zM8 6v3.8M8 12h.01");
  symbol(html, "away",
         "M2.5 4c0-1.4 2.5-2.3 5.5-2.3s5.5.9 5.5 2.3v8c0 1.4-2.5 2.3-5.5 2.3S2.5 13.4 2.5 12zM5.8 7.2l4.4 4.4M10.2 "
         "7.2l-4.4 4.4");
  html_close(html);
}

void frame_begin(struct html *html, const struct health *health, struct slice title, bool is_first) {
  html_open(html, "html");
  html_attribute(html, "lang", slice_of("en"));
  html_open(html, "head");
  html_open(html, "meta");
  html_attribute(html, "charset", slice_of("utf-8"));
  html_void(html);
  html_open(html, "title");
  html_text(html, title);
  html_words(html, " · closesyncd");
  html_close(html);
  meta(html, "viewport", "width=device-width, initial-scale=1");
  meta(html, "color-scheme", "light dark");
  meta(html, "robots", "noindex");
  html_style(html, style_rules);
  html_close(html);
  html_open(html, "body");
  symbols(html);
  html_open(html, "main");
  html_open(html, "header");
  html_open(html, "span");
  if (!is_first) {
    html_open(html, "a");
    html_attribute(html, "href", slice_of("/"));
    html_words(html, "‹ all organizations");
    html_close(html);
  } else {
    html_words(html, "closesyncd");
  }
  html_close(html);
  html_words(html, " ");
  html_open_class(html, "span", "t");
  char moment[MOMENT_TEXT_BYTES];
  moment_format(health->now_s * 1000000, moment);
  html_format(html, "as of %.10s %.8s UTC", moment, moment + DAY + 1);
  html_close(html);
  html_close(html);
}

static void link_to(struct html *html, const char *path) {
  html_words(html, " · ");
  html_open(html, "a");
  html_attribute(html, "href", slice_of(path));
  html_words(html, path);
  html_close(html);
}

void frame_end(struct html *html) {
  html_open(html, "footer");
  html_format(html, "closesyncd %s · all times are UTC · asked again every " FRAME_REFRESH " s", CLOSESYNCD_VERSION);
  link_to(html, "/metrics");
  link_to(html, "/status.json");
  link_to(html, "/readyz");
  html_close(html);
  while (html->depth > 0)
    html_close(html);
  html_words(html, "\n");
}

static void write_icon(struct html *html, const char *class, const char *address) {
  char both[32];
  snprintf(both, sizeof both, class[0] == '\0' ? "i" : "i %s", class);
  html_open_class(html, "svg", both);
  html_attribute(html, "aria-hidden", slice_of("true"));
  html_open(html, "use");
  html_attribute(html, "href", slice_of(address));
  html_close(html);
  html_close(html);
}

void frame_icon_literal(struct html *html, const char *address) { write_icon(html, "", address); }

const char *frame_state_class(const struct health *health, const struct health_organization *organization) {
  enum health_state state = health_state(health, organization);
  return state == HEALTH_NEVER && advice_is_waiting(health, organization) ? "waiting" : health_state_name(state);
}

void frame_state_icon(struct html *html, const struct health *health, const struct health_organization *organization) {
  static const char *const addresses[HEALTH_STATES] = {"#never", "#failing", "#late", "#guarded", "#well"};
  bool waiting = advice_is_waiting(health, organization);
  write_icon(html, frame_state_class(health, organization),
             waiting ? "#waiting" : addresses[health_state(health, organization)]);
}

void frame_state(struct html *html, const struct health *health, const struct health_organization *organization) {
  html_open(html, "span");
  html_attribute(html, "class", slice_of(frame_state_class(health, organization)));
  frame_state_icon(html, health, organization);
  html_words(html, frame_state_class(health, organization));
  html_close(html);
}

void frame_duration(struct html *html, int64_t seconds) {
  long long count;
  const char *unit = moment_span(seconds < 1 ? 1 : seconds, &count);
  html_format(html, "%lld\u00a0%s", count, unit);
}

void frame_moment(struct html *html, int64_t moment_s, int64_t now_s) {
  char moment[MOMENT_TEXT_BYTES], today[MOMENT_TEXT_BYTES];
  moment_format(moment_s * 1000000, moment);
  moment_format(now_s * 1000000, today);
  html_open(html, "time");
  html_attribute(html, "datetime", slice_of(moment));
  if (memcmp(moment, today, DAY) != 0)
    html_format(html, "%.10s ", moment);
  html_format(html, "%.8s", moment + DAY + 1);
  html_close(html);
  html_words(html, " ");
  html_open_class(html, "span", "a");
  html_words(html, moment_s > now_s ? "in " : "");
  frame_duration(html, llabs(now_s - moment_s));
  html_words(html, moment_s > now_s ? "" : " ago");
  html_close(html);
}

void frame_head_literal(struct html *html, const char *words, bool is_number) {
  html_open(html, "th");
  html_attribute(html, "scope", slice_of("col"));
  if (is_number)
    html_attribute(html, "class", slice_of("n"));
  html_words(html, words);
  html_close(html);
}

void frame_cell_literal(struct html *html, const char *head, const char *class) {
  html_open(html, "td");
  html_attribute(html, "data-label", slice_of(head));
  if (class != NULL)
    html_attribute(html, "class", slice_of(class));
}

void frame_number(struct html *html, const char *head, int64_t value, bool is_bad) {
  frame_cell_literal(html, head, is_bad ? "n bad" : value == 0 ? "n q" : "n");
  html_integer(html, value);
  html_close(html);
}

void frame_row(struct html *html) {
  html_open(html, "tr");
  html_open(html, "th");
  html_attribute(html, "scope", slice_of("row"));
}

void frame_note(struct html *html, const char *format, ...) {
  va_list arguments;
  html_open_class(html, "p", "q");
  va_start(arguments, format);
  html_format_list(html, format, arguments);
  va_end(arguments);
  html_close(html);
}

void frame_fact_literal(struct html *html, const char *name) {
  html_open(html, "div");
  html_element(html, "dt", NULL, name);
  html_open(html, "dd");
}

void frame_fact_end(struct html *html) {
  html_close(html);
  html_close(html);
}

void frame_moment_or(struct html *html, int64_t moment_s, int64_t now_s, const char *none) {
  if (moment_s == 0)
    html_words(html, none);
  else
    frame_moment(html, moment_s, now_s);
}

void frame_next_sweep(struct html *html, const struct health *health, const struct health_organization *organization) {
  int64_t wait_s = (organization->next_sweep_ms - health->now_ms + 999) / 1000;
  if (organization->next_sweep_ms == 0)
    html_words(html, "under way");
  else if (!health->database_up)
    html_words(html, "when the database is back");
  else if (wait_s <= 0)
    html_words(html, "due");
  else
    frame_moment(html, health->now_s + wait_s, health->now_s);
}
