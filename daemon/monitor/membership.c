#include "monitor/membership.h"

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

bool membership_write_metrics(const struct health_fleet *fleet, struct buffer *text) {
  static const char slots[] = "closesyncd_fleet_slots", daemons[] = "closesyncd_fleet_daemons",
                    differing[] = "closesyncd_fleet_daemons_differing";
  if (fleet == NULL)
    return true;
  return buffer_append_format(text, "# HELP %s Slots of the fleet as this daemon has them.\n# TYPE %s gauge\n", slots,
                              slots) &&
         buffer_append_format(text, "%s{state=\"owned\"} %d\n%s{state=\"draining\"} %d\n%s{state=\"foreign\"} %d\n",
                              slots, fleet->owned, slots, fleet->draining, slots, fleet->foreign) &&
         buffer_append_format(text, "# HELP %s Daemons that share the organizations.\n# TYPE %s gauge\n%s %d\n",
                              daemons, daemons, daemons, fleet->daemon_count) &&
         buffer_append_format(text,
                              "# HELP %s Those whose configuration differs from this one's.\n# TYPE %s gauge\n%s %d\n",
                              differing, differing, differing, count_differing(fleet));
}
