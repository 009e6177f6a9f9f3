/* A kind of error is a kind of remedy. What the error's own text says to do is not said again. */
#include "monitor/page/advice.h"
#include "monitor/health.h"

static const char *by_kind(enum error_kind kind) {
  switch (kind) {
  case ERROR_AUTH:
  case ERROR_CREDENTIAL:
    return "put another key into its file and reload; “closesyncd check” tries it";
  case ERROR_RATE_LIMIT:
    return "wait: it is asked again when Close allows it; a longer interval asks less often";
  case ERROR_NETWORK:
  case ERROR_TIMEOUT:
    return "look at the way from here to Close: name server, proxy, firewall; it is tried again";
  case ERROR_HTTP:
    return "wait: Close is in trouble, and is asked again; status.close.com may know";
  case ERROR_SHAPE:
    return "look at the log: Close answered something unexpected, and nothing of it was taken";
  case ERROR_CONFIG:
    return "mend the configuration and reload";
  case ERROR_LIMIT:
    return "raise the limit that is named and reload";
  case ERROR_DATABASE:
  case ERROR_UNREACHABLE:
    return "look at PostgreSQL’s log; “closesyncd check” names what is missing";
  case ERROR_CONFLICT:
    return "look for another process that sweeps it; it is tried again";
  case ERROR_MEMORY:
  case ERROR_BUG:
  case ERROR_CANCELLED:
  case ERROR_NONE:
    break;
  }
  return "run “closesyncd check” and look at the log";
}

bool advice_is_waiting(const struct health *health, const struct health_organization *organization) {
  return organization->last_success_s == 0 && organization->consecutive_failures == 0 && organization->error == NULL &&
         !health_is_late(health, organization);
}

const char *advice_for(const struct health *health, const struct health_organization *organization) {
  if (!health->database_up)
    return organization->error == NULL ? NULL : "bring the database back first";
  switch (health_state(health, organization)) {
  case HEALTH_WELL:
    return organization->broken > 0 ? "see which accounts are broken, and connect them again in Close" : NULL;
  case HEALTH_GUARDED: /* its error says what to run */
    return organization->error != NULL
               ? NULL
               : "if these accounts are gone on purpose, run “closesyncd sync --allow-removals” with its name";
  case HEALTH_LATE:
    return organization->skipped_turns > 0
               ? "another process sweeps it: look for a second daemon or a sync that hangs"
               : "sweeps take longer than the interval: raise the interval or api.max_requests";
  case HEALTH_NEVER:
    if (advice_is_waiting(health, organization))
      return NULL;
    break;
  case HEALTH_FAILING:
  case HEALTH_STATES:
    break;
  }
  return by_kind(organization->error_kind);
}
