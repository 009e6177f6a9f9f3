/* Log lines: one per event, nothing in them that breaks the line. */
#include "base/log.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* What one call writes, in `ret_line`. */
static void written(enum log_level most, bool priorities, enum log_level level, const char *text, char ret_line[4096]) {
  memset(ret_line, 0, 4096);
  FILE *stream = fmemopen(ret_line, 4095, "w");
  struct log *log = log_create(stream, most, priorities);
  log_write(log, level, "%s", text);
  log_destroy(log);
  fclose(stream);
}

Test(log, level_decides) {
  char line[4096];
  written(LOG_LEVEL_WARNING, false, LOG_LEVEL_INFO, "quiet", line);
  cr_assert_str_eq(line, "");
  written(LOG_LEVEL_WARNING, false, LOG_LEVEL_WARNING, "heard", line);
  cr_assert_str_eq(line, "heard\n");
}

Test(log, journal_priorities) {
  static const char *const expected[] = {"<3>x\n", "<4>x\n", "<6>x\n", "<7>x\n"};
  for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++) {
    char line[4096];
    written(LOG_LEVEL_DEBUG, true, (enum log_level)level, "x", line);
    cr_assert_str_eq(line, expected[level]);
  }
}

Test(log, control_characters_become_spaces) {
  char line[4096];
  written(LOG_LEVEL_INFO, false, LOG_LEVEL_INFO, "a\nb\r\tc\x1b[31m\x7f \xc2\x9b-\xc3\xa4-\xff", line);
  cr_assert_str_eq(line, "a b  c [31m    -\xc3\xa4-?\n");
}

Test(log, long_lines_are_cut_between_characters) {
  char text[3001] = "x", line[4096];
  for (size_t i = 1; i + 2 < sizeof text; i += 2)
    memcpy(text + i, "\xc3\xa4", 3);
  written(LOG_LEVEL_INFO, false, LOG_LEVEL_INFO, text, line);
  cr_assert_eq(strlen(line), 2000);
  cr_assert_eq(line[1999], '\n');
  cr_assert_eq((unsigned char)line[1998], 0xa4);
}

Test(log, null_is_silent_and_the_level_can_move) {
  log_write(NULL, LOG_LEVEL_ERROR, "x");
  cr_assert_not(log_enabled(NULL, LOG_LEVEL_ERROR));
  struct log *log = log_create(stderr, LOG_LEVEL_ERROR, false);
  cr_assert_not(log_enabled(log, LOG_LEVEL_DEBUG));
  log_set_level(log, LOG_LEVEL_DEBUG);
  cr_assert(log_enabled(log, LOG_LEVEL_DEBUG));
  log_destroy(log);
}

Test(log, level_names) {
  static const char *const words[] = {"error", "warning", "info", "debug"};
  enum log_level level;
  for (int i = 0; i < 4; i++) {
    cr_assert(log_level_parse(words[i], &level));
    cr_assert_eq((int)level, i);
  }
  cr_assert_not(log_level_parse("Info", &level));
  cr_assert_not(log_level_parse("", &level));
}
