#include "command/check_report.h"
#include "app.h"
#include "base/memory.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* What this file is for: everything in one go, and nothing twice. It judges nothing. */

enum { TEXT_BYTES = 2048 };

struct line {
  int place, number;
  enum finding finding;
  char *thing, *text;
};

struct findings {
  struct line *lines;
  int count, capacity;
};

struct findings *findings_create(void) {
  return memory_allocate(sizeof(struct findings));
}

void findings_destroy(struct findings *findings) {
  if (findings == NULL)
    return;
  for (int i = 0; i < findings->count; i++) {
    memory_free(findings->lines[i].thing);
    memory_free(findings->lines[i].text);
  }
  memory_free(findings->lines);
  memory_free(findings);
}

void findings_add(struct findings *findings, int place, enum finding finding, const char *thing, const char *format,
                  ...) {
  char text[TEXT_BYTES];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (findings->count == findings->capacity) {
    findings->capacity = findings->capacity == 0 ? 16 : 2 * findings->capacity;
    findings->lines = memory_resize(findings->lines, sizeof *findings->lines * (size_t)findings->capacity);
  }
  findings->lines[findings->count] = (struct line){.place = place,
                                                   .number = findings->count,
                                                   .finding = finding,
                                                   .thing = memory_copy_text(thing),
                                                   .text = memory_copy_text(text)};
  findings->count++;
}

static int compare(const void *left, const void *right) {
  const struct line *first = left, *second = right;
  int difference = first->place - second->place;
  return difference != 0 ? difference : first->number - second->number;
}

void findings_print(struct findings *findings, const struct terminal *terminal) {
  static const struct {
    enum tone tone;
    const char *word;
  } words[] = {[FINDING_OK] = {TONE_GOOD, "ok"},
               [FINDING_SKIPPED] = {TONE_QUIET, "skipped"},
               [FINDING_FAILED] = {TONE_BAD, "problem"},
               [FINDING_UNREACHABLE] = {TONE_BAD, "problem"},
               [FINDING_CONFIG] = {TONE_BAD, "problem"}};
  int width = 0;
  if (findings->count > 0)
    qsort(findings->lines, (size_t)findings->count, sizeof *findings->lines, compare);
  for (int i = 0; i < findings->count; i++)
    if ((int)strlen(findings->lines[i].thing) > width)
      width = (int)strlen(findings->lines[i].thing);
  for (int i = 0; i < findings->count; i++) {
    const struct line *line = &findings->lines[i];
    terminal_word(terminal, words[line->finding].tone, (int)strlen("problem"), words[line->finding].word);
    printf("  %-*s  ", width, line->thing);
    terminal_clean(stdout, 0, slice_of(line->text));
    putchar('\n');
  }
}

int findings_count(const struct findings *findings, int first_place, enum finding finding) {
  int count = 0;
  for (int i = 0; i < findings->count; i++)
    count += findings->lines[i].place >= first_place && findings->lines[i].finding == finding ? 1 : 0;
  return count;
}

int findings_exit_status(const struct findings *findings) {
  if (findings_count(findings, 0, FINDING_CONFIG) > 0)
    return EXIT_CONFIG;
  if (findings_count(findings, 0, FINDING_UNREACHABLE) > 0)
    return EXIT_UNREACHABLE;
  return findings_count(findings, 0, FINDING_FAILED) > 0 ? 1 : 0;
}
