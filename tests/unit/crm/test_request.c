/* The three URLs, and what must never become a step in a path. */
#include "crm/request.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define BASE "https://api.close.com/api/v1"

static struct buffer url;
static void set_up(void) { buffer_init(&url, 4096); }
static void tear_down(void) { buffer_finish(&url); }
TestSuite(request, .init = set_up, .fini = tear_down);

static void expect_list(struct request_list list, const char *expected) {
  request_list_url(&url, BASE, &list);
  cr_assert_str_eq(url.bytes, expected);
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
  request_account_url(&url, BASE, slice_of("a"), "id,_type");
  cr_assert_str_eq(url.bytes, BASE "/connected_account/a/?_fields=id,_type");
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
    request_account_url(&url, BASE, slice_of(rows[i][0]), NULL);
    cr_assert_str_eq(url.bytes, expected);
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
  buffer_finish(&url);
  buffer_init(&url, REQUEST_URL_BYTES_MAX);
  request_account_url(&url, base, slice_of(id), fields);
  cr_assert(buffer_fits(&url));
  cr_assert_eq(url.length, 2000 + strlen("/connected_account//?_fields=") + 1500 + 500);
  request_list_url(&url, base, &list);
  cr_assert(buffer_fits(&url));
}

Test(request, me) {
  request_me_url(&url, "http://127.0.0.1:80/x");
  cr_assert_str_eq(url.bytes, "http://127.0.0.1:80/x/me/");
  request_me_url(&url, BASE);
  cr_assert_str_eq(url.bytes, BASE "/me/", "the buffer is cleared first");
}

Test(request, what_does_not_fit_is_told) {
  struct request_list list = {REQUEST_LIMIT_AND_SKIP, 100, 0, "user_1", NULL};
  buffer_finish(&url);
  buffer_init(&url, 30);
  request_list_url(&url, BASE, &list);
  cr_assert_not(buffer_fits(&url));
  request_account_url(&url, BASE, slice_of("a"), NULL);
  cr_assert_not(buffer_fits(&url));
  request_me_url(&url, BASE);
  cr_assert_not(buffer_fits(&url));
}
