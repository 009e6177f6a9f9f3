/* Addresses: plain http stays on this machine, whatever the URL pretends. */
#include "unit/config/config_fixture.h"

TestSuite(config_address, .init = set_up, .fini = tear_down);

Test(config_address, base_urls) {
  static const char *const good[] = {"https://api.close.com/api/v1",
                                     "https://h",
                                     "https://h:8443/x/",
                                     "http://127.0.0.1",
                                     "http://127.9.8.7:80",
                                     "http://localhost:1/x",
                                     "http://[::1]:8080/api/v1",
                                     "https://[2001:db8::1]/x"};
  static const char *const bad[] = {"",
                                    "api.close.com",
                                    "ftp://h",
                                    "HTTP://evil.com",
                                    "https://",
                                    "https:///x",
                                    "https://h:0",
                                    "https://h:65536",
                                    "https://h:x",
                                    "https://h:",
                                    "https://u@h",
                                    "https://u:p@h/x",
                                    "https://h?x",
                                    "https://h/x?y",
                                    "https://h/x#y",
                                    "https://h /x",
                                    "https://h\\@x",
                                    "https://h/\\x",
                                    "https://h/../x",
                                    "https://[::1",
                                    "https://[nonsense]",
                                    "http://evil.com",
                                    "http://127.0.0.1@evil.com/",
                                    "http://127.0.0.1:80@evil.com/",
                                    "http://127.0.0.1.evil.com",
                                    "http://127.0.0.1\\.evil.com",
                                    "http://127.1",
                                    "http://2130706433",
                                    "http://0x7f.0.0.1",
                                    "http://0177.0.0.1",
                                    "http://128.0.0.1",
                                    "http://0.0.0.0",
                                    "http://localhost.evil.com",
                                    "http://LOCALHOST",
                                    "http://localhost.",
                                    "http://[::2]",
                                    "http://[::ffff:127.0.0.1]",
                                    "http://::1",
                                    "http://127.0.0.1%2eevil.com",
                                    "http://[::1]evil.com"};
  char text[256];
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    snprintf(text, sizeof text, "[api]\nbase_url = %s\n", good[i]);
    expect_well(text);
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    snprintf(text, sizeof text, "[api]\nbase_url = %s\n", bad[i]);
    expect_problem(text, 2, "\"api.base_url\" must be");
  }
}

Test(config_address, addresses_are_bounded) {
  char text[2200] = "[api]\nbase_url = https://h/", *path = text + strlen(text);
  memset(path, 'x', 2100);
  path[2000 - strlen("https://h/")] = '\0';
  expect_well(text);
  path[2000 - strlen("https://h/")] = 'x';
  path[2001 - strlen("https://h/")] = '\0';
  expect_problem(text, 2, "\"api.base_url\" must be a URL of at most 2,000 bytes");
}

Test(config_address, proxies) {
  expect_well("[api]\nproxy = none\n");
  cr_assert_null(config->api.proxy);
  expect_well("[api]\nproxy = socks5h://[::1]:1080\n");
  static const char *const bad[] = {"proxy:3128", "http://user:hunter2@proxy:3128", "ftp://proxy", "http://"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    char text[256];
    snprintf(text, sizeof text, "[api]\nproxy = %s\n", bad[i]);
    expect_problem(text, 2, "\"api.proxy\" must be");
    cr_assert_null(strstr(told(), "hunter2"));
  }
}

Test(config_address, addresses_to_listen_on) {
  static const char *const good[] = {"127.0.0.1:8740", "127.1.2.3:1", "[::1]:65535", "unix:/run/closesyncd/http.sock"};
  static const char *const bad[] = {"8740",      "127.0.0.1",       "localhost:8740", "127.0.0.1:0", "127.0.0.1:70000",
                                    "unix:x",    "unix:/",          "[::1]",          "::1:8740",    "127.0.0.1:8740x",
                                    "host:8740", "http://[::1]:80", "*:8740"};
  static const char *const remote[] = {"0.0.0.0:8740", "10.0.0.1:8740", "[::]:8740", "[2001:db8::1]:8740"};
  char text[256];
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    snprintf(text, sizeof text, "[http]\nlisten=%s\n", good[i]);
    expect_well(text);
    cr_assert_str_eq(config->http.listen, good[i]);
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    snprintf(text, sizeof text, "[http]\nlisten=%s\n", bad[i]);
    expect_problem(text, 2, "\"http.listen\" must be");
  }
  for (size_t i = 0; i < sizeof remote / sizeof remote[0]; i++) {
    snprintf(text, sizeof text, "[http]\nlisten=%s\n", remote[i]);
    expect_problem(text, 2, "set http.allow_remote = yes");
    snprintf(text, sizeof text, "[http]\nlisten=%s\nallow_remote=yes\n", remote[i]);
    expect_well(text);
  }
}
