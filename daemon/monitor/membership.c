#include "monitor/membership.h"
#include "monitor/exposition.h"

/* Daemons with another configuration than this one's. */
static int count_differing(const struct health_fleet *fleet) {
  int count = 0;
  for (int i = 0; i < fleet->daemon_count; i++)
    count += fleet->daemons[i].is_other ? 1 : 0;
  return count;
}

void membership_write_status(const struct health_fleet *fleet, struct json *json) {
  if (fleet == NULL)
    return;
  json_begin_object(json, "fleet");
  json_text(json, "member", fleet->member);
  json_begin_object(json, "slots");
  json_integer(json, "owned", fleet->owned);
  json_integer(json, "draining", fleet->draining);
  json_integer(json, "foreign", fleet->foreign);
  json_end_object(json);
  json_begin_array(json, "daemons");
  for (int i = 0; i < fleet->daemon_count; i++) {
    const struct health_daemon *daemon = &fleet->daemons[i];
    json_begin_object(json, NULL);
    json_text(json, "member", daemon->member);
    json_integer(json, "owned", daemon->slots);
    json_boolean(json, "self", daemon->is_self);
    json_boolean(json, "differs", daemon->is_other);
    json_end_object(json);
  }
  json_end_array(json);
  json_end_object(json);
}

void membership_write_metrics(const struct health_fleet *fleet, struct buffer *text) {
  static const char slots[] = "closesyncd_fleet_slots";
  if (fleet == NULL)
    return;
  exposition_head(text, slots, "gauge", "Slots of the fleet as this daemon has them.");
  exposition_sample(text, slots, NULL, (const char *[]){"state", "owned"}, fleet->owned);
  exposition_sample(text, slots, NULL, (const char *[]){"state", "draining"}, fleet->draining);
  exposition_sample(text, slots, NULL, (const char *[]){"state", "foreign"}, fleet->foreign);
  exposition_single(text,
                    (const char *[]){"closesyncd_fleet_daemons", "gauge", "Daemons that share the organizations."},
                    fleet->daemon_count);
  exposition_single(text,
                    (const char *[]){"closesyncd_fleet_daemons_differing", "gauge",
                                     "Those whose configuration differs from this one's."},
                    count_differing(fleet));
}
