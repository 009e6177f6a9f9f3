#include "command/verify_report.h"
#include "app.h"
#include "base/memory.h"
#include "command/terminal.h"
#include <stdio.h>

/* What this file is for: words for proofs. Of thousands of problems the first ones are told and all are counted. */

enum { TEXT_BYTES_MAX = 64 * 1024 };

void proven_init(struct proven *proven, const struct db_row *row) {
  struct slice name = db_row_text(row, 0), id = db_row_text(row, 1), hash = db_row_text(row, 3),
               head = db_row_text(row, 5);
  *proven = (struct proven){.organization = memory_copy(name.bytes, name.length),
                            .organization_id = memory_copy(id.bytes, id.length),
                            .hash = memory_copy(hash.bytes, hash.length),
                            .head = memory_copy(head.bytes, head.length),
                            .seq = db_row_int(row, 2),
                            .rows = db_row_int(row, 4)};
  buffer_init(&proven->problems, TEXT_BYTES_MAX);
  buffer_init(&proven->notes, TEXT_BYTES_MAX);
  buffer_init(&proven->lines, TEXT_BYTES_MAX);
}

void proven_finish(struct proven *proven) {
  memory_free(proven->organization);
  memory_free(proven->organization_id);
  memory_free(proven->hash);
  memory_free(proven->head);
  buffer_finish(&proven->problems);
  buffer_finish(&proven->notes);
  buffer_finish(&proven->lines);
}

/* All or nothing: half an object is none. */
static void append_json(struct buffer *list, const struct evidence_problem *problem) {
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

static void append_line(struct proven *proven, const struct evidence_problem *problem) {
  struct buffer *lines = &proven->lines;
  size_t before = lines->length;
  bool good = buffer_append_text(lines, "closesyncd: ") && text_append_clean(lines, slice_of(proven->organization)) &&
              buffer_append_text(lines, ": ") && text_append_clean(lines, problem->what) &&
              (problem->seq < 0 || buffer_append_format(lines, " seq %lld", (long long)problem->seq)) &&
              (problem->account_id.length == 0 ||
               (buffer_append_text(lines, " account ") && text_append_clean(lines, problem->account_id))) &&
              buffer_append_text(lines, ": ") && text_append_clean(lines, problem->text) &&
              buffer_append_text(lines, "\n");
  if (!good)
    lines->length = before;
  if (lines->bytes != NULL)
    lines->bytes[lines->length] = '\0';
}

void proven_add(struct proven *proven, const struct evidence_problem *problem) {
  proven->problem_count++;
  append_json(&proven->problems, problem);
  append_line(proven, problem);
}

void proven_note(struct proven *proven, const struct evidence_problem *note) {
  append_json(&proven->notes, note);
  append_line(proven, note);
}

void proven_print(const struct proven *proven) {
  if (proven->lines.bytes != NULL)
    fputs(proven->lines.bytes, stderr);
  terminal_clean(stdout, 0, slice_of(proven->organization));
  if (proven->problem_count == 0)
    fputs("  proven", stdout);
  else
    printf("  %d %s", proven->problem_count, terminal_plural(proven->problem_count, "problem", "problems"));
  printf("  %lld history rows up to seq %lld, hash %s\n", (long long)proven->rows, (long long)proven->seq,
         proven->hash);
  fflush(stdout);
}

static bool append_who(const struct proven *proven, struct buffer *line) {
  return buffer_append_text(line, "{\"organization\": ") && text_append_json(line, slice_of(proven->organization)) &&
         buffer_append_text(line, ", \"organization_id\": ") &&
         text_append_json(line, slice_of(proven->organization_id)) &&
         buffer_append_format(line, ", \"seq\": %lld, \"hash\": \"%s\"", (long long)proven->seq, proven->hash);
}

void proven_print_json(const struct proven *proven) {
  struct buffer line;
  buffer_init(&line, 4 * TEXT_BYTES_MAX);
  if (append_who(proven, &line) &&
      buffer_append_format(
          &line, ", \"rows\": %lld, \"proven\": %s, \"problem_count\": %d, \"problems\": [%s], \"notes\": [%s]}",
          (long long)proven->rows, proven->problem_count == 0 ? "true" : "false", proven->problem_count,
          proven->problems.bytes == NULL ? "" : proven->problems.bytes,
          proven->notes.bytes == NULL ? "" : proven->notes.bytes))
    puts(line.bytes);
  buffer_finish(&line);
  fflush(stdout);
}

void proven_print_head_json(const struct proven *proven) {
  struct buffer line;
  buffer_init(&line, TEXT_BYTES_MAX);
  if (append_who(proven, &line) && buffer_append_text(&line, ", \"head\": ") &&
      text_append_json(&line, slice_of(proven->head)) && buffer_append_text(&line, "}"))
    puts(line.bytes);
  buffer_finish(&line);
}
