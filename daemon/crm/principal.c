#include "crm/principal.h"
#include "base/memory.h"
#include "crm/canonical.h"
#include "crm/page.h"
#include "crm/walk.h"
#include <stdlib.h>
#include <string.h>

/* What this file is for: the answer to "who am I?". It promises a user id or an error. `organizations[].id` is what Close
 * documents; `memberships[].organization_id` says the same and is read too. */

enum { ME_BYTES_MAX = 1024 * 1024, ME_WRITTEN_BYTES_MAX = 8 * ME_BYTES_MAX };

static void add_organization(struct principal *principal, char *id) {
  int count = principal->organization_count;
  if (id == NULL)
    return;
  if ((count & (count - 1)) == 0) /* doubled at each power of two */
    principal->organization_ids = memory_resize(principal->organization_ids, 2 * sizeof(char *) * ((size_t)count + 1));
  principal->organization_ids[principal->organization_count++] = id;
}

static void add_all(struct principal *principal, struct slice me, const char *list, const char *key) {
  struct slice rest, element, id;
  if (!walk_member(me, list, &rest))
    return;
  while (walk_element(&rest, &element))
    if (walk_member(element, key, &id))
      add_organization(principal, walk_text(id));
}

static int compare_ids(const void *left, const void *right) {
  return strcmp(*(char *const *)left, *(char *const *)right);
}

/* Sorted, each once. */
static void settle_organizations(struct principal *principal) {
  char **ids = principal->organization_ids;
  int count = principal->organization_count, kept = 0;
  if (count > 0)
    qsort(ids, (size_t)count, sizeof *ids, compare_ids);
  for (int i = 0; i < count; i++)
    if (kept > 0 && strcmp(ids[kept - 1], ids[i]) == 0)
      memory_free(ids[i]);
    else
      ids[kept++] = ids[i];
  principal->organization_count = kept;
}

static bool is_readable(struct slice body, struct page_entry *ret_entry) {
  return page_read_single(body, ME_BYTES_MAX, ret_entry, NULL) && ret_entry->object &&
         ret_entry->depth <= ENTRY_DEPTH_MAX;
}

bool principal_read(struct slice body, struct principal *ret_principal, struct error *error) {
  struct canonical *canonical = canonical_create();
  struct page_entry entry;
  struct slice me = {0}, id = {0};
  if (is_readable(body, &entry) && canonical_write(canonical, entry.raw, ME_WRITTEN_BYTES_MAX) != CANONICAL_LARGE)
    me = canonical_text(canonical);
  char *user_id = walk_member(me, "id", &id) ? walk_text(id) : NULL;
  bool good = user_id != NULL && *user_id != '\0';
  if (good) {
    *ret_principal = (struct principal){.user_id = user_id};
    add_all(ret_principal, me, "organizations", "id");
    add_all(ret_principal, me, "memberships", "organization_id");
    settle_organizations(ret_principal);
  } else {
    memory_free(user_id);
  }
  canonical_destroy(canonical);
  return good || error_set(error, ERROR_SHAPE, "the answer of /me/ names no user");
}

void principal_finish(struct principal *principal) {
  for (int i = 0; i < principal->organization_count; i++)
    memory_free(principal->organization_ids[i]);
  memory_free(principal->organization_ids);
  memory_free(principal->user_id);
  *principal = (struct principal){0};
}

bool principal_may_belong(const struct principal *principal, const char *organization_id) {
  for (int i = 0; i < principal->organization_count; i++)
    if (strcmp(principal->organization_ids[i], organization_id) == 0)
      return true;
  return principal->organization_count == 0;
}
