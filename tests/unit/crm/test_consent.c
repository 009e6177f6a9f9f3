/* What a person opens, and what he may paste. */
#include "crm/consent.h"
#include <criterion/criterion.h>
#include <string.h>

Test(consent, the_address_to_open) {
  struct oauth_client client = {.id = "oa2 1"};
  struct buffer url;
  buffer_init(&url, 1000);
  cr_assert(consent_url(&url, "https://app.close.com/oauth2/authorize/", &client, "abc"));
  cr_assert_str_eq(url.bytes, "https://app.close.com/oauth2/authorize/?client_id=oa2%201&response_type=code&state=abc");
  client.redirect_uri = "https://x.example/?a=1";
  cr_assert(consent_url(&url, "https://h/", &client, "abc"));
  cr_assert_str_eq(url.bytes, "https://h/?client_id=oa2%201&response_type=code&state=abc"
                              "&redirect_uri=https%3A%2F%2Fx.example%2F%3Fa%3D1");
  buffer_finish(&url);
}

Test(consent, a_code_is_found) {
  static const struct {
    const char *pasted, *code;
  } rows[] = {
      {"https://x.example/back?code=c-1&state=abc", "c-1"},
      {"  https://x.example/back?state=abc&code=c-1  \r\n", "c-1"},
      {"https://x.example/back?xcode=0&code=c%2F1%20&state=abc#fragment", "c/1 "},
      {"code=c-1&state=abc", "c-1"},
      {"state=abc&code=c-1", "c-1"},
      {"localhost:1234/?code=c-1&state=abc", "c-1"},
      {"c-1", "c-1"},
      {"\tc-1\n", "c-1"},
      {"c%2F1", "c/1"},
      {"x_code=1", "x_code=1"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct secret *code = NULL;
    struct error error = {0};
    cr_assert(consent_read(slice_of(rows[i].pasted), "abc", &code, &error), "%s: %s", rows[i].pasted, error.text);
    cr_assert_str_eq(secret_expose(code), rows[i].code);
    secret_destroy(code);
  }
}

Test(consent, what_is_wrong_is_a_clear_sentence) {
  static const struct {
    const char *pasted, *sentence;
  } rows[] = {
      {"", "nothing was pasted"},
      {" \n", "nothing was pasted"},
      {"https://x/?error=access_denied&state=abc", "the consent was not given (access_denied)"},
      {"https://x/?error=access_denied", "the consent was not given (access_denied)"},
      {"https://x/?error=SECRET%0a&state=abc", "holds no code"},
      {"https://x/?error=Secret1&state=abc", "the consent was not given (with a word that is none of OAuth's)"},
      {"https://x/?code=c-1&state=abd", "the state of the pasted address is not that of this attempt"},
      {"https://x/?code=c-1&state=", "is not that of this attempt"},
      {"https://x/?code=c-1", "holds no state"},
      {"https://x/?state=abc", "holds no code"},
      {"https://x/back", "holds no code"},
      {"https://x/?code=&state=abc", "holds no code that could be Close's"},
      {"https://app.close.com/oauth2/authorize/?client_id=1&response_type=code&state=abc",
       "this is the address to open"},
      {"https://x/?code=c- 1&state=abc", "holds a blank in its middle"},
      {"https://x/?code=c-1\n&state=abc", "holds a blank in its middle"},
      {"https://x/?code=c%0&state=abc", "holds no code"},
      {"c%zz", "holds no code that could be Close's"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct secret *code = NULL;
    struct error error = {0};
    cr_assert_not(consent_read(slice_of(rows[i].pasted), "abc", &code, &error), "%s", rows[i].pasted);
    cr_assert_null(code);
    cr_assert_eq(error.kind, ERROR_AUTH);
    cr_assert_not_null(strstr(error.text, rows[i].sentence), "%s: %s", rows[i].pasted, error.text);
    cr_assert_null(strstr(error.text, "c-1"), "%s", error.text);
  }
}
