/* From memory alone, so that it is told whatever the database does. */
#include "monitor/page/organization.h"
#include "monitor/page/advice.h"
#include "monitor/page/frame.h"
#include "monitor/page/mask.h"
#include "monitor/page/section_accounts.h"
#include "monitor/page/section_changes.h"
#include "monitor/page/section_coverage.h"
#include "monitor/page/section_evidence.h"
#include "monitor/page/section_members.h"
#include "monitor/page/verdict.h"
#include <string.h>

const struct section *const organization_sections[] = {&section_types,    &section_broken,    &section_changes,
                                                       &section_coverage, &section_members,   &section_evidence,
                                                       &section_altered,  &section_set_aside, NULL};

static void write_number(struct html *html, const char *name, int64_t value, bool is_bad) {
  frame_fact_literal(html, name);
  html_open_class(html, "span", is_bad ? "bad" : "");
  html_integer(html, value);
  html_close(html);
  frame_fact_end(html);
}

/* Of an organization that is asked for with a token: how long it lives, and whether a person has to act. */
static void write_token(const struct health *health, const struct health_organization *organization,
                        struct html *html) {
  if (!organization->has_token)
    return;
  frame_fact(html, "Token renewed");
  frame_moment_or(html, organization->token_refreshed_s, health->now_s, "not known");
  frame_fact_end(html);
  frame_fact(html, "Token expires");
  if (organization->authorize_needed)
    html_words(html, "authorize it again");
  else
    frame_moment_or(html, organization->token_expires_s, health->now_s, "not known");
  frame_fact_end(html);
}

static void write_facts(const struct health *health, const struct health_organization *organization,
                        struct html *html) {
  html_open(html, "dl");
  frame_fact(html, "Last success");
  frame_moment_or(html, organization->last_success_s, health->now_s, "never");
  frame_fact_end(html);
  frame_fact(html, "Next sweep");
  frame_next_sweep(html, health, organization);
  frame_fact_end(html);
  frame_fact(html, "Interval");
  if (organization->interval_ms % 1000 != 0)
    html_format(html, "%lld ms", (long long)organization->interval_ms);
  else
    frame_duration(html, organization->interval_ms / 1000);
  frame_fact_end(html);
  write_number(html, "Accounts", health_accounts(organization), false);
  write_number(html, "Broken", organization->broken, organization->broken > 0);
  write_number(html, "Failures in a row", organization->consecutive_failures, organization->consecutive_failures > 0);
  write_token(health, organization, html);
  html_close(html);
}

/* The accounts as they were counted last; the database knows more of them when it is there. */
static void write_types(const struct health_organization *organization, struct html *html) {
  static const char *const heads[] = {"Type", "#Accounts", NULL};
  html_element(html, "h2", NULL, "Accounts, as this daemon remembers them");
  section_begin_table(html, heads);
  for (int i = 0; i < HEALTH_TYPES && organization->types[i].name[0] != '\0'; i++) {
    frame_row(html);
    html_words(html, organization->types[i].name);
    html_close(html);
    frame_number(html, "Accounts", organization->types[i].accounts, false);
    html_close(html);
  }
  if (organization->other_accounts > 0) {
    frame_row(html);
    html_words(html, "others");
    html_close(html);
    frame_number(html, "Accounts", organization->other_accounts, false);
    html_close(html);
  }
  section_end_table(html);
  frame_note(html, "Cannot send: %lld; cannot receive: %lld; calendar fails: %lld.",
             (long long)organization->in_error[HEALTH_SEND], (long long)organization->in_error[HEALTH_RECEIVE],
             (long long)organization->in_error[HEALTH_CALENDAR]);
}

static void write_trouble(const struct health *health, const struct health_organization *organization, bool show,
                          struct html *html) {
  const char *advice = advice_for(health, organization);
  if (organization->error != NULL) {
    html_open(html, "p");
    mask_sentence(html, slice_of(organization->error), show);
    html_close(html);
  }
  if (advice != NULL)
    frame_note(html, "→ %s", advice);
}

static void tell_masked(bool show, struct html *html) {
  if (!show)
    frame_note(html, "Addresses, names and values are masked; http.show_addresses = yes shows them.");
}

/* "acme …" */
static const char *says_state(const char *state) {
  static const char *const words[][2] = {{"never", "was never mirrored"}, {"waiting", "waits for its first sweep"},
                                         {"failing", "is failing"},       {"late", "is late"},
                                         {"guarded", "is guarded"},       {"well", "is well"},
                                         {"bad", "is not mirrored now"}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strcmp(words[i][0], state) == 0)
      return words[i][1];
  return state;
}

void organization_begin(const struct health *health, const struct health_organization *organization, bool show,
                        struct html *html) {
  const char *state = health->database_up ? frame_state_class(health, organization) : "bad";
  frame_begin(html, health, slice_of(organization->name), false);
  html_open(html, "h1");
  if (health->database_up)
    frame_state_icon(html, health, organization);
  else
    frame_icon(html, "away");
  html_words(html, organization->name);
  html_words(html, " ");
  html_element(html, "span", state, says_state(state));
  html_close(html);
  verdict_write_database(health, html);
  write_trouble(health, organization, show, html);
  if (organization->organization_id != NULL) {
    html_element(html, "p", "q c", organization->organization_id);
  }
  write_facts(health, organization, html);
  tell_masked(show, html);
  if (!health->database_up)
    write_types(organization, html);
}

void organization_end(struct html *html) { frame_end(html); }

void organization_tell_silence(struct html *html, const char *reason, const struct error *error) {
  html_open_class(html, "p", "warn");
  frame_icon(html, "warn");
  html_words(html, reason);
  if (error != NULL) {
    html_words(html, ": ");
    mask_sentence(html, slice_of(error->text), false);
  }
  html_close(html);
}

void organization_begin_elsewhere(const struct health *health, struct slice name, bool show, struct html *html) {
  frame_begin(html, health, name, false);
  html_open(html, "h1");
  html_text(html, name);
  html_words(html, " ");
  html_element(html, "span", "q", "is with another daemon");
  html_close(html);
  frame_note(html, "What the database knows of it follows; how its sweeps fare, the daemon knows that has it.");
  tell_masked(show, html);
}

void organization_write_unknown(const struct health *health, struct slice name,
                                const struct config_organization *configured, struct html *html) {
  const char *title = "There is no such organization here", *before = "The configuration does not name “",
             *after = "”.";
  if (configured != NULL && configured->enabled) {
    title = "This organization is with another daemon";
    before = "The database is away, so nothing can be told here of “";
  } else if (configured != NULL) {
    title = "This organization is disabled here";
    before = "The configuration switches off “";
    after = "”: set its enabled = yes and reload.";
  }
  frame_begin(html, health, slice_of("not found"), false);
  html_element(html, "h1", NULL, title);
  html_open_class(html, "p", "q");
  html_words(html, before);
  html_open(html, "bdi");
  html_cut(html, name, 63);
  html_close(html);
  html_words(html, after);
  html_close(html);
  frame_end(html);
}
