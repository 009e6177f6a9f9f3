/* Keeps the lines of a check as they come, and prints them by place. How grave a line is was decided by whoever added it. */
#include "command/check/report.h"
#include "app.h"
#include "base/json.h"
#include "base/memory.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES = 2048 };

struct line {
  int place, number;
  enum finding finding;
  char *thing, *text;
};

struct check_report {
  struct line *lines;
  int count, capacity;
};

struct check_report *check_report_create(void) {
  return memory_allocate(sizeof(struct check_report));
}

void check_report_destroy(struct check_report *check_report) {
  if (check_report == NULL)
    return;
  for (int i = 0; i < check_report->count; i++) {
    memory_free(check_report->lines[i].thing);
    memory_free(check_report->lines[i].text);
  }
  memory_free(check_report->lines);
  memory_free(check_report);
}

void check_report_add(struct check_report *check_report, int place, enum finding finding, const char *thing,
                      const char *format, ...) {
  char text[TEXT_BYTES];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (check_report->count == check_report->capacity) {
    check_report->capacity = check_report->capacity == 0 ? 16 : 2 * check_report->capacity;
    check_report->lines =
        memory_resize(check_report->lines, sizeof *check_report->lines * (size_t)check_report->capacity);
  }
  check_report->lines[check_report->count] = (struct line){.place = place,
                                                           .number = check_report->count,
                                                           .finding = finding,
                                                           .thing = memory_copy_text(thing),
                                                           .text = memory_copy_text(text)};
  check_report->count++;
}

static int compare(const void *left, const void *right) {
  const struct line *first = left, *second = right;
  int difference = first->place - second->place;
  return difference != 0 ? difference : first->number - second->number;
}

static const struct {
  enum tone tone;
  const char *word;
  int exit_status;
} words[] = {[FINDING_OK] = {TONE_GOOD, "ok", 0},
             [FINDING_SKIPPED] = {TONE_QUIET, "skipped", 0},
             [FINDING_NOTED] = {TONE_WARNING, "problem", 0},
             [FINDING_FAILED] = {TONE_BAD, "problem", 1},
             [FINDING_UNREACHABLE] = {TONE_BAD, "problem", EXIT_UNREACHABLE},
             [FINDING_CONFIG] = {TONE_BAD, "problem", EXIT_CONFIG}};

static void sort(struct check_report *check_report) {
  if (check_report->count > 0)
    qsort(check_report->lines, (size_t)check_report->count, sizeof *check_report->lines, compare);
}

void check_report_print_json(struct check_report *check_report, int first_organization) {
  struct buffer text;
  struct json json;
  buffer_init(&text, 8 * TEXT_BYTES);
  sort(check_report);
  for (int i = 0; i < check_report->count; i++) {
    const struct line *line = &check_report->lines[i];
    bool of_one = line->place >= first_organization;
    buffer_clear(&text);
    json_init(&json, &text);
    json_begin_object(&json, NULL);
    json_text(&json, "check", of_one ? "organization" : line->thing);
    json_text(&json, "organization", of_one ? line->thing : NULL);
    json_text(&json, "result", words[line->finding].word);
    json_integer(&json, "exit_status", words[line->finding].exit_status);
    json_text(&json, "message", line->text);
    json_end_object(&json);
    puts(text.bytes);
  }
  buffer_finish(&text);
}

void check_report_print(struct check_report *check_report, const struct terminal *terminal) {
  int width = 0;
  sort(check_report);
  for (int i = 0; i < check_report->count; i++)
    if ((int)strlen(check_report->lines[i].thing) > width)
      width = (int)strlen(check_report->lines[i].thing);
  for (int i = 0; i < check_report->count; i++) {
    const struct line *line = &check_report->lines[i];
    terminal_word(terminal, words[line->finding].tone, (int)strlen("problem"), words[line->finding].word);
    printf("  %-*s  ", width, line->thing);
    terminal_clean(0, slice_of(line->text));
    putchar('\n');
  }
}

int check_report_count(const struct check_report *check_report, int first_place, enum finding finding) {
  int count = 0;
  for (int i = 0; i < check_report->count; i++)
    count += check_report->lines[i].place >= first_place && check_report->lines[i].finding == finding ? 1 : 0;
  return count;
}

/* Their order is that of the enum. */
int check_report_exit_status(const struct check_report *check_report) {
  enum finding gravest = FINDING_OK;
  for (int i = 0; i < check_report->count; i++)
    gravest = check_report->lines[i].finding > gravest ? check_report->lines[i].finding : gravest;
  return words[gravest].exit_status;
}
