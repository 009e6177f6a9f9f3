/* Daemons that share their organizations must agree on some things, and may differ in others. */
#include "config/digest.h"
#include "unit/config/config_fixture.h"

TestSuite(digest, .init = set_up, .fini = tear_down);

static bool is_same(const char *left, const char *right) {
  unsigned char a[HASH_BYTES], b[HASH_BYTES];
  expect_well(left);
  config_digest(config, a);
  expect_well(right);
  config_digest(config, b);
  return memcmp(a, b, HASH_BYTES) == 0;
}

#define ONE "[organization one]\napi_key_file = /elsewhere/1\n"
#define TWO "[organization two]\napi_key_file = /elsewhere/2\n"

Test(digest, says_whether_the_work_is_the_same) {
  cr_assert(is_same(ONE TWO, TWO ONE), "the order of sections");
  cr_assert(is_same("[fleet]\nmember = left\n[log]\nlevel = debug\n[http]\nlisten = 127.0.0.1:8740\n" ONE,
                    "[fleet]\nmember = right\n[organization one]\napi_key_file = /here\n"),
            "what is a machine's own");
  cr_assert(is_same(ONE, ONE "[organization two]\nenabled = no\napi_key_file = /x\n"), "who is not enabled");
  static const char *const others[] = {ONE TWO,
                                       "[sync]\ninterval = 10s\n" ONE,
                                       "[sync]\nmax_removed = 10%\n" ONE,
                                       "[sync]\nvolatile_fields =\n" ONE,
                                       "[sync]\nexclude_fields = smtp\n" ONE,
                                       "[fleet]\nttl = 10s\n" ONE,
                                       "[organization one]\nuser_id = user_1\napi_key_file = /x\n",
                                       "[organization one]\ninterval = 10s\napi_key_file = /x\n",
                                       "[organization one]\naccess_token_file = /x\n",
                                       "[api]\nbase_url = https://api.example.com/v1\n" ONE};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    cr_assert_not(is_same(ONE, others[i]), "%s", others[i]);
}
