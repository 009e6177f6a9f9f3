/* JSON as it is written: commas, names, nesting, what is null. */
#include "base/json.h"
#include <criterion/criterion.h>

Test(json, writes_values_names_and_nesting) {
  struct buffer text;
  struct json json;
  buffer_init(&text, 1000);
  json_init(&json, &text);
  json_begin_object(&json, NULL);
  json_text(&json, "a", "x\"y");
  json_text(&json, "b", NULL);
  json_slice(&json, "c", (struct slice){"zz", 1});
  json_integer(&json, "d", -5);
  json_boolean(&json, "e", true);
  json_begin_array(&json, "f");
  json_known(&json, NULL, 1);
  json_known(&json, NULL, -1);
  json_begin_object(&json, NULL);
  json_end_object(&json);
  json_null(&json, NULL);
  json_end_array(&json);
  json_name(&json, (struct slice){"g\n", 2});
  json_begin_array(&json, NULL);
  json_raw(&json, NULL, slice_of("{\"h\": 1}"));
  json_raw(&json, NULL, (struct slice){0});
  json_end_array(&json);
  json_begin_array(&json, "i");
  json_raw_members(&json, (struct slice){0});
  json_end_array(&json);
  json_end_object(&json);
  cr_assert_str_eq(text.bytes, "{\"a\": \"x\\\"y\", \"b\": null, \"c\": \"z\", \"d\": -5, \"e\": true, "
                               "\"f\": [1, null, {}, null], \"g\\n\": [{\"h\": 1}, null], \"i\": []}");
  buffer_finish(&text);
}

Test(json, what_does_not_fit_is_told_at_the_end) {
  struct buffer text;
  struct json json;
  buffer_init(&text, 10);
  json_init(&json, &text);
  json_begin_array(&json, NULL);
  for (int i = 0; i < 10; i++)
    json_integer(&json, NULL, i);
  json_end_array(&json);
  cr_assert_not(buffer_fits(&text));
  buffer_finish(&text);
}
