/* The notation, problems with their lines, closesyncd.conf.d. */
#include "unit/config/config_fixture.h"

#include <sys/wait.h>

TestSuite(config_file, .init = set_up, .fini = tear_down);

Test(config_file, notation) {
  expect_well("\xef\xbb\xbf[log]\r\nlevel = debug\r\n");
  cr_assert_eq(config->log_level, LOG_LEVEL_DEBUG);
  expect_well("# one\n ; two\n\n[log]\n  level\t=\twarning  ");
  cr_assert_eq(config->log_level, LOG_LEVEL_WARNING);
  expect_well("[ log ]\nlevel=error\n[sync]\n[log]\n");
  expect_well("[database]\nschema = a;b # c\n"); /* a comment starts at the beginning of a line only */
  cr_assert_str_eq(config->database.schema, "a;b # c");
  expect_well("[database]\nconninfo = host=a=b\n");
  cr_assert_str_eq(config->database.conninfo, "host=a=b");
  expect_well("[api]\n[sync]\ninterval=1s\n[api]\npage_size=3\n[sync]\njitter=1%\n");
  cr_assert(config->api.page_size == 3 && config->sync.interval_ms == 1000);
  expect_well("[sync]\nvolatile_fields = b , a,b\n");
  cr_assert_eq(config->sync.volatile_fields.count, 2);
  cr_assert_str_eq(config->sync.volatile_fields.names[0], "a");
  cr_assert_str_eq(config->sync.volatile_fields.names[1], "b");
}

Test(config_file, broken_notation) {
  static const struct problem rows[] = {
      {"\n[nonsense]\nx=y\n", 2, "unknown section \"nonsense\""},
      {"[log x]\nlevel=debug\n", 1, "unknown section \"log\""},
      {"[log\nlevel=debug\n", 1, "ends with \"]\""},
      {"[log] x\n", 1, "ends with \"]\""},
      {"[]\n", 1, "unknown section"},
      {"[log]\nlevels=debug\n", 2, "unknown key \"levels\" in [log]"},
      {"level=debug\n", 1, "before the first [section]"},
      {"[log]\nlevel\n", 2, "neither"},
      {"[log]\n=debug\n", 2, "is no key"},
      {"[log]\nlevel=debug\n[sync]\n[log]\nlevel=info\n", 5, "here twice, first on line 2"},
      {"[organization A C]\napi_key_file=/x\n", 1,
       "[organization NAME], NAME being 1 to 63 of a-z 0-9 _ -, not \"A C\""},
      {"[organisation a]\n", 1, "unknown section \"organisation\": the nearest is \"organization\""},
      {"[datbase]\nschema=x\n", 1, "unknown section \"datbase\": the nearest is \"database\""},
      {"[sync]\nintervall=1s\n", 2, "unknown key \"intervall\" in [sync]: the nearest is \"interval\""},
      {"[sync]\nlisten=x\n", 2, "unknown key \"listen\" in [sync]: it belongs into [http]"},
      {"[log]\nlevel=\"info\"\n", 2, "the value of \"level\" is in quotes: take them away"},
      {"[database]\nschema='x'\n", 2, "in quotes: take them away"},
      {"[organization A]\napi_key_file=/x\n", 1, "[organization NAME]"},
      {"[organization]\napi_key_file=/x\n", 1, "[organization NAME]"},
      {"[organization a b]\n", 1, "[organization NAME]"},
      {"[organization a.b]\n", 1, "[organization NAME]"},
      {"[log]\nlevel=\xff\n", 2, "UTF-8"},
      {"[organization a]\napi_key_file=/x\nkey=1\n", 3, "unknown key \"key\" in [organization a]"},
  };
  EXPECT_PROBLEMS(rows);
}

Test(config_file, all_problems_are_told_at_once) {
  cr_assert_not(load("[log]\nlevel=x\n[nonsense]\n[sync]\ninterval=y\ngap\n[organization a]\n", false));
  static const char *const expected[] = {":2: ", ":3: ", ":5: ", ":6: ", ":7: "};
  for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
    cr_assert_not_null(strstr(told(), expected[i]), "%s in %s", expected[i], told());
}

