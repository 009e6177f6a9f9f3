/* One text for all the ways to say the same, and two for what is not the same. */
#include "crm/canonical.h"
#include "unit/crm/samples.h"

Test(canonical, numbers_by_value) {
  static const char *const rows[][2] = {
      {"0", "0"},
      {"-0", "0"},
      {"0.000", "0"},
      {"-0.0e5", "0"},
      {"0e999999999999999999999", "0"},
      {"0e-99999999999", "0"},
      {"1", "1"},
      {"1.0", "1"},
      {"1e0", "1"},
      {"10e-1", "1"},
      {"0.1e1", "1"},
      {"0.001E+3", "1"},
      {"100e-2", "1"},
      {"-1.50", "-1.5"},
      {"1e2", "100"},
      {"1.25e1", "12.5"},
      {"12.5e-3", "0.0125"},
      {"0.0100", "0.01"},
      {"1e-7", "0.0000001"},
      {"123456789.000", "123456789"},
      {"1.5e3", "1500"},
      {"100.001", "100.001"},
      {"0.10e1", "1"},
      {"1e-0", "1"},
      {"9223372036854775807", "9223372036854775807"},
      {"9223372036854775808", "9223372036854775808"},
      {"-9223372036854775809", "-9223372036854775809"},
      {"18446744073709551616", "18446744073709551616"},
      {"123456789012345678901234567890.10", "123456789012345678901234567890.1"},
      {"0.30000000000000004", "0.30000000000000004"},
      {"1e18", "1000000000000000000"},
      {"1.7976931348623157e309", NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char *canonical = canonical_of(slice_of(rows[i][0]));
    if (rows[i][1] != NULL)
      cr_assert_str_eq(canonical, rows[i][1], "%s", rows[i][0]);
    else
      cr_assert_eq(strlen(canonical), 310, "beyond a double: %s", canonical);
    memory_free(canonical);
  }
}

static enum canonical_fault fault_of(const char *number) {
  struct buffer text;
  buffer_init(&text, 1 << 20);
  enum canonical_fault fault = canonical_number(&text, slice_of(number));
  buffer_finish(&text);
  return fault;
}

/* What PostgreSQL 15 said to the same numbers; tests/story/canonical_agrees.c asks it again. */
Test(canonical, numbers_that_jsonb_cannot_hold) {
  cr_assert_eq(fault_of("1e131071"), CANONICAL_GOOD);
  cr_assert_eq(fault_of("1e131072"), CANONICAL_NUMBER);
  cr_assert_eq(fault_of("-9.99e131071"), CANONICAL_GOOD);
  cr_assert_eq(fault_of("0.1e131072"), CANONICAL_GOOD);
  cr_assert_eq(fault_of("1e-16383"), CANONICAL_GOOD);
  cr_assert_eq(fault_of("1e-16384"), CANONICAL_NUMBER);
  cr_assert_eq(fault_of("10e-16384"), CANONICAL_GOOD);
  cr_assert_eq(fault_of("1.1e-16383"), CANONICAL_NUMBER);
  cr_assert_eq(fault_of("1e99999999999999999999999"), CANONICAL_NUMBER);
  cr_assert_eq(fault_of("1e-99999999999999999999999"), CANONICAL_NUMBER);
  cr_assert_eq(fault_of("-1e2147483648"), CANONICAL_NUMBER);
}

Test(canonical, long_numbers_are_exact) {
  struct buffer digits;
  buffer_init(&digits, 1 << 20);
  append_times(&digits, "9", 131072);
  append_times(append_times(&digits, ".", 1), "7", 16383);
  char *canonical = canonical_of(buffer_slice(&digits));
  cr_assert_str_eq(canonical, digits.bytes);
  memory_free(canonical);
  cr_assert_eq(fault_of(append_times(&digits, "0", 50000)->bytes), CANONICAL_GOOD, "zeros at the end say nothing");
  cr_assert_eq(fault_of(append_times(&digits, "1", 1)->bytes), CANONICAL_NUMBER);
  buffer_clear(&digits);
  cr_assert_eq(fault_of(append_times(&digits, "9", 131073)->bytes), CANONICAL_NUMBER);
  buffer_finish(&digits);
}

Test(canonical, a_full_buffer_is_no_bad_number) {
  struct buffer text;
  buffer_init(&text, 100);
  cr_assert_eq(canonical_number(&text, slice_of("1e200")), CANONICAL_LARGE);
  buffer_clear(&text);
  struct json_object *array = json_tokener_parse("[1e300]");
  cr_assert_eq(canonical_write(array, NULL, 0, &text, NULL), CANONICAL_LARGE);
  json_object_put(array);
  array = json_tokener_parse("[1, [1e200000]]");
  buffer_clear(&text);
  cr_assert_eq(canonical_write(array, NULL, 0, &text, NULL), CANONICAL_NUMBER);
  json_object_put(array);
  buffer_finish(&text);
}

Test(canonical, keys_are_sorted_and_the_last_twin_counts) {
  expect_canonical(slice_of("{\"b\": 1, \"a\": {\"d\": 2, \"c\": 3}, \"\": 0}"),
                   "{\"\":0,\"a\":{\"c\":3,\"d\":2},\"b\":1}");
  expect_canonical(slice_of("{\"a\": 1, \"b\": 2, \"a\": 3}"), "{\"a\":3,\"b\":2}");
  expect_canonical(slice_of("{\"a\": 1, \"\\u0061\": 3}"), "{\"a\":3}");
  expect_canonical(slice_of("{\"a\": 1, \"a\": null}"), "{\"a\":null}");
  expect_canonical(slice_of("{\"\xc3\xa4\": 1, \"z\": 2, \"\\u00e4\": 3}"), "{\"z\":2,\"\xc3\xa4\":3}");
  expect_canonical(BYTES("{\"a\0\": 1, \"a\\u0000\": 2, \"a\": 3}"), "{\"a\":3,\"a\xef\xbf\xbd\":2}");
}

Test(canonical, arrays_are_bags) {
  expect_canonical(slice_of("[3, 1, 2, 1]"), "[1,1,2,3]");
  expect_canonical(slice_of("[]"), "[]");
  expect_canonical(slice_of("[1.0, 1, 1e0]"), "[1,1,1]");
  expect_canonical(slice_of("[\"b\", {\"y\": 1, \"x\": [2, 1]}, null, \"a\", [], true, 10, 9]"),
                   "[\"a\",\"b\",10,9,[],null,true,{\"x\":[1,2],\"y\":1}]");
  expect_canonical(slice_of("[[2, 1], [1, 2], [[4, 3]]]"), "[[1,2],[1,2],[[3,4]]]");
  expect_canonical(slice_of("[\"ab\", \"a\", \"abc\"]"), "[\"a\",\"ab\",\"abc\"]");
  expect_canonical(
      slice_of("{\"identities\": [{\"name\": \"B\", \"email\": \"b\"}, {\"email\": \"a\", \"name\": \"A\"}]}"),
      "{\"identities\":[{\"email\":\"a\",\"name\":\"A\"},{\"email\":\"b\",\"name\":\"B\"}]}");
}

Test(canonical, strings_by_what_they_say) {
  expect_canonical(slice_of("\"\\u0041\\/\\u00e4\\ud83d\\ude00\""), "\"A/\xc3\xa4\xf0\x9f\x98\x80\"");
  expect_canonical(slice_of("\"\\u000a\\n\\u0022\\u005c\\u0001\""), "\"\\n\\n\\\"\\\\\\u0001\"");
  expect_canonical(BYTES("\"a\nb\0\""), "\"a\\nb\xef\xbf\xbd\"");
  expect_canonical(slice_of("\"\\ud800\""), "\"\xef\xbf\xbd\"");
  expect_canonical(slice_of("[\"1\", 1, \"true\", true, \"null\", null]"), "[\"1\",\"null\",\"true\",1,null,true]");
}

Test(canonical, null_is_not_absent) {
  expect_canonical(slice_of("{\"a\": null}"), "{\"a\":null}");
  expect_canonical(slice_of("{}"), "{}");
  expect_canonical(slice_of("null"), "null");
}

Test(canonical, secret_keys) {
  static const char *const secret[] = {
      "password", "Password",      "PASSWORD",    "smtp_password_2", "passwd",     "x-passwd",
      "secret",   "client_secret", "Secrets",     "token",           "oauthToken", "refresh_token",
      "tokens",   "credential",    "Credentials", "api_key",         "API_KEY",    "xapi_keyx",
      "apikey",   "apiKey",        "private_key", "PRIVATE_KEY_PEM",
  };
  static const char *const plain[] = {"pass",       "pass_word", "secre",   "tok",        "toke_n",
                                      "cred",       "api-key",   "api key", "privatekey", "key",
                                      "public_key", "",          "id",      "email",      "username"};
  for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++)
    cr_assert(canonical_key_is_secret(secret[i]), "%s", secret[i]);
  for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
    cr_assert_not(canonical_key_is_secret(plain[i]), "%s", plain[i]);
}

