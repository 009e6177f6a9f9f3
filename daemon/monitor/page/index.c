/* Organizations are put into an order by numbers alone (how bad, since when, how many), so that a hundred thousand of them take one turn
 * of the loop: no text is compared but with ?name=. Only a page's rows are written. */
#include "monitor/page/index.h"
#include "base/memory.h"
#include "monitor/page/advice.h"
#include "monitor/page/frame.h"
#include "monitor/page/mask.h"
#include "monitor/page/verdict.h"
#include <stdlib.h>
#include <string.h>

struct place {
  int rank;      /* the worst first */
  int64_t order; /* within the rank */
  int number;
  enum health_state state;
};

struct index_order {
  struct verdict verdict;
  int count;
  struct place places[];
};

enum { PAGES_NEAR = 2 };

static int compare_places(const void *left, const void *right) {
  const struct place *one = left, *other = right;
  if (one->rank != other->rank)
    return one->rank < other->rank ? -1 : 1;
  if (one->order != other->order)
    return one->order < other->order ? -1 : 1;
  return one->number < other->number ? -1 : 1;
}

static struct place place_of(const struct health *health, int number) {
  const struct health_organization *organization = health->organizations[number];
  enum health_state state = health_state(health, organization);
  bool waits = advice_is_waiting(health, organization);
  struct place place = {(int)state, organization->succeeded_at_ms, number, state};
  if (state == HEALTH_WELL)
    place.order = -organization->broken;
  if (waits)
    place.rank = HEALTH_GUARDED; /* neither well nor in trouble */
  return place;
}

static bool is_given(const char *text) { return text != NULL && text[0] != '\0'; }

static bool is_wanted(const struct health *health, const struct index_query *query, const struct place *place) {
  return (!is_given(query->state) || strcmp(query->state, health_state_name(place->state)) == 0) &&
         (!is_given(query->name) || strstr(health->organizations[place->number]->name, query->name) != NULL);
}

struct index_order *index_order_create(const struct health *health) {
  size_t count = (size_t)health->organization_count;
  struct index_order *order = memory_allocate(sizeof *order + count * sizeof *order->places);
  order->verdict = verdict_count(health);
  order->count = health->organization_count;
  for (int i = 0; i < order->count; i++)
    order->places[i] = place_of(health, i);
  qsort(order->places, count, sizeof *order->places, compare_places);
  return order;
}

void index_order_destroy(struct index_order *order) { memory_free(order); }

int index_order_count(const struct index_order *order) { return order->count; }

static int pages_of(int count) { return (count + INDEX_ROWS - 1) / INDEX_ROWS; }

static int clamp_page(int page, int count) {
  int pages = pages_of(count);
  return page < 1 || pages == 0 ? 1 : page > pages ? pages : page;
}

void index_clamp(const struct index_order *order, struct index_query *query) {
  const char *state = NULL;
  for (int i = 0; i < HEALTH_STATES && query->state != NULL; i++)
    if (strcmp(query->state, health_state_name((enum health_state)i)) == 0)
      state = query->state;
  query->state = state;
  query->page = clamp_page(query->page, order->count);
}

/* ---- links: the same page in another light ---- */

static void address(struct html *html, const char *state, const char *name, int page) {
  char number[16];
  snprintf(number, sizeof number, "%d", page);
  html_url(html, "href", "/?state=");
  html_url_part(html, slice_of(is_given(state) ? state : ""));
  html_url_more(html, "&name=");
  html_url_part(html, slice_of(is_given(name) ? name : ""));
  if (page > 1) {
    html_url_more(html, "&page=");
    html_url_part(html, slice_of(number));
  }
  html_url_end(html);
}

static void write_filter(struct html *html, const struct index_query *query, const char *state, int count) {
  bool is_current = strcmp(is_given(query->state) ? query->state : "", state) == 0;
  html_open(html, "a");
  address(html, state, query->name, 1);
  if (is_current)
    html_attribute(html, "aria-current", slice_of("page"));
  html_format(html, "%s\u00a0%d", state[0] == '\0' ? "all" : state, count);
  html_close(html);
  html_words(html, " ");
}

static void write_filters(const struct health *health, const struct index_query *query, const struct verdict *verdict,
                          struct html *html) {
  html_open(html, "nav");
  html_attribute(html, "aria-label", slice_of("organizations by state"));
  write_filter(html, query, "", health->organization_count);
  for (int i = 0; i < HEALTH_STATES; i++)
    write_filter(html, query, health_state_name((enum health_state)i), verdict->states[i]);
  html_open(html, "form");
  html_attribute(html, "action", slice_of("/"));
  if (is_given(query->state)) {
    html_open(html, "input");
    html_attribute(html, "type", slice_of("hidden"));
    html_attribute(html, "name", slice_of("state"));
    html_attribute(html, "value", slice_of(query->state));
    html_void(html);
  }
  html_open(html, "input");
  html_attribute(html, "type", slice_of("search"));
  html_attribute(html, "name", slice_of("name"));
  html_attribute(html, "aria-label", slice_of("a part of the name"));
  html_attribute(html, "placeholder", slice_of("name"));
  html_attribute(html, "maxlength", slice_of("63"));
  html_attribute(html, "value", slice_of(is_given(query->name) ? query->name : ""));
  html_void(html);
  html_words(html, " ");
  html_element(html, "button", NULL, "find");
  html_close(html);
  html_close(html);
}

