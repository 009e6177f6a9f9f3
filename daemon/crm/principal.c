/* The answer to "who am I?". It promises a user id or an error. `organizations[].id` is what Close documents;
 * `memberships[].organization_id` says the same and is read too. */
#include "crm/principal.h"
#include "base/memory.h"
#include "crm/answer.h"
#include "crm/page.h"
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

/* json-c needs up to 250 times the bytes it reads, and a tenth of a second for 256 KiB of brackets: larger is no answer to this question. */
enum { ME_BYTES_MAX = 256 * 1024 };

static void add_organization(struct principal *principal, struct json_object *id) {
  int count = principal->organization_count;
  if (!json_object_is_type(id, json_type_string))
    return;
  if ((count & (count - 1)) == 0) /* doubled at each power of two */
    principal->organization_ids = memory_resize(principal->organization_ids, 2 * sizeof(char *) * ((size_t)count + 1));
  principal->organization_ids[principal->organization_count++] = memory_copy_text(json_object_get_string(id));
}

static void add_all(struct principal *principal, struct json_object *me, const char *list, const char *key) {
  struct json_object *array, *id;
  if (!json_object_object_get_ex(me, list, &array) || !json_object_is_type(array, json_type_array))
    return;
  for (size_t i = 0; i < json_object_array_length(array); i++) {
    struct json_object *element = json_object_array_get_idx(array, i);
    if (json_object_is_type(element, json_type_object) && json_object_object_get_ex(element, key, &id))
      add_organization(principal, id);
  }
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

/* NULL: it is no such object. */
static struct json_object *parse(struct slice body) {
  struct slice text;
  struct json_object *me = NULL;
  struct canonical *canonical = canonical_create();
  if (answer_read(canonical, body, ME_BYTES_MAX, &text)) {
    struct json_tokener *tokener =
        json_tokener_new_ex(ENTRY_DEPTH_MAX + 1); /* json_tokener_parse() stops at 32 levels */
    if (tokener == NULL)
      memory_exhausted();
    me = json_tokener_parse_ex(tokener, text.bytes, (int)text.length);
    json_tokener_free(tokener);
  }
  canonical_destroy(canonical);
  return me;
}

bool principal_read(struct slice body, struct principal *ret_principal, struct error *error) {
  struct json_object *me = parse(body), *id;
  bool good = me != NULL && json_object_object_get_ex(me, "id", &id) && json_object_is_type(id, json_type_string) &&
              json_object_get_string_len(id) > 0;
  if (good) {
    *ret_principal = (struct principal){.user_id = memory_copy_text(json_object_get_string(id))};
    add_all(ret_principal, me, "organizations", "id");
    add_all(ret_principal, me, "memberships", "organization_id");
    settle_organizations(ret_principal);
  }
  json_object_put(me);
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
