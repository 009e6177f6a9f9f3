/* One text for all the ways to say the same, and two for what is not the same. */
#include "crm/canonical.h"
#include "unit/crm/samples.h"

static enum canonical_fault fault_of(const char *text, size_t limit_bytes) {
  struct canonical *canonical = canonical_create();
  enum canonical_fault fault = canonical_write(canonical, slice_of(text), limit_bytes);
  canonical_destroy(canonical);
  return fault;
}

Test(canonical, a_full_buffer_is_no_bad_number) {
  cr_assert_eq(fault_of("[1e300]", 100), CANONICAL_LARGE);
  cr_assert_eq(fault_of("[1, [1e200000]]", 100), CANONICAL_NUMBER);
  cr_assert_eq(fault_of("[1, [1e10]]", 16), CANONICAL_LARGE);
  cr_assert_eq(fault_of("[1, [1e10]]", 17), CANONICAL_GOOD);
}

Test(canonical, keys_are_sorted_and_the_last_twin_counts) {
  expect_canonical(slice_of("{\"b\": 1, \"a\": {\"d\": 2, \"c\": 3}, \"\": 0}"),
                   "{\"\":0,\"a\":{\"c\":3,\"d\":2},\"b\":1}");
  expect_canonical(slice_of("{\"a\": 1, \"b\": 2, \"a\": 3}"), "{\"a\":3,\"b\":2}");
  expect_canonical(slice_of("{\"a\": 1, \"\\u0061\": 3}"), "{\"a\":3}");
  expect_canonical(slice_of("{\"a\": 1, \"a\": null}"), "{\"a\":null}");
  expect_canonical(slice_of("{\"\xc3\xa4\": 1, \"z\": 2, \"\\u00e4\": 3}"), "{\"z\":2,\"\xc3\xa4\":3}");
  expect_canonical(BYTES("{\"a\0\": 1, \"a\\u0000\": 2, \"a\": 3}"), "{\"a\":3,\"a\xef\xbf\xbd\":1}");
}

/* What was no name and became one that is there already: which of them stays does not depend on the order. */
Test(canonical, names_that_became_the_same) {
#define BAD "\xef\xbf\xbd"
  expect_canonical(slice_of("{\"k\\u0000\": 1, \"k\\ufffd\": 2}"), "{\"k" BAD "\":2}");
  expect_canonical(slice_of("{\"k\\ufffd\": 2, \"k\\u0000\": 1}"), "{\"k" BAD "\":2}");
  expect_canonical(slice_of("{\"k\\ufffd\": 2, \"k\\u0000\": 1, \"k\\ufffd\": 3}"), "{\"k" BAD "\":3}");
  expect_canonical(slice_of("{\"k\\ud800\": 1, \"k\\u0000\": 2}"), "{\"k" BAD "\":2}");
  expect_canonical(slice_of("{\"k\\u0000\": 2, \"k\\ud800\": 1}"), "{\"k" BAD "\":2}");
  expect_canonical(BYTES("{\"k\xff\": 1, \"k\xfe\": 2, \"k\xfe\": 3}"), "{\"k" BAD "\":3}");
  expect_canonical(BYTES("{\"k\xfe\": 2, \"k\xfe\": 3, \"k\xff\": 1}"), "{\"k" BAD "\":3}");
}

Test(canonical, a_twin_that_does_not_count_may_be_wrong) {
  expect_canonical(slice_of("{\"a\": 1e999999, \"a\": 1}"), "{\"a\":1}");
  cr_assert_eq(fault_of("{\"a\": 1, \"a\": [1e999999]}", 100), CANONICAL_NUMBER);
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
    cr_assert(canonical_key_is_secret(slice_of(secret[i])), "%s", secret[i]);
  for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
    cr_assert_not(canonical_key_is_secret(slice_of(plain[i])), "%s", plain[i]);
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

Test(canonical, the_outermost_members_can_be_asked_for) {
  struct canonical *canonical = canonical_create();
  struct canonical_member member;
  const char *text = "{\"z\":{\"a\":2},\"to\\u006ben\":\"t\",\"a\":[1.0, {\"q\":1}],\"b\":null,\"z\":{\"c\":3}}";
  static const char *const expected[][3] = {{"a", "\"a\":[1,{\"q\":1}]", "[1,{\"q\":1}]"},
                                            {"b", "\"b\":null", "null"},
                                            {"token", "\"token\":\"[redacted]\"", "\"[redacted]\""},
                                            {"z", "\"z\":{\"c\":3}", "{\"c\":3}"}};
  cr_assert_eq(canonical_write(canonical, slice_of(text), 1000), CANONICAL_GOOD);
  for (size_t i = 0; i < 4; i++) {
    cr_assert(canonical_member(canonical, i, &member));
    cr_assert(slice_equals(member.name, expected[i][0]) && slice_equals(member.text, expected[i][1]) &&
                  slice_equals(member.value, expected[i][2]),
              "%s", expected[i][0]);
  }
  cr_assert_not(canonical_member(canonical, 4, &member));
  cr_assert_eq(canonical_write(canonical, slice_of("[{\"a\":1},{\"b\":2}]"), 1000), CANONICAL_GOOD);
  cr_assert_not(canonical_member(canonical, 0, &member), "no object");
  canonical_destroy(canonical);
}