static void write_page_link(struct html *html, const struct index_query *query, int page, const char *words) {
  html_open(html, "a");
  address(html, query->state, query->name, page);
  if (page == query->page)
    html_attribute(html, "aria-current", slice_of("page"));
  if (words == NULL)
    html_format(html, "%d", page);
  else
    html_words(html, words);
  html_close(html);
  html_words(html, " ");
}

static void write_pages(struct html *html, const struct index_query *query, int pages) {
  if (pages < 2)
    return;
  html_open(html, "nav");
  html_attribute(html, "aria-label", slice_of("more organizations"));
  if (query->page > 1)
    write_page_link(html, query, query->page - 1, "‹ worse");
  for (int page = 1; page <= pages; page++) {
    bool is_near = abs(page - query->page) <= PAGES_NEAR;
    if (page == 1 || page == pages || is_near)
      write_page_link(html, query, page, NULL);
    else if (abs(page - query->page) == PAGES_NEAR + 1)
      html_words(html, "… ");
  }
  if (query->page < pages)
    write_page_link(html, query, query->page + 1, "better ›");
  html_close(html);
}

/* ---- the table ---- */

static void write_wrong(const struct health *health, const struct health_organization *organization, bool show,
                        struct html *html) {
  const char *advice = advice_for(health, organization);
  if (organization->error != NULL)
    mask_sentence(html, slice_of(organization->error), show);
  else if (advice_is_waiting(health, organization))
    html_words(html, "it waits for its first sweep");
  else if (health_is_late(health, organization))
    html_words(html, "no success within three intervals");
  else if (organization->broken > 0)
    html_words(html, organization->broken == 1 ? "an account is broken" : "accounts are broken");
  if (advice == NULL)
    return;
  html_open_class(html, "span", "do");
  html_words(html, " → ");
  html_words(html, advice);
  html_close(html);
}

static void write_row(const struct health *health, const struct health_organization *organization, bool show,
                      struct html *html) {
  frame_row(html);
  html_open(html, "a");
  html_url(html, "href", "/organization/");
  html_url_part(html, slice_of(organization->name));
  html_url_end(html);
  html_words(html, organization->name);
  html_close(html);
  html_close(html);
  frame_cell(html, "State", "s");
  frame_state(html, health, organization);
  html_close(html);
  frame_cell(html, "Last success", "t");
  html_open(html, "span");
  frame_moment_or(html, organization->last_success_s, health->now_s, "never");
  html_close(html);
  html_close(html);
  frame_cell(html, "Next sweep", "t");
  html_open(html, "span");
  frame_next_sweep(html, health, organization);
  html_close(html);
  html_close(html);
  frame_number(html, "Accounts", health_accounts(organization), false);
  frame_number(html, "Broken", organization->broken, organization->broken > 0);
  frame_number(html, "Failures", organization->consecutive_failures, organization->consecutive_failures > 0);
  frame_cell(html, "What is wrong", "w");
  if (organization->error != NULL || organization->broken > 0 || health_state(health, organization) != HEALTH_WELL) {
    html_open(html, "span");
    write_wrong(health, organization, show, html);
    html_close(html);
  }
  html_close(html);
  html_close(html);
}

static void write_table(const struct health *health, const struct place *places, int count, bool show,
                        struct html *html) {
  html_open(html, "table");
  html_open(html, "thead");
  html_open(html, "tr");
  frame_head(html, "Organization", false);
  frame_head(html, "State", false);
  frame_head(html, "Last success", false);
  frame_head(html, "Next sweep", false);
  frame_head(html, "Accounts", true);
  frame_head(html, "Broken", true);
  frame_head(html, "Failures", true);
  frame_head(html, "What is wrong, and what to do", false);
  html_close(html);
  html_close(html);
  html_open(html, "tbody");
  for (int i = 0; i < count; i++)
    write_row(health, health->organizations[places[i].number], show, html);
  html_close(html);
  html_close(html);
}

/* Who shares the organizations; those that are shown are this daemon's own. */
static void write_fleet(const struct health_fleet *fleet, struct html *html) {
  if (fleet == NULL)
    return;
  html_open(html, "p");
  html_words(html, "Of a fleet, this daemon's own organizations are shown. Slots:");
  for (int i = 0; i < fleet->daemon_count; i++) {
    const struct health_daemon *daemon = &fleet->daemons[i];
    html_words(html, i == 0 ? " " : ", ");
    html_words(html, daemon->member);
    html_format(html, " %lld%s%s", (long long)daemon->slots, daemon->is_self ? " (this one)" : "",
                daemon->is_other ? " (another configuration: give all the same)" : "");
  }
  html_close(html);
}

void index_write(const struct health *health, const struct index_order *order, const struct index_query *asked,
                 bool show_addresses, struct html *html) {
  struct index_query query = *asked;
  struct place *places = memory_allocate(sizeof *places * ((size_t)order->count + 1));
  int count = 0;
  for (int i = 0; i < order->count; i++)
    if (is_wanted(health, &query, &order->places[i]))
      places[count++] = order->places[i];
  query.page = clamp_page(query.page, count);
  int first = (query.page - 1) * INDEX_ROWS, rows = count - first < INDEX_ROWS ? count - first : INDEX_ROWS;
  frame_begin(html, health, slice_of("organizations"), true);
  verdict_write(health, &order->verdict, html);
  write_fleet(health->fleet, html);
  if (health->organization_count > 1)
    write_filters(health, &query, &order->verdict, html);
  if (count > 0)
    write_table(health, places + first, rows, show_addresses, html);
  else if (health->organization_count > 0)
    frame_note(html, "No organization is like this.");
  write_pages(html, &query, pages_of(count));
  frame_end(html);
  memory_free(places);
}
