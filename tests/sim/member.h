/* Members of a JSON object with a default for those that are absent. */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>

long member_number(struct json_object *object, const char *name, long absent);
bool member_bool(struct json_object *object, const char *name, bool absent);

/* Borrowed from the object; NULL when absent or no string. */
const char *member_string(struct json_object *object, const char *name);

/* A copy of the same; owned by the caller. */
char *member_copy(struct json_object *object, const char *name);
