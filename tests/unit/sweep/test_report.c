/* A sweep in words: the JSON line of contract section 2, the log line, and the outcomes' names. */
#include "base/memory.h"
#include "sweep/report.h"
#include <criterion/criterion.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

Test(report, outcomes_have_names) {
  static const char *const names[] = {"unchanged", "changed", "incomplete", "guarded", "failed"};
  for (int i = 0; i < 5; i++) {
    enum outcome outcome;
    cr_assert_str_eq(outcome_name((enum outcome)i), names[i]);
    cr_assert(outcome_parse(slice_of(names[i]), &outcome));
    cr_assert_eq((int)outcome, i);
  }
  enum outcome untouched = OUTCOME_GUARDED;
  cr_assert_not(outcome_parse(slice_of(""), &untouched));
  cr_assert_not(outcome_parse(slice_of("Changed"), &untouched));
  cr_assert_not(outcome_parse(slice_of("changed "), &untouched));
  cr_assert_eq(untouched, OUTCOME_GUARDED);
}

static char *json_of(const struct report *report) {
  struct buffer text;
  buffer_init(&text, 1 << 16);
  struct json json;
  json_init(&json, &text);
  json_begin_object(&json, NULL);
  report_write_json(report, &json);
  json_end_object(&json);
  cr_assert(buffer_fits(&text));
  return text.bytes;
}

Test(report, json) {
  struct report report = {.organization = "main", .outcome = OUTCOME_UNCHANGED};
  char *line = json_of(&report);
  cr_assert_str_eq(
      line, "{\"organization\": \"main\", \"organization_id\": null, \"outcome\": \"unchanged\", \"accounts\": 0, "
            "\"added\": 0, \"changed\": 0, \"removed\": 0, \"rejected\": 0, \"repaired\": 0, \"rescoped\": 0, "
            "\"requests\": 0, "
            "\"error\": null}");
  memory_free(line);
  report = (struct report){.organization = "main",
                           .organization_id = memory_copy_text("orga_\"1\n"),
                           .outcome = OUTCOME_GUARDED,
                           .accounts = 1,
                           .added = 2,
                           .changed = 3,
                           .removed = 4,
                           .rejected = 5,
                           .repaired = 6,
                           .rescoped = 8,
                           .requests = 7};
  error_set(&report.error, ERROR_HTTP, "could not list: \"x\"\t\x01");
  line = json_of(&report);
  struct json_object *object = json_tokener_parse(line);
  cr_assert_not_null(object, "%s", line);
  static const char *const members[][2] = {{"organization_id", "orga_\"1\n"},
                                           {"outcome", "guarded"},
                                           {"accounts", "1"},
                                           {"added", "2"},
                                           {"changed", "3"},
                                           {"removed", "4"},
                                           {"rejected", "5"},
                                           {"repaired", "6"},
                                           {"rescoped", "8"},
                                           {"requests", "7"},
                                           {"error", "could not list: \"x\"\t\x01"}};
  for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
    cr_assert_str_eq(json_object_get_string(json_object_object_get(object, members[i][0])), members[i][1]);
  cr_assert_null(strchr(line, '\n'), "one line");
  json_object_put(object);
  memory_free(line);
  report_finish(&report);
  cr_assert_null(report.organization_id);
}

/* The log line of a report at the given level, to be freed; "" when there is none. */
static char *log_of(const struct report *report, enum log_level level) {
  char *text = NULL;
  size_t length;
  FILE *stream = open_memstream(&text, &length);
  struct log *log = log_create(stream, level, false);
  report_log(report, log);
  log_destroy(log);
  fclose(stream);
  return text;
}

Test(report, log_levels_follow_the_outcome) {
  static const enum log_level levels[] = {LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_WARNING,
                                          LOG_LEVEL_ERROR};
  for (int i = OUTCOME_UNCHANGED; i <= OUTCOME_FAILED; i++) {
    struct report report = {.organization = "main", .outcome = (enum outcome)i};
    char *line = log_of(&report, levels[i]);
    cr_assert_not_null(strstr(line, outcome_name(report.outcome)), "%s", line);
    cr_assert_not_null(strstr(line, "organization=main"), "%s", line);
    free(line);
    if (levels[i] == LOG_LEVEL_ERROR)
      continue;
    line = log_of(&report, (enum log_level)(levels[i] - 1));
    cr_assert_str_eq(line, "", "%s", line);
    free(line);
  }
}

Test(report, the_log_line_says_why) {
  struct report report = {.organization = "main", .outcome = OUTCOME_FAILED};
  error_set(&report.error, ERROR_HTTP, "Close answered HTTP 500");
  char *line = log_of(&report, LOG_LEVEL_ERROR);
  cr_assert_not_null(strstr(line, "Close answered HTTP 500"), "%s", line);
  cr_assert_not_null(strstr(line, "organization_id=-"), "%s", line);
  free(line);
}
