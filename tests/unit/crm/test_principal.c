/* Who the key is, and for which organizations. */
#include "crm/principal.h"
#include "unit/crm/samples.h"

static struct principal principal;

static bool reads(struct slice body) {
  struct error error;
  principal = (struct principal){0};
  bool good = principal_read(body, &principal, &error);
  cr_assert(good || error.kind == ERROR_SHAPE);
  return good;
}

Test(principal, user_and_organizations) {
  cr_assert(
      reads(slice_of("{\"id\":\"user_1\",\"organizations\":[{\"id\":\"orga_1\",\"name\":\"x\"},{\"id\":\"orga_2\"}],"
                     "\"memberships\":[{\"organization_id\":\"orga_2\"},{\"organization_id\":\"orga_3\"}]}")));
  cr_assert_str_eq(principal.user_id, "user_1");
  cr_assert_eq(principal.organization_count, 3, "each once");
  cr_assert_str_eq(principal.organization_ids[2], "orga_3");
  cr_assert(principal_may_belong(&principal, "orga_1") && principal_may_belong(&principal, "orga_3"));
  cr_assert_not(principal_may_belong(&principal, "orga_4"));
  principal_finish(&principal);
  cr_assert_null(principal.user_id);
}

Test(principal, one_that_names_no_organization_may_belong_to_any) {
  static const char *const bodies[] = {
      "{\"id\":\"user_1\"}",
      "{\"id\":\"user_1\",\"organizations\":[]}",
      "{\"id\":\"user_1\",\"organizations\":null,\"memberships\":{}}",
      "{\"id\":\"user_1\",\"organizations\":[1,null,\"orga_1\",[],{},{\"id\":1},{\"id\":null}]}",
  };
  for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    cr_assert(reads(slice_of(bodies[i])), "%s", bodies[i]);
    cr_assert_eq(principal.organization_count, 0, "%s", bodies[i]);
    cr_assert(principal_may_belong(&principal, "orga_1"));
    principal_finish(&principal);
  }
}

Test(principal, what_names_no_user) {
  static const char *const bodies[] = {
      "",
      "null",
      "[]",
      "\"user_1\"",
      "{}",
      "{\"id\":null}",
      "{\"id\":1}",
      "{\"id\":\"\"}",
      "{\"data\":[{\"id\":\"user_1\"}]}",
      "{\"id\":\"user_1\"}}",
      "{\"id\":\"user_1\"",
      "Forbidden",
      "{\"id\":\"user_1\"} x",
      "{'id':'user_1'}",
  };
  for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
    cr_assert_not(reads(slice_of(bodies[i])), "%s", bodies[i]);
}

Test(principal, odd_bytes_are_mended) {
  cr_assert(reads(BYTES("{\"id\":\"user\0\xff\",\"x\\u0000\":\"\\ud800\",\"n\":123456789012345678901234567890}")));
  cr_assert_str_eq(principal.user_id, "user\xef\xbf\xbd\xef\xbf\xbd");
  principal_finish(&principal);
}

Test(principal, depth) {
  struct buffer body;
  buffer_init(&body, 1 << 20);
  for (size_t depth = 31; depth <= 65; depth++) {
    buffer_clear(&body);
    append_times(append_times(append_times(&body, "{\"id\":\"u\",\"x\":", 1), "[", depth - 1), "]", depth - 1);
    bool good = reads(buffer_slice(append_times(&body, "}", 1)));
    cr_assert_eq(good, depth <= 64, "%zu levels", depth);
    if (good)
      principal_finish(&principal);
  }
  buffer_finish(&body);
}

Test(principal, as_many_organizations_as_a_reply_can_hold) {
  struct buffer body;
  buffer_init(&body, 1 << 20);
  append_times(&body, "{\"id\":\"u\",\"organizations\":[{}", 1);
  bool good = true;
  for (int i = 0; good && i < 16000; i++) /* each twice */
    good = buffer_append_format(&body, ",{\"id\":\"%d\"}", i % 8000);
  cr_assert(good && reads(buffer_slice(append_times(&body, "]}", 1))));
  cr_assert_eq(principal.organization_count, 8000, "%d", principal.organization_count);
  cr_assert(principal_may_belong(&principal, "0") && principal_may_belong(&principal, "7999"));
  cr_assert_not(principal_may_belong(&principal, "8000"));
  principal_finish(&principal);
  buffer_finish(&body);
}
