/* The three URLs, and what must never become a step in a path. */
#include "crm/request.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define BASE "https://api.close.com/api/v1"

static void expect(struct buffer url, const char *expected) {
  cr_assert_str_eq(url.bytes, expected);
  buffer_finish(&url);
}

static void expect_list(struct request_list list, const char *expected) {
  expect(request_list_url(BASE, &list), expected);
}

static void expect_too_long(struct buffer url) {
  cr_assert_not(buffer_fits(&url));
  buffer_finish(&url);
}

Test(request, lists) {
  expect_list((struct request_list){REQUEST_LIMIT_AND_SKIP, 100, 0, NULL, NULL},
              BASE "/connected_account/?_limit=100&_skip=0");
  expect_list((struct request_list){REQUEST_LIMIT_AND_SKIP, 50, 12345678901, NULL, NULL},
              BASE "/connected_account/?_limit=50&_skip=12345678901");
  expect_list((struct request_list){REQUEST_SKIP_ONLY, 100, 7, NULL, NULL}, BASE "/connected_account/?_skip=7");
  expect_list((struct request_list){REQUEST_PLAIN, 100, 7, NULL, NULL}, BASE "/connected_account/");
  expect_list((struct request_list){REQUEST_PLAIN, 100, 7, "user_1", NULL}, BASE "/connected_account/?user_id=user_1");
  expect_list((struct request_list){REQUEST_LIMIT_AND_SKIP, 1, 0, "user&_limit=9#?%", NULL},
              BASE "/connected_account/?_limit=1&_skip=0&user_id=user%26_limit%3D9%23%3F%25");
}

Test(request, fields) {
  expect_list((struct request_list){REQUEST_LIMIT_AND_SKIP, 1, 0, "u", "id,_type"},
              BASE "/connected_account/?_limit=1&_skip=0&_fields=id,_type&user_id=u");
  expect_list((struct request_list){REQUEST_PLAIN, 1, 0, NULL, "id"}, BASE "/connected_account/?_fields=id");
  expect_list((struct request_list){REQUEST_PLAIN, 1, 0, "u", "id"}, BASE "/connected_account/?_fields=id&user_id=u");
  expect(request_account_url(BASE, slice_of("a"), "id,_type"), BASE "/connected_account/a/?_fields=id,_type");
}

Test(request, ids_are_one_step_of_the_path) {
  static const char *const rows[][2] = {
      {"emailacct_QeGt-._~", "emailacct_QeGt-._~"},
      {"a/b", "a%2Fb"},
      {"../me", "..%2Fme"},
      {"..", "%2E%2E"},
      {".", "%2E"},
      {"...", "..."},
      {"%2e%2e", "%252e%252e"},
      {"a?b=c&d#e", "a%3Fb%3Dc%26d%23e"},
      {"'\"\\<>", "%27%22%5C%3C%3E"},
      {" \t\r\n", "%20%09%0D%0A"},
      {"\xc3\xa4\xef\xbf\xbd", "%C3%A4%EF%BF%BD"},
      {"a@b:c;d,e+f", "a%40b%3Ac%3Bd%2Ce%2Bf"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char expected[256];
    snprintf(expected, sizeof expected, BASE "/connected_account/%s/", rows[i][1]);
    expect(request_account_url(BASE, slice_of(rows[i][0]), NULL), expected);
    snprintf(expected, sizeof expected, BASE "/organization/%s/", rows[i][1]);
    expect(request_organization_url(BASE, slice_of(rows[i][0])), expected);
  }
}

/* Whatever the configuration accepts, and Close names its accounts, has an address. */
Test(request, the_longest_ids_fit) {
  char base[2001], id[501], fields[501];
  struct request_list list = {REQUEST_LIMIT_AND_SKIP, 1000, SIZE_MAX, id, fields};
  memset(base, 'x', 2000);
  memset(id, '/', 500);
  memset(fields, 'f', 500);
  base[2000] = id[500] = fields[500] = '\0';
  struct buffer url = request_account_url(base, slice_of(id), fields);
  cr_assert(buffer_fits(&url));
  cr_assert_eq(url.length, 2000 + strlen("/connected_account//?_fields=") + 1500 + 500);
  buffer_finish(&url);
  url = request_list_url(base, &list);
  cr_assert(buffer_fits(&url));
  buffer_finish(&url);
}

Test(request, me) {
  expect(request_me_url("http://127.0.0.1:80/x"), "http://127.0.0.1:80/x/me/");
  expect(request_me_url(BASE), BASE "/me/");
}

Test(request, what_does_not_fit_is_told) {
  struct request_list list = {REQUEST_LIMIT_AND_SKIP, 100, 0, "user_1", NULL};
  char base[5000];
  memset(base, 'x', sizeof base);
  base[sizeof base - 1] = '\0';
  expect_too_long(request_list_url(base, &list));
  expect_too_long(request_account_url(base, slice_of("a"), NULL));
  expect_too_long(request_organization_url(base, slice_of("a")));
  expect_too_long(request_me_url(base));
}
