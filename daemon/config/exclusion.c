/* The names of Close's default fields (close-api.md 1.3), and which of them a mirror cannot do without: what an account is called, whose
 * it is, and whether it works. */
#include "config/exclusion.h"
#include "base/nearest.h"
#include "config/file.h"
#include <string.h>

static const struct {
  const char *name;
  bool needed;
} fields[] = {{"_type", true},
              {"id", true},
              {"organization_id", true},
              {"user_id", false},
              {"email", false},
              {"date_created", false},
              {"identities", false},
              {"default_identity", false},
              {"smtp", false},
              {"imap", false},
              {"available_features", false},
              {"enabled_features", true},
              {"send_status", true},
              {"receive_status", true},
              {"email_receive_status", true},
              {"calendar_receive_status", true},
              {"latest_send_error", false},
              {"latest_receive_error", false},
              {"lead_suggestions_updated_at", false},
              {"is_imap_archive_sync_enabled", false},
              {"sync_all_calendars", false},
              {"synced_calendars", false},
              {"available_calendars", false},
              {"zoom_account_plan", false},
              {"calendly", false},
              {"has_meeting_creation_scopes", false}};

enum { FIELDS = sizeof fields / sizeof fields[0], ASKED_BYTES_MAX = 1024 };

static const char *field_at(const void *context, size_t index) {
  (void)context;
  return index < FIELDS ? fields[index].name : NULL;
}

static const char *judge_name(const struct config_rule *rule, const char *name) {
  for (int i = 0; i < FIELDS; i++)
    if (strcmp(fields[i].name, name) == 0)
      return fields[i].needed
                 ? config_say(rule, "names of fields that a mirror can do without (\"%s\" is needed)", name)
                 : NULL;
  const char *nearest = nearest_word(name, field_at, NULL);
  return config_say(rule, "names of Close's default fields, with commas between them (%.80s is none%s%s%s)",
                    config_quote(rule->arena, name), nearest ? ": the nearest is \"" : "", nearest ? nearest : "",
                    nearest ? "\"" : "");
}

static const char *ask_for_the_rest(const struct config_rule *rule, struct config_exclusion *exclusion) {
  char text[ASKED_BYTES_MAX] = "";
  const char **asked = arena_allocate(rule->arena, FIELDS * sizeof *asked);
  if (!asked)
    return "shorter: the configuration is too large";
  exclusion->asked = (struct config_names){.names = asked, .count = 0};
  for (int i = 0; i < FIELDS; i++) {
    if (config_excludes(exclusion, fields[i].name))
      continue;
    asked[exclusion->asked.count++] = fields[i].name;
    strcat(strcat(text, *text ? "," : ""), fields[i].name);
  }
  exclusion->asked_text = arena_copy(rule->arena, text, strlen(text));
  return exclusion->asked_text ? NULL : "shorter: the configuration is too large";
}

bool config_excludes(const struct config_exclusion *exclusion, const char *name) {
  for (int i = 0; i < exclusion->excluded.count; i++)
    if (strcmp(exclusion->excluded.names[i], name) == 0)
      return true;
  return false;
}

const char *config_judge_exclusion(const struct config_rule *rule, const char *text, void *target) {
  struct config_exclusion exclusion = {.asked_text = NULL};
  const char *words = config_judge_names(rule, text, &exclusion.excluded);
  for (int i = 0; !words && i < exclusion.excluded.count; i++)
    words = judge_name(rule, exclusion.excluded.names[i]);
  if (!words && exclusion.excluded.count > 0)
    words = ask_for_the_rest(rule, &exclusion);
  if (!words)
    *(struct config_exclusion *)target = exclusion;
  return words;
}
