/* Which documents are said to hold nothing but what close-api.md knows. */
#include "base/memory.h"
#include "crm/plain.h"
#include "unit/crm/samples.h"

#define USUAL                                                                                                      \
  "\"_type\":\"google\",\"available_calendars\":[{\"default\":true,\"id\":\"c\",\"name\":\"n\",\"status\":\"ok\"," \
  "\"synced\":true},{\"id\":\"d\"}],\"available_features\":[\"a\",\"b\"],\"calendly\":{\"x\":[1]},"                \
  "\"date_created\":\"2022-05-27T14:38:31.102000+00:00\",\"default_identity\":{\"email\":\"a@x\",\"name\":\"A\"}," \
  "\"identities\":[{\"email\":\"a@x\",\"name\":\"A\"},{\"email\":\"b@x\",\"name\":\"A\"}],\"imap\":null,"          \
  "\"is_imap_archive_sync_enabled\":false,\"latest_send_error\":null,\"receive_attempts_count\":3,"                \
  "\"smtp\":{\"date_updated\":\"2022-05-31T14:38:31Z\",\"host\":\"h\",\"port\":465,\"use_ssl\":true,"              \
  "\"username\":\"u\"},\"synced_calendars\":[]"

/* As it is spooled: canonical. */
static bool is_plain(const char *text) {
  char *canonical = canonical_of(slice_of(text));
  bool plain = plain_document(slice_of(canonical));
  memory_free(canonical);
  return plain;
}

/* Of a document of that one field, whose value stands between `before` and `after`. */
static bool fits(const char *field, const char *before, const char *value, const char *after) {
  struct buffer text;
  buffer_init(&text, 1 << 20);
  cr_assert(buffer_append_format(&text, "{\"%s\":%s%s%s}", field, before, value, after) && buffer_append(&text, "", 1));
  bool plain = is_plain(text.bytes);
  buffer_finish(&text);
  return plain;
}

Test(plain, the_usual_is_plain) {
  cr_assert(is_plain("{" USUAL "}"));
  cr_assert(is_plain("{}"));
  cr_assert(!is_plain("{" USUAL ",\"new\":null}"));
  cr_assert(!is_plain("[]"));
  cr_assert(!is_plain("null"));
}

Test(plain, each_field_is_of_its_type) {
  static const struct {
    const char *fields, *good[4], *odd[6];
  } rows[] = {
      {"_type id organization_id user_id email send_status receive_status email_receive_status calendar_receive_status "
       "latest_send_error latest_receive_error zoom_account_plan",
       {"\"x\"", "null", "\"\""},
       {"1", "true", "{}", "[]", "[\"x\"]"}},
      {"is_imap_archive_sync_enabled has_meeting_creation_scopes sync_all_calendars",
       {"true", "false", "null"},
       {"1", "\"true\"", "{}", "[true]"}},
      {"date_created lead_suggestions_updated_at",
       {"\"2024-02-28T23:59:59.1+00:00\"", "\"2023-12-31T00:00:00\"", "null"},
       {"\"\"", "5", "\"2023-02-30T00:00:00Z\"", "\"2023-01-01T24:00:00Z\"", "\"2023-01-01T00:00:00.Z\"", "\"soon\""}},
      {"default_identity smtp imap", {"{}", "null"}, {"[]", "\"x\"", "{\"new\":1}", "{\"name\":1}", "{\"host\":2}"}},
      {"smtp imap",
       {"{\"port\":0}", "{\"port\":65535,\"host\":null}", "{\"use_ssl\":null}"},
       {"{\"port\":65536}", "{\"port\":-1}", "{\"port\":1.5}", "{\"port\":\"25\"}", "{\"date_updated\":\"x\"}"}},
      {"available_features enabled_features synced_calendars",
       {"[]", "[\"a\",\"a\"]", "null"},
       {"{}", "[1]", "[null]", "[[\"a\"]]", "\"a\""}},
      {"identities",
       {"[]", "null", "[{\"name\":\"n\",\"email\":\"\"}]"},
       {"{}", "[1]", "[{\"email\":\"a\"}]", "[{\"email\":\"a\",\"name\":null}]",
        "[{\"email\":\"a\",\"name\":\"b\",\"z\":1}]", "[[{\"email\":\"a\",\"name\":\"b\"}]]"}},
      {"available_calendars",
       {"[]", "null", "[{\"id\":\"\",\"name\":null}]"},
       {"{}", "[\"c\"]", "[{\"name\":\"n\"}]", "[{\"id\":\"c\"},{\"id\":\"c\",\"name\":\"n\"}]",
        "[{\"id\":\"c\",\"z\":1}]", "[{\"id\":\"c\",\"default\":1}]"}},
      {"calendly", {"1", "null", "[{\"a\":[]}]"}, {NULL}},
      {"receive_attempts_count", {"1", "null", "-1.5"}, {"[1]", "\"1\"", "{}", "true"}},
  };
  for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
    char *fields = memory_copy(rows[row].fields, strlen(rows[row].fields)), *rest = NULL;
    for (char *field = strtok_r(fields, " ", &rest); field != NULL; field = strtok_r(NULL, " ", &rest)) {
      for (const char *const *good = rows[row].good; *good != NULL; good++)
        cr_assert(fits(field, "", *good, ""), "%s: %s", field, *good);
      for (const char *const *odd = rows[row].odd; odd < rows[row].odd + 6 && *odd != NULL; odd++)
        cr_assert(!fits(field, "", *odd, ""), "%s: %s", field, *odd);
    }
    memory_free(fields);
  }
}

Test(plain, long_keys_are_left_to_others) {
  struct buffer word;
  buffer_init(&word, 1 << 20);
  append_times(&word, "x", 501);
  cr_assert(buffer_append(&word, "", 1));
  static const char *const places[][3] = {{"enabled_features", "[\"", "\"]"},
                                          {"available_calendars", "[{\"id\":\"", "\"}]"},
                                          {"identities", "[{\"name\":\"\",\"email\":\"", "\"}]"}};
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
    cr_assert(fits(places[i][0], places[i][1], word.bytes + 1, places[i][2]), "%s", places[i][0]);
    cr_assert(!fits(places[i][0], places[i][1], word.bytes, places[i][2]), "%s", places[i][0]);
  }
  buffer_finish(&word);
}
