#include "base/json.h"
#include "base/text.h"

void json_init(struct json *json, struct buffer *text) { *json = (struct json){.text = text}; }

void json_name(struct json *json, struct slice name) {
  if (json->follows)
    buffer_append(json->text, ", ", 2);
  text_append_json(json->text, name);
  buffer_append(json->text, ": ", 2);
  json->named = true;
}

static void begin_value(struct json *json, const char *name) {
  if (name != NULL)
    json_name(json, slice_of(name));
  else if (json->follows && !json->named)
    buffer_append(json->text, ", ", 2);
  json->named = false;
  json->follows = true;
}

static void begin(struct json *json, const char *name, const char *bracket) {
  begin_value(json, name);
  buffer_append(json->text, bracket, 1);
  json->follows = false;
}

static void end(struct json *json, const char *bracket) {
  buffer_append(json->text, bracket, 1);
  json->follows = true;
}

void json_begin_object(struct json *json, const char *name) { begin(json, name, "{"); }

void json_end_object(struct json *json) { end(json, "}"); }

void json_begin_array(struct json *json, const char *name) { begin(json, name, "["); }

void json_end_array(struct json *json) { end(json, "]"); }

void json_slice(struct json *json, const char *name, struct slice value) {
  if (value.bytes == NULL) {
    json_null(json, name);
    return;
  }
  begin_value(json, name);
  text_append_json(json->text, value);
}

void json_text(struct json *json, const char *name, const char *value) { json_slice(json, name, slice_of(value)); }

void json_integer(struct json *json, const char *name, int64_t value) {
  begin_value(json, name);
  buffer_append_format(json->text, "%lld", (long long)value);
}

void json_known(struct json *json, const char *name, int64_t value) {
  if (value < 0)
    json_null(json, name);
  else
    json_integer(json, name, value);
}

void json_boolean(struct json *json, const char *name, bool value) {
  begin_value(json, name);
  buffer_append_text(json->text, value ? "true" : "false");
}

void json_null(struct json *json, const char *name) {
  begin_value(json, name);
  buffer_append_text(json->text, "null");
}

void json_raw(struct json *json, const char *name, struct slice value) {
  begin_value(json, name);
  if (value.bytes == NULL)
    buffer_append_text(json->text, "null");
  else
    buffer_append(json->text, value.bytes, value.length);
}

void json_raw_members(struct json *json, struct slice members) {
  if (members.length > 0)
    json_raw(json, NULL, members);
}
