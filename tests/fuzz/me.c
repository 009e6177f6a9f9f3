/* Any bytes as the answer of /me/: a principal with exactly the ids that a second reader finds, or none and a reason without any of it. */
#include "check.h"
#include "crm/page.h"
#include "crm/principal.h"
#include "tree.h"
#include <string.h>

enum { BYTES_MAX = 256 * 1024 };

static bool is_text(const struct tree *tree) { return tree != NULL && tree->kind == TREE_STRING; }

static bool holds(const struct principal *principal, struct slice id) {
  for (int i = 0; i < principal->organization_count; i++)
    if (slice_equals(id, principal->organization_ids[i]))
      return true;
  return false;
}

/* How many elements say an organization; each must be among the principal's. */
static int check_list(const struct principal *principal, const struct tree *list, const char *key) {
  int count = 0;
  for (const struct tree *element = list != NULL && list->kind == TREE_ARRAY ? list->first : NULL; element != NULL;
       element = element->next) {
    const struct tree *id = element->kind == TREE_OBJECT ? tree_member(element, key) : NULL;
    if (!is_text(id))
      continue;
    CHECK(holds(principal, id->text));
    count++;
  }
  return count;
}

static bool said(const struct tree *list, const char *key, const char *wanted) {
  for (const struct tree *element = list != NULL && list->kind == TREE_ARRAY ? list->first : NULL; element != NULL;
       element = element->next) {
    const struct tree *id = element->kind == TREE_OBJECT ? tree_member(element, key) : NULL;
    if (is_text(id) && slice_equals(id->text, wanted))
      return true;
  }
  return false;
}

static void check_principal(const struct principal *principal, const struct tree *tree) {
  const struct tree *organizations = tree_member(tree, "organizations"),
                    *memberships = tree_member(tree, "memberships");
  CHECK(slice_equals(tree_member(tree, "id")->text, principal->user_id));
  int told = check_list(principal, organizations, "id") + check_list(principal, memberships, "organization_id");
  CHECK(principal->organization_count <= told && (told == 0) == (principal->organization_count == 0));
  for (int i = 0; i < principal->organization_count; i++) {
    const char *id = principal->organization_ids[i];
    CHECK(i == 0 || strcmp(principal->organization_ids[i - 1], id) < 0);
    CHECK(said(organizations, "id", id) || said(memberships, "organization_id", id));
    CHECK(principal_may_belong(principal, id));
  }
  CHECK(principal_may_belong(principal, "orga_of_a_stranger\x01") == (principal->organization_count == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct principal principal;
  struct error error = {0};
  struct arena *arena = arena_create((size_t)64 << 20);
  struct slice body = {(const char *)data, size};
  const struct tree *tree = size <= BYTES_MAX ? tree_read(arena, body, ENTRY_DEPTH_MAX) : NULL;
  bool object = tree != NULL && tree->kind == TREE_OBJECT;
  const struct tree *id = object ? tree_member(tree, "id") : NULL;
  bool good = principal_read(body, &principal, &error);
  CHECK(!good || (is_text(id) && id->text.length > 0));
  if (good) {
    check_principal(&principal, tree);
    principal_finish(&principal);
  } else {
    CHECK(error.kind == ERROR_SHAPE && strcmp(error.text, "the answer of /me/ names no user") == 0);
    CHECK(size > 2048 || !is_text(id) || id->text.length == 0 || memchr(data, 'e', size) != NULL ||
          memchr(data, 'E', size) != NULL); /* only numbers written out make a small answer too large */
  }
  arena_destroy(arena);
  return 0;
}
