/* Reads what is there; a value of another type counts as absent. */
#include "sim/member.h"

#include "sim/text.h"

static struct json_object *member(struct json_object *object, const char *name, json_type type) {
  struct json_object *value = NULL;
  if (!json_object_object_get_ex(object, name, &value) || !json_object_is_type(value, type))
    return NULL;
  return value;
}

long member_number(struct json_object *object, const char *name, long absent) {
  struct json_object *value = member(object, name, json_type_int);
  return value ? (long)json_object_get_int64(value) : absent;
}

bool member_bool(struct json_object *object, const char *name, bool absent) {
  struct json_object *value = member(object, name, json_type_boolean);
  return value ? json_object_get_boolean(value) : absent;
}

const char *member_string(struct json_object *object, const char *name) {
  struct json_object *value = member(object, name, json_type_string);
  return value ? json_object_get_string(value) : NULL;
}

char *member_copy(struct json_object *object, const char *name) {
  const char *string = member_string(object, name);
  return string ? copy_string(string) : NULL;
}