Test(canonical, redaction_at_any_depth_but_not_of_null) {
  expect_canonical(slice_of("{\"token\": \"s\", \"a\": [{\"b\": {\"apiKey\": {\"deep\": [1]}}}], \"secret\": null}"),
                   "{\"a\":[{\"b\":{\"apiKey\":\"[redacted]\"}}],\"secret\":null,\"token\":\"[redacted]\"}");
  expect_canonical(slice_of("{\"passw\\u006frd\": 1, \"p\": false, \"Passwd\": false, \"credentials\": []}"),
                   "{\"Passwd\":\"[redacted]\",\"credentials\":\"[redacted]\",\"p\":false,\"passw"
                   "ord\":\"[redacted]\"}");
  expect_canonical(slice_of("[\"token\", {\"x\": \"password\"}]"), "[\"token\",{\"x\":\"password\"}]");
}

/* A bad number under a secret key is not looked at: nothing of it is kept. */
Test(canonical, what_is_redacted_cannot_be_wrong) {
  expect_canonical(slice_of("{\"token\": 1e999999}"), "{\"token\":\"[redacted]\"}");
}

Test(canonical, volatile_names_are_cut_at_the_top_only) {
  static const char *const names[] = {"seen_at", "token"};
  struct buffer text, lasting;
  buffer_init(&text, 1000);
  buffer_init(&lasting, 1000);
  struct json_object *object =
      json_tokener_parse("{\"seen_at\":1,\"z\":{\"seen_at\":2},\"token\":\"t\",\"a\":[1.0],\"b\":null}");
  cr_assert_eq(canonical_write(object, names, 2, &text, &lasting), CANONICAL_GOOD);
  cr_assert_str_eq(text.bytes, "{\"a\":[1],\"b\":null,\"seen_at\":1,\"token\":\"[redacted]\",\"z\":{\"seen_at\":2}}");
  cr_assert_str_eq(lasting.bytes, "{\"a\":[1],\"b\":null,\"z\":{\"seen_at\":2}}");
  json_object_put(object);
  buffer_clear(&text);
  buffer_clear(&lasting);
  object = json_tokener_parse("{\"token\":\"t\",\"seen_at\":null}");
  cr_assert_eq(canonical_write(object, names, 2, &text, &lasting), CANONICAL_GOOD);
  cr_assert_str_eq(lasting.bytes, "{}");
  json_object_put(object);
  buffer_finish(&text);
  buffer_finish(&lasting);
}
