#include "command/verify_report.h"
#include "app.h"
#include "base/memory.h"
#include "command/terminal.h"
#include <stdio.h>

/* What this file is for: words for proofs. Of thousands of problems the first ones are told and all are counted. */

enum { TEXT_BYTES_MAX = 64 * 1024 };

void verify_report_init(struct verify_report *verify_report, const struct db_row *row) {
  struct slice name = db_row_text(row, 0), id = db_row_text(row, 1), hash = db_row_text(row, 3),
               head = db_row_text(row, 5);
  *verify_report = (struct verify_report){.organization = memory_copy(name.bytes, name.length),
                                          .organization_id = memory_copy(id.bytes, id.length),
                                          .hash = memory_copy(hash.bytes, hash.length),
                                          .head = memory_copy(head.bytes, head.length),
                                          .seq = db_row_int(row, 2),
                                          .rows = db_row_int(row, 4)};
  buffer_init(&verify_report->problems, TEXT_BYTES_MAX);
  buffer_init(&verify_report->notes, TEXT_BYTES_MAX);
  buffer_init(&verify_report->lines, TEXT_BYTES_MAX);
}

void verify_report_finish(struct verify_report *verify_report) {
  memory_free(verify_report->organization);
  memory_free(verify_report->organization_id);
  memory_free(verify_report->hash);
  memory_free(verify_report->head);
  buffer_finish(&verify_report->problems);
  buffer_finish(&verify_report->notes);
  buffer_finish(&verify_report->lines);
}

/* All or nothing: half an object is none. */
static void append_json(struct buffer *list, const struct verifier_problem *problem) {
  size_t before = list->length;
  bool good = buffer_append_text(list, before == 0 ? "{\"what\": " : ", {\"what\": ") &&
              text_append_json(list, problem->what) && buffer_append_text(list, ", \"seq\": ") &&
              (problem->seq < 0 ? buffer_append_text(list, "null")
                                : buffer_append_format(list, "%lld", (long long)problem->seq)) &&
              buffer_append_text(list, ", \"account_id\": ") &&
              (problem->account_id.length == 0 ? buffer_append_text(list, "null")
                                               : text_append_json(list, problem->account_id)) &&
              buffer_append_text(list, ", \"problem\": ") && text_append_json(list, problem->text) &&
              buffer_append_text(list, "}");
  if (!good)
    list->length = before;
  if (list->bytes != NULL)
    list->bytes[list->length] = '\0';
}

static void append_line(struct verify_report *verify_report, const struct verifier_problem *problem) {
  struct buffer *lines = &verify_report->lines;
  size_t before = lines->length;
  bool good =
      buffer_append_text(lines, "closesyncd: ") && text_append_clean(lines, slice_of(verify_report->organization)) &&
      buffer_append_text(lines, ": ") && text_append_clean(lines, problem->what) &&
      (problem->seq < 0 || buffer_append_format(lines, " seq %lld", (long long)problem->seq)) &&
      (problem->account_id.length == 0 ||
       (buffer_append_text(lines, " account ") && text_append_clean(lines, problem->account_id))) &&
      buffer_append_text(lines, ": ") && text_append_clean(lines, problem->text) && buffer_append_text(lines, "\n");
  if (!good)
    lines->length = before;
  if (lines->bytes != NULL)
    lines->bytes[lines->length] = '\0';
}

void verify_report_add(struct verify_report *verify_report, const struct verifier_problem *problem) {
  verify_report->problem_count++;
  append_json(&verify_report->problems, problem);
  append_line(verify_report, problem);
}

void verify_report_note(struct verify_report *verify_report, const struct verifier_problem *note) {
  append_json(&verify_report->notes, note);
  append_line(verify_report, note);
}

void verify_report_print(const struct verify_report *verify_report) {
  if (verify_report->lines.bytes != NULL)
    fputs(verify_report->lines.bytes, stderr);
  terminal_clean(stdout, 0, slice_of(verify_report->organization));
  if (verify_report->problem_count == 0)
    fputs("  proven", stdout);
  else
    printf("  %d %s", verify_report->problem_count,
           terminal_plural(verify_report->problem_count, "problem", "problems"));
  printf("  %lld history rows up to seq %lld, hash %s\n", (long long)verify_report->rows, (long long)verify_report->seq,
         verify_report->hash);
  fflush(stdout);
}

static bool append_who(const struct verify_report *verify_report, struct buffer *line) {
  return buffer_append_text(line, "{\"organization\": ") &&
         text_append_json(line, slice_of(verify_report->organization)) &&
         buffer_append_text(line, ", \"organization_id\": ") &&
         text_append_json(line, slice_of(verify_report->organization_id)) &&
         buffer_append_format(line, ", \"seq\": %lld, \"hash\": \"%s\"", (long long)verify_report->seq,
                              verify_report->hash);
}

void verify_report_print_json(const struct verify_report *verify_report) {
  struct buffer line;
  buffer_init(&line, 4 * TEXT_BYTES_MAX);
  if (append_who(verify_report, &line) &&
      buffer_append_format(
          &line, ", \"rows\": %lld, \"proven\": %s, \"problem_count\": %d, \"problems\": [%s], \"notes\": [%s]}",
          (long long)verify_report->rows, verify_report->problem_count == 0 ? "true" : "false",
          verify_report->problem_count, verify_report->problems.bytes == NULL ? "" : verify_report->problems.bytes,
          verify_report->notes.bytes == NULL ? "" : verify_report->notes.bytes))
    puts(line.bytes);
  buffer_finish(&line);
  fflush(stdout);
}

void verify_report_print_head_json(const struct verify_report *verify_report) {
  struct buffer line;
  buffer_init(&line, TEXT_BYTES_MAX);
  if (append_who(verify_report, &line) && buffer_append_text(&line, ", \"head\": ") &&
      text_append_json(&line, slice_of(verify_report->head)) && buffer_append_text(&line, "}"))
    puts(line.bytes);
  buffer_finish(&line);
}