Test(config_file, long_lines_nul_bytes_and_full_buffers) {
  char text[20000] = "[log]\n#";
  memset(text + 7, 'x', 10000);
  expect_problem(text, 2, "longer than");
  write_bytes("c.conf", "[log]\nlevel=de\0bug\n", 19, 0600);
  buffer_clear(&problems);
  cr_assert_not(config_load(main_file, false, &config, &problems));
  cr_assert_not_null(strstr(told(), ":2: a line holds a NUL byte"));
  struct buffer tiny;
  buffer_init(&tiny, 4);
  cr_assert_not(config_load(main_file, false, &config, &tiny), "what cannot be told is a problem all the same");
  buffer_finish(&tiny);
}

Test(config_file, a_line_may_be_long) {
  char text[6000] = "[database]\nconninfo = host=";
  size_t length = strlen(text);
  memset(text + length, 'h', 4000);
  expect_well(text);
  cr_assert_eq(strlen(config->database.conninfo), 4005);
}

Test(config_file, a_missing_file) {
  cr_assert_not(config_load(main_file, false, &config, &problems));
  cr_assert_eq(strncmp(told(), main_file, strlen(main_file)), 0, "%s", told());
  cr_assert_not_null(strstr(told(), "there is no such file"));
}

Test(config_file, a_folder_instead_of_a_file) {
  cr_assert_not(config_load(folder, false, &config, &problems));
  cr_assert_not_null(strstr(told(), "could not read this file: Is a directory"), "%s", told());
}

Test(config_file, later_files_override_key_by_key) {
  make_drop_ins();
  write_file("c.conf.d/20-b.conf", "[sync]\ninterval=3s\nvolatile_fields=\n[organization a]\nuser_id=\n");
  write_file("c.conf.d/10-a.conf", "[sync]\ninterval=2s\njitter=50%\n[organization b]\napi_key_file=/b\n");
  write_file("c.conf.d/30-c.conf.disabled", "nonsense");
  write_file("c.conf.d/.hidden.conf", "nonsense");
  expect_well("[sync]\ninterval=1s\ndeadline=7m\nvolatile_fields=x\n[organization a]\napi_key_file=/a\nuser_id=u\n");
  cr_assert_eq(config->sync.interval_ms, 3000);
  cr_assert_float_eq(config->sync.jitter, 0.5, 1e-9);
  cr_assert_eq(config->sync.deadline_ms, 420000);
  cr_assert_eq(config->sync.volatile_fields.count, 0);
  cr_assert_eq(config->organization_count, 2);
  cr_assert_str_eq(config->organizations[0].name, "a");
  cr_assert_null(config->organizations[0].user_id);
  cr_assert_str_eq(config->organizations[1].name, "b");
}

Test(config_file, problems_name_the_file_they_are_in) {
  make_drop_ins();
  write_file("c.conf.d/10.conf", "\n[log]\nlevel=x\n");
  char path[128];
  snprintf(path, sizeof path, "%s/c.conf.d/20.conf", folder);
  cr_assert_eq(mkdir(path, 0700), 0);
  cr_assert_not(load("", false));
  cr_assert_not_null(strstr(told(), "/c.conf.d/10.conf:3: \"log.level\" must be"), "%s", told());
  cr_assert_not_null(strstr(told(), "/c.conf.d/20.conf: could not read this file: Is a directory"), "%s", told());
}

Test(config_file, nothing_secret_is_repeated) {
  cr_assert_not(
      load("[organization a]\napi_key_file=/x\napi key hunter2\nkey=hunter2\nhunter2 x=y\n[hunter2 x\n[x hunter2]\n",
           false));
  cr_assert_null(strstr(told(), "hunter2"), "%s", told());
}

/* As of `-c /dev/stdin`: a reader that does not wait would take the pause for the end. */
Test(config_file, a_pipe_whose_writer_takes_its_time) {
  char path[128];
  snprintf(path, sizeof path, "%s/pipe", folder);
  cr_assert_eq(mkfifo(path, 0600), 0);
  int writer = open(path, O_RDWR | O_CLOEXEC);
  cr_assert_eq(write(writer, "[log]\nlevel = ", 14), 14);
  pid_t child = fork();
  if (child == 0) {
    usleep(200000);
    _exit(write(writer, "debug\n", 6) == 6 ? 0 : 1);
  }
  close(writer);
  cr_assert(config_load(path, false, &config, &problems), "%s", told());
  cr_assert_eq(config->log_level, LOG_LEVEL_DEBUG);
  int status;
  cr_assert(waitpid(child, &status, 0) == child && status == 0);
}
