#pragma once
/* Writes JSON into a buffer, value by value, with the commas and the quotes. Whether it all fitted is asked of the buffer at the end.
 * A value's name is NULL inside an array and at the top. */
#include "base/buffer.h"

struct json {
  struct buffer *text; /* borrowed */
  bool follows;        /* a value stands before the next one on its level */
  bool named;          /* json_name() has written the next value's name */
};

void json_init(struct json *json, struct buffer *text);
void json_name(struct json *json, struct slice name); /* of the value that comes next, with a name of NULL */
void json_begin_object(struct json *json, const char *name);
void json_end_object(struct json *json);
void json_begin_array(struct json *json, const char *name);
void json_end_array(struct json *json);
void json_slice(struct json *json, const char *name, struct slice value); /* bytes NULL: null */
void json_text(struct json *json, const char *name, const char *value);   /* NULL: null */
void json_integer(struct json *json, const char *name, int64_t value);
void json_known(struct json *json, const char *name, int64_t value); /* negative: null */
void json_boolean(struct json *json, const char *name, bool value);
void json_null(struct json *json, const char *name);
/* Values already written, with their commas; may be empty. */
void json_raw_members(struct json *json, struct slice members);
void json_raw(struct json *json, const char *name, struct slice value); /* JSON already; bytes NULL: null */
