/* Ways in: exactly one for each organization, and nothing of a secret in a message. */
#include "unit/config/config_fixture.h"

TestSuite(config_credential, .init = set_up, .fini = tear_down);

#define OAUTH "oauth_client_id=c\noauth_client_secret_file=/s\n"

Test(config_credential, exactly_one_way_in) {
  static const struct problem rows[] = {
      {"[organization a]\n", 1,
       "organization \"a\" has no key: set api_key_file (a path) or api_key_credential (a name), or "
       "access_token_file, or oauth_client_id"},
      {"[organization a]\napi_key_file=/x\naccess_token_file=/y\n", 1,
       "more than one way in (an API key, an access token): keep one of them"},
      {"[organization a]\naccess_token_credential=y\n" OAUTH, 1, "more than one way in (an access token, OAuth)"},
      {"[organization a]\napi_key_file=/x\noauth_token_file=/y\n", 1, "more than one way in (an API key, OAuth)"},
      {"[organization a]\nenabled=no\napi_key_file=/x\n" OAUTH, 1, "more than one way in"},
      {"[organization a]\naccess_token_file=/x\naccess_token_credential=y\n", 3,
       "has both access_token_file and access_token_credential: keep one of them"},
      {"[organization a]\noauth_client_secret_credential=x\n" OAUTH, 4,
       "has both oauth_client_secret_file and oauth_client_secret_credential"},
      {"[organization a]\noauth_client_id=c\n", 1, "has no client secret: set oauth_client_secret_file (a path) or"},
      {"[organization a]\noauth_client_secret_file=/s\n", 1, "has no oauth_client_id"},
      {"[organization a]\noauth_redirect_uri=ftp://x\n" OAUTH, 2, "must be a URL like https://example.com/back"},
      {"[organization a]\noauth_redirect_uri=https://x y\n" OAUTH, 2, "must be a URL like https://example.com/back"},
      {"[organization a]\noauth_token_file=x\n" OAUTH, 2, "an absolute path"},
      {"[fleet]\nenabled=yes\n[organization a]\n" OAUTH, 3,
       "uses OAuth, which cannot be shared by the machines of a fleet"},
      {"[api]\noauth_url=http://close.com/\n[organization a]\n" OAUTH, 2, "\"api.oauth_url\" must be https://"},
      {"[api]\noauth_authorize_url=close.com\n[organization a]\n" OAUTH, 2, "must be a URL that begins with https://"},
  };
  EXPECT_PROBLEMS(rows);
  expect_problem("[organization a]\naccess_token_file=hunter2\n", 2, "an absolute path");
  cr_assert_null(strstr(told(), "hunter2"));
  expect_well("[fleet]\nenabled=yes\n[organization a]\naccess_token_file=/x\n");
  expect_well("[fleet]\nenabled=yes\n[organization a]\nenabled=no\n" OAUTH);
}

Test(config_credential, an_override_may_change_the_way) {
  make_drop_ins();
  write_file("c.conf.d/10.conf", "[organization a]\napi_key_file=\n" OAUTH);
  expect_well("[organization a]\napi_key_file=/x\n");
  cr_assert_eq(config->organizations[0].way, CONFIG_OAUTH);
}

Test(config_credential, an_access_token_is_read) {
  write_file("t", "eyJ.abc==\n");
  cr_assert(load("[organization a]\naccess_token_file=$/t\n", true), "%s", told());
  cr_assert_eq(config->organizations[0].way, CONFIG_ACCESS_TOKEN);
  cr_assert_str_eq(secret_expose(config->organizations[0].key), "eyJ.abc==");
  cr_assert_not_null(strstr(config->organizations[0].token_path, "/t"));
  write_bytes("t", "hunter2", 7, 0644);
  cr_assert_not(load("[organization a]\naccess_token_file=$/t\n", true));
  cr_assert_not_null(strstr(told(), "others can read it"), "%s", told());
  cr_assert_null(strstr(told(), "hunter2"));
  setenv("CREDENTIALS_DIRECTORY", folder, 1);
  write_file("t", "abc");
  cr_assert(load("[organization a]\naccess_token_credential=t\n", true), "%s", told());
  cr_assert_not_null(strstr(config->organizations[0].token_path, "/t"));
}

Test(config_credential, oauth_is_read_and_placed) {
  const struct config_organization *organization;
  write_file("s", "client-secret\n");
  unsetenv("STATE_DIRECTORY");
  cr_assert(load("[organization acme]\noauth_client_id=c\noauth_client_secret_file=$/s\n", true), "%s", told());
  organization = &config->organizations[0];
  cr_assert_eq(organization->way, CONFIG_OAUTH);
  cr_assert_str_eq(organization->client_id, "c");
  cr_assert_str_eq(secret_expose(organization->key), "client-secret");
  cr_assert_null(organization->redirect_uri);
  cr_assert_str_eq(organization->token_path, "/var/lib/closesyncd/acme.oauth");
  cr_assert_str_eq(config->api.oauth_url, "https://api.close.com/oauth2/token/");
  setenv("STATE_DIRECTORY", "/var/lib/a:/var/lib/b", 1);
  expect_well("[api]\nbase_url=http://[::1]:80/api/v1/\n[organization acme]\n" OAUTH);
  cr_assert_str_eq(config->organizations[0].token_path, "/var/lib/a/acme.oauth");
  cr_assert_str_eq(config->api.oauth_url, "http://[::1]:80/oauth2/token/");
  expect_well("[api]\noauth_url=https://h/t/\n[organization acme]\noauth_token_file=/t\n" OAUTH);
  cr_assert_str_eq(config->organizations[0].token_path, "/t");
  cr_assert_str_eq(config->api.oauth_url, "https://h/t/");
}
