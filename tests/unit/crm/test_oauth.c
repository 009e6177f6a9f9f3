/* Tokens as Close, the disk and a form spell them; what may be odd about each. */
#include "crm/oauth.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { NOW = 1800000000 };

#define ANSWER(rest) "{\"token_type\": \"Bearer\", \"access_token\": \"at-1\", \"refresh_token\": \"rt-1\"" rest "}"

static bool read_answer(const char *text, struct oauth_token *token) {
  struct error error = {0};
  bool good = oauth_read_answer(slice_of(text), NOW, token, &error);
  cr_assert_eq(good, error.kind == ERROR_NONE);
  cr_assert(good || error.kind == ERROR_SHAPE);
  return good;
}

Test(oauth, an_answer_is_read) {
  struct oauth_token token;
  cr_assert(read_answer(ANSWER(", \"expires_in\": 3600, \"scope\": \"all.full_access offline_access\","
                               " \"organization_id\": \"orga_1\", \"user_id\": \"user_1\""),
                        &token));
  cr_assert_str_eq(secret_expose(token.access), "at-1");
  cr_assert_str_eq(secret_expose(token.refresh), "rt-1");
  cr_assert_eq(token.obtained_s, NOW);
  cr_assert_eq(token.expires_s, NOW + 3600);
  cr_assert_str_eq(token.organization_id, "orga_1");
  cr_assert_str_eq(token.user_id, "user_1");
  oauth_token_finish(&token);
}

