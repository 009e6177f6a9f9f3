/* The copy and everything it points to are one allocation. */
#include "monitor/health_copy.h"
#include "base/memory.h"
#include <string.h>

struct copy {
  struct health health; /* first: freeing it frees all */
  struct health_fleet fleet;
  char *text; /* where the next text goes */
};

static size_t text_bytes(const char *text) { return text == NULL ? 0 : strlen(text) + 1; }

static size_t all_text_bytes(const struct health *health) {
  const struct health_fleet *fleet = health->fleet;
  size_t bytes = text_bytes(health->database_error) + text_bytes(health->database_refusal);
  for (int i = 0; i < health->organization_count; i++) {
    const struct health_organization *organization = health->organizations[i];
    bytes +=
        text_bytes(organization->name) + text_bytes(organization->organization_id) + text_bytes(organization->error);
  }
  for (int i = 0; fleet != NULL && i < fleet->daemon_count; i++)
    bytes += text_bytes(fleet->daemons[i].member);
  return bytes + (fleet == NULL ? 0 : text_bytes(fleet->member));
}

static char *keep(struct copy *copy, const char *text) {
  size_t bytes = text_bytes(text);
  char *kept = copy->text;
  if (text == NULL)
    return NULL;
  memcpy(kept, text, bytes);
  copy->text += bytes;
  return kept;
}

static void keep_organization(struct copy *copy, struct health_organization *organization) {
  organization->name = keep(copy, organization->name);
  organization->organization_id = keep(copy, organization->organization_id);
  organization->error = keep(copy, organization->error);
}

static void keep_fleet(struct copy *copy, const struct health_fleet *fleet, struct health_daemon *daemons) {
  copy->fleet = *fleet;
  copy->fleet.member = keep(copy, fleet->member);
  copy->fleet.daemons = daemons;
  for (int i = 0; i < fleet->daemon_count; i++) {
    daemons[i] = fleet->daemons[i];
    daemons[i].member = keep(copy, daemons[i].member);
  }
  copy->health.fleet = &copy->fleet;
}

const struct health *health_copy(const struct health *health) {
  size_t count = (size_t)health->organization_count, list = count * sizeof(struct health_organization *),
         all = count * sizeof(struct health_organization),
         fleet = health->fleet == NULL ? 0 : (size_t)health->fleet->daemon_count * sizeof(struct health_daemon);
  struct copy *copy = memory_allocate(sizeof *copy + all + list + fleet + all_text_bytes(health));
  struct health_organization *organizations = (struct health_organization *)(copy + 1);
  const struct health_organization **pointers = (const struct health_organization **)(organizations + count);
  struct health_daemon *daemons = (struct health_daemon *)(pointers + count);
  copy->health = *health;
  copy->text = (char *)daemons + fleet;
  for (size_t i = 0; i < count; i++) {
    organizations[i] = *health->organizations[i];
    keep_organization(copy, &organizations[i]);
    pointers[i] = &organizations[i];
  }
  copy->health.database_error = keep(copy, health->database_error);
  copy->health.database_refusal = keep(copy, health->database_refusal);
  copy->health.organizations = pointers;
  if (health->fleet != NULL)
    keep_fleet(copy, health->fleet, daemons);
  return &copy->health;
}
