/* Of thousands of problems the first ones are told and all are counted. */
#include "command/verify_report.h"
#include "app.h"
#include "base/memory.h"
#include "command/terminal.h"
#include <stdio.h>

/* No problem is begun behind the first TEXT_BYTES_MAX; the last one still fits. */
enum { TEXT_BYTES_MAX = 64 * 1024, TEXT_LIMIT = 16 * 1024 * 1024 };

void verify_report_init(struct verify_report *verify_report, const struct db_row *row) {
  *verify_report = (struct verify_report){.organization = slice_copy(db_row_text(row, 0)),
                                          .organization_id = slice_copy(db_row_text(row, 1)),
                                          .hash = slice_copy(db_row_text(row, 3)),
                                          .head = slice_copy(db_row_text(row, 5)),
                                          .seq = db_row_int(row, 2),
                                          .rows = db_row_int(row, 4)};
  buffer_init(&verify_report->first, TEXT_LIMIT);
  buffer_init(&verify_report->problem_text, TEXT_LIMIT);
  buffer_init(&verify_report->note_text, TEXT_LIMIT);
  buffer_init(&verify_report->lines, TEXT_LIMIT);
  json_init(&verify_report->problems, &verify_report->problem_text);
  json_init(&verify_report->notes, &verify_report->note_text);
}

void verify_report_finish(struct verify_report *verify_report) {
  memory_free(verify_report->organization);
  memory_free(verify_report->organization_id);
  memory_free(verify_report->hash);
  memory_free(verify_report->head);
  buffer_finish(&verify_report->first);
  buffer_finish(&verify_report->problem_text);
  buffer_finish(&verify_report->note_text);
  buffer_finish(&verify_report->lines);
}

static bool has_room(const struct buffer *text) { return text->length < TEXT_BYTES_MAX; }

static void write_problem(struct json *list, const struct verifier_problem *problem) {
  if (!has_room(list->text))
    return;
  json_begin_object(list, NULL);
  json_slice(list, "what", problem->what);
  json_known(list, "seq", problem->seq);
  json_slice(list, "account_id", problem->account_id.length == 0 ? (struct slice){0} : problem->account_id);
  json_slice(list, "problem", problem->text);
  json_end_object(list);
}

static void write_text(struct buffer *text, const struct verifier_problem *problem) {
  text_append_clean(text, problem->what);
  if (problem->seq >= 0)
    buffer_append_format(text, " seq %lld", (long long)problem->seq);
  if (problem->account_id.length > 0) {
    buffer_append_text(text, " account ");
    text_append_clean(text, problem->account_id);
  }
  buffer_append_text(text, ": ");
  text_append_clean(text, problem->text);
}

static void write_line(struct verify_report *verify_report, const struct verifier_problem *problem) {
  struct buffer *lines = &verify_report->lines;
  if (!has_room(lines))
    return;
  buffer_append_text(lines, "closesyncd: ");
  text_append_clean(lines, slice_of(verify_report->organization));
  buffer_append_text(lines, ": ");
  write_text(lines, problem);
  buffer_append_text(lines, "\n");
}

void verify_report_add(struct verify_report *verify_report, const struct verifier_problem *problem) {
  if (verify_report->problem_count++ == 0)
    write_text(&verify_report->first, problem);
  write_problem(&verify_report->problems, problem);
  write_line(verify_report, problem);
}

void verify_report_note(struct verify_report *verify_report, const struct verifier_problem *note) {
  write_problem(&verify_report->notes, note);
  write_line(verify_report, note);
}

void verify_report_print(const struct verify_report *verify_report) {
  if (verify_report->lines.bytes != NULL)
    fputs(verify_report->lines.bytes, stderr);
  terminal_clean(0, slice_of(verify_report->organization));
  if (verify_report->problem_count == 0)
    fputs("  proven", stdout);
  else
    printf("  %d %s", verify_report->problem_count,
           terminal_plural(verify_report->problem_count, "problem", "problems"));
  printf("  %lld history rows up to seq %lld, hash %s\n", (long long)verify_report->rows, (long long)verify_report->seq,
         verify_report->hash);
  fflush(stdout);
}

static void print_object(const struct verify_report *verify_report, bool head_alone) {
  struct buffer line;
  struct json json;
  buffer_init(&line, 4 * TEXT_LIMIT);
  json_init(&json, &line);
  json_begin_object(&json, NULL);
  json_text(&json, "organization", verify_report->organization);
  json_text(&json, "organization_id", verify_report->organization_id);
  json_integer(&json, "seq", verify_report->seq);
  json_text(&json, "hash", verify_report->hash);
  if (head_alone) {
    json_text(&json, "head", verify_report->head);
  } else {
    json_integer(&json, "rows", verify_report->rows);
    json_boolean(&json, "proven", verify_report->problem_count == 0);
    json_integer(&json, "problem_count", verify_report->problem_count);
    json_begin_array(&json, "problems");
    json_raw_members(&json, buffer_slice(&verify_report->problem_text));
    json_end_array(&json);
    json_begin_array(&json, "notes");
    json_raw_members(&json, buffer_slice(&verify_report->note_text));
    json_end_array(&json);
  }
  json_end_object(&json);
  if (buffer_fits(&line))
    puts(line.bytes);
  buffer_finish(&line);
  fflush(stdout);
}

void verify_report_print_json(const struct verify_report *verify_report) { print_object(verify_report, false); }

void verify_report_print_head_json(const struct verify_report *verify_report) { print_object(verify_report, true); }
