/* Refuses to mix two organizations. It promises that a configuration that contradicts what is recorded, and a key that shows another
 * organization's accounts, fail the sweep with nothing written. */
#include "sweep/identity.h"
#include "base/text.h"
#include "sql/embedded.h"
#include <string.h>

#define ALPHANUMERIC "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* A NAME out of a comma-separated list that is another than this one, configured and enabled; or NULL. */
static const struct config_organization *configured_claim(const struct config *config, const char *names,
                                                          const struct config_organization *self) {
  char name[64];
  for (const char *at = names; at != NULL && *at != '\0';) {
    size_t length = strcspn(at, ",");
    if (length < sizeof name) {
      memcpy(name, at, length);
      name[length] = '\0';
      const struct config_organization *organization = config_find(config, name);
      if (organization != NULL && organization != self && organization->enabled)
        return organization;
    }
    at += length + (at[length] == ',' ? 1 : 0);
  }
  return NULL;
}

bool identity_is_configured(const struct sweep *sweep, struct error *error) {
  const struct config_organization *organization = sweep->options.organization;
  const struct mirror_state *mirror_state = &sweep->mirror_state;
  const struct config_organization *claim =
      configured_claim(sweep->options.shared->config, mirror_state->also_named, organization);
  if (organization->organization_id != NULL &&
      strcmp(organization->organization_id, mirror_state->organization_id) != 0)
    return error_set(
        error, ERROR_CONFIG,
        "the organization behind this key changed: \"%s\" is recorded as %s, but organization_id says %s; use a new "
        "NAME for the other organization",
        organization->name, mirror_state->organization_id, organization->organization_id);
  if (!text_equals(organization->user_id, mirror_state->user_id))
    return error_set(
        error, ERROR_CONFIG,
        "the organization behind this key changed: \"%s\" was recorded with user_id \"%s\", now it is \"%s\"; put it "
        "back, or mirror into another database.schema",
        organization->name, mirror_state->user_id == NULL ? "" : mirror_state->user_id,
        organization->user_id == NULL ? "" : organization->user_id);
  if (claim != NULL)
    return error_set(error, ERROR_CONFIG,
                     "two names, \"%s\" and \"%s\", for one organization: remove one of them from the configuration",
                     organization->name, claim->name);
  return true;
}

static void on_forgotten(void *context, const struct error *error) {
  (void)context; /* tidying up: when it fails, the next sweep tries again */
  (void)error;
}

void identity_forget_claims(struct sweep *sweep) {
  struct db_statement unclaim = {
      .sql = sql_query_unclaim, .count = 2, .values = {slice_of(sweep->mirror_state.organization_id), slice_of("{}")}};
  db_query(sweep->options.shared->write, &unclaim, NULL, on_forgotten, NULL);
}

/* The name of an organization, if that is what Close said: it might be anything, and goes into the log and the tables. */
static const char *told_organization(const char *id) {
  size_t known = strncmp(id, "orga_", 5) == 0 ? 5 + strspn(id + 5, ALPHANUMERIC) : 0;
  return known > 5 && known < 100 && id[known] == '\0' ? id : "another organization";
}

bool identity_refuse(const struct sweep *sweep, const char *sign, const char *other, struct error *error) {
  return error_set(error, ERROR_CONFIG,
                   "the organization behind this key changed: \"%s\" is recorded as %s, %s %s; give the recorded "
                   "organization's key, or use a new NAME for the other",
                   sweep->options.organization->name, told_organization(sweep_bound_to(sweep)), sign,
                   told_organization(other));
}

bool identity_is_listed(const struct sweep *sweep, struct error *error) {
  const struct snapshot *snapshot = listing_snapshot(sweep->listing);
  const char *listed = snapshot_organization(snapshot), *bound = sweep_bound_to(sweep);
  if (snapshot_other_organization(snapshot) != NULL)
    return error_set(error, ERROR_CONFIG,
                     "one listing holds the accounts of two organizations, %s and %s: nothing is written",
                     told_organization(listed), told_organization(snapshot_other_organization(snapshot)));
  if (listed != NULL && bound != NULL && strcmp(listed, bound) != 0)
    return identity_refuse(sweep, "the key shows accounts of", listed, error);
  return true;
}

bool identity_is_in_doubt(const struct sweep *sweep) {
  const struct snapshot *snapshot = listing_snapshot(sweep->listing);
  return snapshot_organization(snapshot) == NULL && snapshot_count(snapshot).differing > 0;
}