Test(oauth, an_odd_answer_is_read_leniently) {
  static const struct {
    const char *text, *access;
    int64_t expires_s;
  } rows[] = {
      {ANSWER(""), "at-1", 0},
      {ANSWER(", \"expires_in\": \"60\""), "at-1", NOW + 60},
      {ANSWER(", \"expires_in\": 60.5"), "at-1", NOW + 60},
      {ANSWER(", \"expires_in\": -1"), "at-1", 0},
      {ANSWER(", \"token_type\": \"bearer\""), "at-1", 0},
      {ANSWER(", \"token_type\": null"), "at-1", 0},
      {ANSWER(", \"expires_in\": null, \"organization_id\": 7, \"user_id\": null, \"more\": [{}]"), "at-1", 0},
      {ANSWER(", \"expires_in\": 99999999999999999999"), "at-1", 0},
      {ANSWER(", \"expires_in\": 99999999999999"), "at-1", NOW + 10LL * 365 * 24 * 3600},
      {ANSWER(", \"obtained_at\": 5, \"expires_in\": 60"), "at-1", NOW + 60},
      {"\r\n {\"access_token\":\"a\\/b\\u002bc\\\\\\\"\"}\n", "a/b+c\\\"", 0},
      {"{\"access_token\": \"one\", \"access_token\": \"two\"}", "two", 0},
      {"{\"access_token\": \"one\", \"acc\\u0065ss_token\": \"two\"}", "two", 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct oauth_token token;
    cr_assert(read_answer(rows[i].text, &token), "%s", rows[i].text);
    cr_assert_str_eq(secret_expose(token.access), rows[i].access);
    cr_assert_eq(token.expires_s, rows[i].expires_s, "%s", rows[i].text);
    oauth_token_finish(&token);
  }
}

Test(oauth, what_is_no_answer_is_refused) {
  static const char *const texts[] = {
      "",
      "[]",
      "null",
      "{}",
      "<html>",
      "{\"access_token\": \"\"}",
      "{\"access_token\": 7}",
      "{\"access_token\": \"a\\nb\"}",
      "{\"access_token\": \"\\u00e9\"}",
      "{\"access_token\": \"a\\u0000\"}",
      "{\"access_token\": \"a\", \"refresh_token\": \"\\u0007\"}",
      "{\"access_token\": \"a\", \"token_type\": \"mac\"}",
      "{\"access_token\": \"a\", \"token_type\": \"\"}",
      "{\"access_token\": \"a\", \"token_type\": 7}",
      "{\"access_token\": \"a\"",
      "{\"access_token\": \"a\"} x",
      "{\"access_token\": \"a\",}",
      "{\"access_token\" \"a\"}",
      "{\"access_token\": \"\xc3\xa9\"}",
  };
  struct oauth_token token;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    cr_assert_not(read_answer(texts[i], &token), "%s", texts[i]);
}

/* However an answer is cut, it is not taken for a whole one. */
Test(oauth, a_cut_answer_is_refused) {
  const char *whole = ANSWER(", \"expires_in\": 3600, \"organization_id\": \"orga_1\"");
  struct oauth_token token;
  for (size_t length = 0; length < strlen(whole); length++) {
    char *text = strndup(whole, length);
    cr_assert_not(read_answer(text, &token), "%s", text);
    free(text);
  }
}

Test(oauth, a_token_too_long_is_refused) {
  size_t length = OAUTH_TOKEN_BYTES_MAX;
  char *text = calloc(1, length + 64);
  struct oauth_token token;
  for (int longer = 0; longer < 2; longer++) {
    strcpy(text, "{\"access_token\": \"");
    size_t begin = strlen(text);
    memset(text + begin, 'x', length + (size_t)longer);
    strcpy(text + begin + length + longer, "\"}");
    cr_assert_eq(read_answer(text, &token), longer == 0);
    if (longer == 0)
      oauth_token_finish(&token);
  }
  free(text);
}

Test(oauth, a_refusal_is_told_by_its_word_alone) {
  cr_assert_str_eq(
      oauth_read_refusal(slice_of("{\"error\": \"invalid_grant\", \"error_description\": \"rt-1 is spent\"}")),
      "invalid_grant");
  cr_assert_str_eq(oauth_read_refusal(slice_of("{\"error\": \"rt-1\"}")), "");
  cr_assert_str_eq(oauth_read_refusal(slice_of("{\"error\": {\"message\": \"invalid_grant\"}}")), "");
  cr_assert_str_eq(oauth_read_refusal(slice_of("{\"\\u0065rror\": \"invalid\\u005fgrant\"}")), "invalid_grant");
  cr_assert_str_eq(oauth_read_refusal(slice_of("<html>")), "");
}

Test(oauth, a_file_is_read_as_it_was_written) {
  struct oauth_token token, again;
  struct error error = {0};
  char digest[2 * HASH_BYTES + 1];
  cr_assert(read_answer("{\"access_token\": \"a\\\\\\\"/b\", \"refresh_token\": \"r r\", \"expires_in\": 60, "
                        "\"organization_id\": \"orga_1\", \"user_id\": \"user_1\"}",
                        &token));
  oauth_digest(token.refresh, token.replaces);
  struct secret *text = oauth_write_file(&token);
  cr_assert(oauth_read_file(slice_of(secret_expose(text)), 7, &again, &error), "%s", error.text);
  cr_assert(secret_equals(token.access, again.access) && secret_equals(token.refresh, again.refresh));
  cr_assert_eq(again.obtained_s, NOW);
  cr_assert_eq(again.expires_s, NOW + 60);
  cr_assert_str_eq(again.organization_id, "orga_1");
  cr_assert_str_eq(again.user_id, "user_1");
  oauth_digest(again.refresh, digest);
  cr_assert_str_eq(again.replaces, digest);
  secret_destroy(text);
  oauth_token_finish(&token);
  oauth_token_finish(&again);
}

/* Written into a room that was filled before, and cut at any byte by a crash. */
Test(oauth, a_file_is_whole_or_none) {
  struct oauth_token token, again;
  struct error error = {0};
  char room[OAUTH_FILE_BYTES_MAX];
  cr_assert(read_answer(ANSWER(", \"expires_in\": 60"), &token));
  struct secret *text = oauth_write_file(&token);
  size_t length = strlen(secret_expose(text));
  for (size_t cut = 0; cut <= length; cut++) {
    memset(room, 0, sizeof room);
    memcpy(room, secret_expose(text), cut);
    bool good = oauth_read_file((struct slice){room, sizeof room}, 7, &again, &error);
    cr_assert_eq(good, cut >= length - 1, "%zu of %zu bytes", cut, length); /* the last byte is a line break */
    if (good)
      oauth_token_finish(&again);
  }
  secret_destroy(text);
  oauth_token_finish(&token);
}

Test(oauth, a_file_may_be_written_by_hand) {
  struct oauth_token token;
  struct error error = {0};
  cr_assert(oauth_read_file(slice_of(ANSWER(", \"expires_in\": 60")), 1000, &token, &error));
  cr_assert_eq(token.obtained_s, 1000);
  cr_assert_eq(token.expires_s, 1060);
  oauth_token_finish(&token);
  cr_assert(oauth_read_file(slice_of("{\"refresh_token\": \"r\"}"), 1000, &token, &error));
  cr_assert(oauth_token_is_due(&token, 1000));
  oauth_token_finish(&token);
  cr_assert_not(oauth_read_file(slice_of("{\"access_token\": \"a\"}"), 1000, &token, &error));
  cr_assert_eq(error.kind, ERROR_CREDENTIAL);
  cr_assert_str_eq(error.text, "it holds no refresh token");
  cr_assert_not(oauth_read_file(slice_of("rt-1"), 1000, &token, &error));
  cr_assert_str_eq(error.text, "it is no token file");
}

/* Contract 7: less than the smaller of 5 minutes and a tenth of its life is left. */
Test(oauth, when_a_token_is_due) {
  static const struct {
    int64_t life_s, age_s;
    bool due, lives;
  } rows[] = {
      {3600, 0, false, true},    {3600, 3299, false, true}, {3600, 3300, false, true}, {3600, 3301, true, true},
      {3600, 3600, true, false}, {600, 540, false, true},   {600, 541, true, true},    {10, 9, false, true},
      {10, 10, true, false},     {0, 0, true, false},       {3600, -100, false, true},
  };
  struct oauth_token token = {.access = secret_create("a", 1), .obtained_s = NOW};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    token.expires_s = NOW + rows[i].life_s;
    cr_assert_eq(oauth_token_is_due(&token, NOW + rows[i].age_s), rows[i].due, "row %zu", i);
    cr_assert_eq(oauth_token_lives(&token, NOW + rows[i].age_s), rows[i].lives, "row %zu", i);
  }
  token.expires_s = 0;
  cr_assert_not(oauth_token_is_due(&token, NOW + 1000000000LL));
  cr_assert(oauth_token_lives(&token, NOW + 1000000000LL));
  cr_assert_not(oauth_token_is_old(&token, NOW + 59));
  cr_assert(oauth_token_is_old(&token, NOW + 60));
  cr_assert(oauth_token_is_old(&token, NOW - 1), "the clock went back");
  oauth_token_finish(&token);
}

Test(oauth, forms_are_what_close_documents) {
  struct secret *client_secret = secret_create("s&1", 3), *token = secret_create("r=+ 1", 5);
  struct oauth_client client = {.id = "oa2client_1", .secret = client_secret};
  struct secret *form = oauth_refresh_form(&client, token);
  cr_assert_str_eq(secret_expose(form), "grant_type=refresh_token&refresh_token=r%3D%2B%201&client_id=oa2client_1"
                                        "&client_secret=s%261");
  secret_destroy(form);
  form = oauth_code_form(&client, token);
  cr_assert_str_eq(secret_expose(form), "grant_type=authorization_code&code=r%3D%2B%201&client_id=oa2client_1"
                                        "&client_secret=s%261");
  secret_destroy(form);
  client.redirect_uri = "https://x.example/back";
  form = oauth_code_form(&client, token);
  cr_assert_not_null(strstr(secret_expose(form), "&redirect_uri=https%3A%2F%2Fx.example%2Fback&"));
  secret_destroy(form);
  secret_destroy(token);
  secret_destroy(client_secret);
}
