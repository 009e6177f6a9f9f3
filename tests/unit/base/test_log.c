/* Log lines: one per event, nothing in them that breaks the line. */
#include "base/log.h"
#include <criterion/criterion.h>
#include <json-c/json.h>
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
  written(LOG_LEVEL_INFO, false, LOG_LEVEL_INFO,
          "\xe2\x80\xae"
          "abc\xe2\x81\xa6 \xe2\x80\x8f\xe2\x82\xac \xc2-",
          line);
  cr_assert_str_eq(line, "???abc??? ???\xe2\x82\xac ?-\n", "nothing turns the direction of writing");
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

static void written_json(enum log_event event, const char *text, char ret_line[4096]) {
  memset(ret_line, 0, 4096);
  FILE *stream = fmemopen(ret_line, 4095, "w");
  struct log *log = log_create(stream, LOG_LEVEL_INFO, false);
  log_set_format(log, LOG_FORMAT_JSON);
  log_event(log, event, LOG_LEVEL_WARNING, "%s organization=%s accounts=%lld outcome=%s", text, "0123", 7ll, "failed");
  log_destroy(log);
  fclose(stream);
  struct json_object *parsed = json_tokener_parse(ret_line);
  cr_assert(json_object_is_type(parsed, json_type_object), "%s", ret_line);
  json_object_put(parsed);
  cr_assert_eq(strchr(ret_line, '\n'), ret_line + strlen(ret_line) - 1);
}

/* The time is left out: {"time": "2026-11-28T05:00:00.000000Z", … */
static const char *behind_time(const char *line) {
  cr_assert_eq(strncmp(line, "{\"time\": \"20", 12), 0, "%s", line);
  cr_assert_eq(strncmp(line + 36, "Z\", ", 4), 0, "%s", line);
  return line + 40;
}

Test(log, json_has_the_fields_apart) {
  char line[4096];
  written_json(LOG_EVENT_NONE, "could not \"x\"", line);
  cr_assert_str_eq(behind_time(line),
                   "\"level\": \"warning\", \"message\": \"could not \\\"x\\\"\", \"organization\": \"0123\", "
                   "\"accounts\": 7, \"outcome\": \"failed\"}\n");
  written_json(LOG_EVENT_FAILED, "a\nb", line);
  cr_assert_str_eq(behind_time(line),
                   "\"level\": \"warning\", \"message\": \"a b\", \"organization\": \"0123\", \"accounts\": 7, "
                   "\"outcome\": \"failed\", \"message_id\": \"0a9defbde6644b83ac4c51da6ebba750\"}\n");
}

/* Also of an id that somebody made of several words, or of what looks like fields. */
Test(log, a_value_may_hold_blanks) {
  static char line[4096];
  FILE *stream = fmemopen(line, sizeof line, "w");
  struct log *log = log_create(stream, LOG_LEVEL_INFO, false);
  log_set_format(log, LOG_FORMAT_JSON);
  log_write(log, LOG_LEVEL_INFO, "said organization=%s organization_id=%s accounts=%d", "a",
            "b c\n organization=d accounts=9 organization_id=e", 3);
  log_destroy(log);
  fclose(stream);
  cr_assert_str_eq(behind_time(line), "\"level\": \"info\", \"message\": \"said\", \"organization\": \"a\", "
                                      "\"organization_id\": \"b c  organization=d accounts=9 organization_id=e\", "
                                      "\"accounts\": 3}\n");
}

/* What a stranger says makes no field. */
Test(log, fields_are_those_of_the_format) {
  char line[4096];
  written_json(LOG_EVENT_NONE, "x organization=evil outcome=well", line);
  cr_assert_not_null(strstr(line, "\"message\": \"x organization=evil outcome=well\", \"organization\": \"0123\""),
                     "%s", line);
  char text[3000];
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  written_json(LOG_EVENT_NONE, text, line); /* cut before its fields */
  cr_assert_null(strstr(line, "\"organization\""));
}

static char sunk[4096];

static bool sink(const struct log_record *record) {
  snprintf(sunk, sizeof sunk, "%d|%.*s|%.*s|%d", (int)record->event, (int)record->line.length, record->line.bytes,
           (int)record->message.length, record->message.bytes, record->field_count);
  return strstr(sunk, "refused") == NULL;
}

Test(log, a_sink_takes_text_only) {
  char line[4096] = "";
  FILE *stream = fmemopen(line, sizeof line - 1, "w");
  struct log *log = log_create(stream, LOG_LEVEL_INFO, false);
  log_set_sink(log, sink);
  log_event(log, LOG_EVENT_GUARDED, LOG_LEVEL_INFO, "taken %d organization=%s", 1, "a");
  cr_assert_str_eq(sunk, "10|taken 1 organization=a|taken 1|1");
  log_write(log, LOG_LEVEL_INFO, "refused");
  log_set_format(log, LOG_FORMAT_JSON);
  log_write(log, LOG_LEVEL_INFO, "json");
  log_destroy(log);
  fclose(stream);
  cr_assert_eq(strncmp(line, "refused\n{\"time\"", 15), 0, "%s", line);
  cr_assert_str_eq(sunk, "0|refused|refused|0");
}

Test(log, null_is_silent_and_the_level_can_move) {
  log_write(NULL, LOG_LEVEL_ERROR, "x");
  char line[32] = "";
  FILE *stream = tmpfile();
  struct log *log = log_create(stream, LOG_LEVEL_ERROR, false);
  log_write(log, LOG_LEVEL_DEBUG, "before");
  log_set_level(log, LOG_LEVEL_DEBUG);
  log_write(log, LOG_LEVEL_DEBUG, "behind");
  rewind(stream);
  cr_assert_not_null(fgets(line, sizeof line, stream));
  cr_assert_str_eq(line, "behind\n");
  log_destroy(log);
  fclose(stream);
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
