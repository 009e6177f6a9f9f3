/* Errors: filled, prefixed, cut where a character ends. */
#include "base/error.h"
#include <criterion/criterion.h>
#include <string.h>

Test(error, set_fills_everything_and_returns_false) {
  struct error error = {.code = "40001"};
  cr_assert_not(error_set(&error, ERROR_NETWORK, "could not reach \"%s\": %d", "host", 7));
  cr_assert_eq(error.kind, ERROR_NETWORK);
  cr_assert_str_eq(error.text, "could not reach \"host\": 7");
  cr_assert_str_eq(error.code, "", "a code of an earlier error must not stay");
}

Test(error, null_is_allowed) {
  cr_assert_not(error_set(NULL, ERROR_BUG, "x"));
  cr_assert_not(error_prefix(NULL, "x"));
  error_clear(NULL);
}

Test(error, set_may_quote_its_own_text) {
  struct error error;
  error_set(&error, ERROR_HTTP, "inner");
  error_set(&error, ERROR_NETWORK, "outer: %s", error.text);
  cr_assert_str_eq(error.text, "outer: inner");
}

Test(error, long_text_is_cut_between_characters) {
  for (size_t shift = 0; shift < 4; shift++) {
    char text[2 * ERROR_TEXT_BYTES] = "xxxx";
    for (size_t i = shift; i + 3 < sizeof text; i += 3)
      memcpy(text + i, "\xe2\x82\xac", 4);
    struct error error;
    error_set(&error, ERROR_LIMIT, "%s", text);
    size_t length = strlen(error.text);
    cr_assert(length >= ERROR_TEXT_BYTES - 3 && length < ERROR_TEXT_BYTES);
    cr_assert_eq((length - shift) % 3, 0, "cut inside a character at shift %zu", shift);
  }
}

Test(error, prefix_keeps_kind_and_code) {
  struct error error;
  error_set(&error, ERROR_DATABASE, "no");
  strcpy(error.code, "42501");
  cr_assert_not(error_prefix(&error, "step %d", 20));
  cr_assert_str_eq(error.text, "step 20: no");
  cr_assert_str_eq(error.code, "42501");
  cr_assert_eq(error.kind, ERROR_DATABASE);
}

Test(error, prefix_of_a_full_text_is_cut) {
  char text[ERROR_TEXT_BYTES];
  memset(text, 'a', sizeof text);
  text[sizeof text - 1] = '\0';
  struct error error;
  error_set(&error, ERROR_HTTP, "%s", text);
  error_prefix(&error, "%s", text);
  cr_assert_eq(strlen(error.text), ERROR_TEXT_BYTES - 1);
  error_prefix(&error, "%s", "head");
  cr_assert_eq(strncmp(error.text, "head: aaa", 9), 0);
}

Test(error, clear) {
  struct error error;
  error_set(&error, ERROR_BUG, "x");
  error_clear(&error);
  cr_assert_eq(error.kind, ERROR_NONE);
  cr_assert_str_eq(error.text, "");
}
