/* The line that is read in five seconds. A database that is away comes before everything; broken accounts are no trouble of the mirror,
 * but of somebody. */
#include "monitor/page/verdict.h"
#include "monitor/page/advice.h"
#include "monitor/page/frame.h"
#include "monitor/page/mask.h"

enum { SKEW_TOLERATED_S = 60 };

struct verdict verdict_count(const struct health *health) {
  struct verdict verdict = {0};
  for (int i = 0; i < health->organization_count; i++) {
    const struct health_organization *organization = health->organizations[i];
    verdict.states[health_state(health, organization)]++;
    verdict.waiting += advice_is_waiting(health, organization) ? 1 : 0;
    verdict.accounts += health_accounts(organization);
    verdict.broken += organization->broken;
  }
  return verdict;
}

static const char *are(int64_t count) { return count == 1 ? "is" : "are"; }

static const char *s(int64_t count) { return count == 1 ? "" : "s"; }

static void write_line(const struct health *health, const struct verdict *verdict, struct html *html) {
  int count = health->organization_count, troubled = count - verdict->states[HEALTH_WELL] - verdict->waiting;
  const char *all = count == 1 ? "The organization" : "All ";
  if (!health->database_up) {
    frame_icon(html, "away");
    html_words(html, "The database is away; the mirror stands still");
  } else if (count == 0) {
    frame_icon(html, "waiting");
    html_words(html, health->fleet == NULL ? "No organization is configured" : "This daemon has no organization now");
  } else if (troubled > 0) {
    frame_icon(html, "failing");
    html_format(html, "%d of %d organization%s need%s attention", troubled, count, s(count), troubled == 1 ? "s" : "");
  } else if (verdict->waiting > 0) {
    frame_icon(html, "waiting");
    html_format(html, "%d of %d organization%s wait%s for the first sweep", verdict->waiting, count, s(count),
                verdict->waiting == 1 ? "s" : "");
  } else {
    frame_icon_literal(html, verdict->broken > 0 ? "#warn" : "#well");
    html_words(html, all);
    if (count > 1)
      html_format(html, "%d organizations", count);
    html_words(html, verdict->broken > 0 ? "" : count == 1 ? " is well" : " are well");
    if (verdict->broken > 0)
      html_format(html, " %s mirrored; %lld account%s %s broken", are(count), (long long)verdict->broken,
                  s(verdict->broken), are(verdict->broken));
  }
}

static const char *tone(const struct health *health, const struct verdict *verdict) {
  int troubled = health->organization_count - verdict->states[HEALTH_WELL] - verdict->waiting;
  if (!health->database_up || troubled > 0)
    return "bad";
  if (verdict->waiting > 0 || health->organization_count == 0)
    return "waiting";
  return verdict->broken > 0 ? "warn" : "well";
}

void verdict_write_database(const struct health *health, struct html *html) {
  int64_t since_s = (health->now_ms - health->database_since_ms) / 1000;
  int64_t skew_s = (health->database_us - health->machine_us) / 1000000, ahead_s = health_ahead_us(health) / 1000000;
  if (!health->database_up) {
    html_open_class(html, "p", "bad");
    html_words(html, "The database has been away for ");
    frame_duration(html, since_s);
    if (health->database_error != NULL) {
      html_words(html, ": ");
      mask_sentence(html, slice_of(health->database_error), false);
    }
    html_close(html);
    frame_note(html,
               "What follows is what this daemon remembers. Start PostgreSQL, or mend database.conninfo and reload; "
               "“closesyncd check” says what is missing. The daemon asks again by itself.");
  }
  if (skew_s > SKEW_TOLERATED_S || skew_s < -SKEW_TOLERATED_S) {
    html_open_class(html, "p", "warn");
    frame_icon(html, "warn");
    html_words(html, "The database’s clock is ");
    frame_duration(html, skew_s < 0 ? -skew_s : skew_s);
    html_words(html,
               skew_s < 0 ? " behind this machine’s: set the clocks" : " ahead of this machine’s: set the clocks");
    html_close(html);
  }
  if (ahead_s > 0) {
    html_open_class(html, "p", "warn");
    frame_icon(html, "warn");
    html_words(html, "The database’s clock went back; its recorded times stand still for ");
    frame_duration(html, ahead_s);
    html_close(html);
  }
}

void verdict_write(const struct health *health, const struct verdict *verdict, struct html *html) {
  html_open_class(html, "h1", tone(health, verdict));
  write_line(health, verdict, html);
  html_close(html);
  html_open_class(html, "p", "q");
  html_integer(html, verdict->accounts);
  html_format(html, " connected account%s, ", s(verdict->accounts));
  html_integer(html, verdict->broken);
  html_words(html, " broken");
  if (health->database_up) {
    html_words(html, " · database reachable for ");
    frame_duration(html, (health->now_ms - health->database_since_ms) / 1000);
  }
  html_close(html);
  verdict_write_database(health, html);
}
