/* A password in database.conninfo is refused in every notation that libpq reads. */
#include "unit/config/config_fixture.h"

#define TEXT(number)   #number
#define TEXT_OF(macro) TEXT(macro)
#define LIBPQ          "libpq " TEXT_OF(LIBPQ_MAJOR)

TestSuite(config_conninfo, .init = set_up, .fini = tear_down);

Test(config_conninfo, passwords_in_conninfo) {
  static const char *const good[] = {"",
                                     "dbname=close host=/run/postgresql,db2 port=5432,5433",
                                     "host = 'a b' user = 'it\\'s' passfile=/x/pgpass",
                                     "postgresql:///close",
                                     "postgres://user@h1:5432,h2:5433/db?target_session_attrs=any&passfile=%2Fx",
                                     "postgresql://[::1]:5432/db",
                                     "postgresql://%2Frun%2Fpostgresql/db",
                                     "service=x"};
  static const char *const bad[] = {"password=hunter2",
                                    "dbname=close password = 'hunter2'",
                                    "dbname=close PassWord=hunter2",
                                    "sslpassword=hunter2",
                                    "scram_client_key=hunter2",
                                    "Scram_Server_Key=hunter2",
                                    "oauth_client_secret=hunter2",
                                    "user='x' password='hun\\'ter2'",
                                    "postgresql://user:hunter2@h/db",
                                    "postgres://:hunter2@h",
                                    "postgresql://user:hunter2?a=b@h/db",
                                    "postgresql://user:hunter2/x@h/db",
                                    "postgresql://h/db?password=hunter2",
                                    "postgresql://h?user=b&%70assword=hunter2",
                                    "postgresql://h/db?sslpassword=hunter2",
                                    "dbname='host=h password=hunter2'",
                                    "dbname=postgresql://u:hunter2@h/x",
                                    "postgresql://h/host=x%20password=hunter2",
                                    "postgresql:///?dbname=password%3Dhunter2",
                                    "hunter2",
                                    "dbname",
                                    "dbname='hunter2",
                                    "=hunter2",
                                    "postgresql://h/%zz",
                                    "postgresql://%zz/db",
                                    "postgresql://h,%0/db",
                                    "postgresql://%zzhunter2@h/db",
                                    "postgresql://[::1/db",
                                    "postgresql://[::1]hunter2/db",
                                    "postgresql://h/db?hunter2"};
  char text[256];
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    snprintf(text, sizeof text, "[database]\nconninfo = %s\n", good[i]);
    expect_well(text);
    cr_assert_str_eq(config->database.conninfo, good[i]);
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    snprintf(text, sizeof text, "[database]\nconninfo = %s\n", bad[i]);
    expect_problem(text, 2, "\"database.conninfo\" must be");
    cr_assert_null(strstr(told(), "hunter2"), "%s", told());
  }
}

/* libpq would say so only when it connects, and as if the server could not be reached. */
Test(config_conninfo, values_that_libpq_judges_late) {
  static const char *const good[] = {
      "host=a,b,c port=,1,65535",
      "host=a,b port=1",
      "port=1,2",
      "host=a,b hostaddr=127.0.0.1,127.0.0.2 port=1,2",
      "postgresql://a:1,b/db",
      "port='' sslmode='' target_session_attrs=''",
      "sslmode=verify-full target_session_attrs=read-write",
      "gssencmode=prefer channel_binding=require ssl_min_protocol_version=TLSv1.2 replication=off",
      "connect_timeout=10 keepalives=1 keepalives_idle='' tcp_user_timeout=-1",
      "postgresql://%2Frun,[::1]:5433,:5434,h/db",
      "postgresql://us%20er@[::1],h:/db",
      "postgresql://h/db?sslmode=disable&target_session_attrs=prefer-standby&port=5433"};
  static const char *const bad[] = {"port=abc",
                                    "host=a,b port=1,2,3",
                                    "port=1,2 host=a",
                                    "host=a,b hostaddr=127.0.0.1",
                                    "hostaddr=127.0.0.1 port=1,2",
                                    "postgresql://a,b/db?port=1,2,3",
                                    "port=0",
                                    "port=65536",
                                    "port=5432,x",
                                    "port=-1",
                                    "sslmode=nonsense",
                                    "gssencmode=foo",
                                    "channel_binding=yes",
                                    "ssl_min_protocol_version=9",
                                    "postgresql:///x?ssl_max_protocol_version=TLSv1.9",
                                    "replication=database",
                                    "sslmode=verify",
                                    "connect_timeout=10s",
                                    "keepalives=yes",
                                    "keepalives_count=3.0",
                                    "tcp_user_timeout=99999999999",
                                    "postgresql://h/db?keepalives_idle=x",
                                    "postgresql://h:port/db",
                                    "postgresql://u@a:1,b:65536/db",
                                    "postgresql://[::1]:x",
                                    "sslmode='allow prefer'",
                                    "target_session_attrs=standb",
                                    "target_session_attrs=write",
                                    "postgresql://h/db?sslmode=Disable"};
  char text[256];
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    snprintf(text, sizeof text, "[database]\nconninfo = %s\n", good[i]);
    expect_well(text);
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    snprintf(text, sizeof text, "[database]\nconninfo = %s\n", bad[i]);
    expect_problem(text, 2, "\"database.conninfo\" must be given");
  }
}

/* libpq would say so only when it connects, and without the line. */
Test(config_conninfo, keywords_that_libpq_does_not_know) {
  static const char *const good[] = {"requiressl=1", "postgresql:///close?ssl=true", "dbname='no=keyword'",
                                     "postgresql:///close?s%73lmode=disable"};
  static const struct {
    const char *value, *words;
  } bad[] = {
      {"bogus=1", "free of \"bogus\", which is no keyword of " LIBPQ "; take it out"},
      {"bogus=", "\"bogus\""},
      {"host=h bogus = '1' port=5432", "\"bogus\""},
      {"Host=h", "free of \"Host\", which is no keyword of " LIBPQ "; the nearest is \"host\""},
      {"databse=x sslmode=disable", "\"databse\""},
      {"ssl_mode=disable", "; the nearest is \"sslmode\""},
      {"target_sesion_atrs=any", "; the nearest is \"target_session_attrs\""},
      {"pasword=hunter2", "free of passwords"},
      {"ssl=true", "\"ssl\""},
      {"postgresql:///close?ssl=on", "\"ssl\""},
      {"postgresql:///close?sslmode=disable&bogus=1", "\"bogus\""},
      {"postgresql:///close?bo%67us=1", "\"bogus\""},
      {"hunter2=", "free of what is no keyword of " LIBPQ "; there are host"},
      {"a_keyword_of_more_letters_than_a_keyword_has=1", "free of what is no keyword of " LIBPQ "; there are host"},
  };
  char text[256];
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    snprintf(text, sizeof text, "[database]\nconninfo = %s\n", good[i]);
    expect_well(text);
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    snprintf(text, sizeof text, "[database]\nconninfo = %s\n", bad[i].value);
    expect_problem(text, 2, bad[i].words);
    cr_assert_null(strstr(told(), "hunter2"), "%s", told());
  }
}
