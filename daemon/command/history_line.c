/* One change as a line. Whose account it is, what and when come first, so that lines stand in columns; values come last, for they are
 * as long as Close makes them. */
#include "command/history_line.h"
#include "base/json.h"
#include <string.h>

enum {
  NAME,
  ORGANIZATION_ID,
  SEQ,
  ACCOUNT_ID,
  TYPE,
  EMAIL,
  CHANGE,
  FIELD,
  OLD_VALUE,
  NEW_VALUE,
  NOT_BEFORE,
  OBSERVED_AT,
  CHANGED_FIELDS,
  OLD_WORD,
  NEW_WORD
};

enum { VALUE_BYTES_MAX = 200, LINE_BYTES_MAX = 64 * 1024 * 1024, DAY = 10, SECOND = 19 };

struct slice history_line_organization_id(const struct db_row *row) {
  return db_row_text(row, ORGANIZATION_ID);
}

int64_t history_line_seq(const struct db_row *row) { return db_row_int(row, SEQ); }

/* "2026-11-23 00:16:54 to 00:17:54", "before 2026-11-23 00:17:54": UTC, the second day only where it is another one. */
static void print_when(const struct terminal *terminal, const struct db_row *row) {
  struct slice from = db_row_text(row, NOT_BEFORE), to = db_row_text(row, OBSERVED_AT);
  char text[64];
  if (from.length < SECOND)
    snprintf(text, sizeof text, "by %.10s %.8s", to.bytes, to.bytes + DAY + 1);
  else if (memcmp(from.bytes, to.bytes, DAY) == 0)
    snprintf(text, sizeof text, "%.10s %.8s to %.8s", from.bytes, from.bytes + DAY + 1, to.bytes + DAY + 1);
  else
    snprintf(text, sizeof text, "%.10s %.8s to %.10s %.8s", from.bytes, from.bytes + DAY + 1, to.bytes,
             to.bytes + DAY + 1);
  terminal_word(terminal, TONE_QUIET, 31, text);
}

static void print_value(const struct terminal *terminal, const struct db_row *row, int column, int word) {
  struct slice value = db_row_text(row, column);
  if (!db_row_is_null(row, word)) {
    terminal_word(terminal, TONE_QUIET, 0, db_row_text(row, word).bytes);
    return;
  }
  size_t length = text_utf8_floor(value, VALUE_BYTES_MAX);
  terminal_clean(0, (struct slice){value.bytes, length});
  if (length < value.length)
    fputs("…", stdout);
}

static void print_what(const struct terminal *terminal, const struct db_row *row) {
  struct slice change = db_row_text(row, CHANGE);
  if (slice_equals(change, "added")) {
    terminal_word(terminal, TONE_GOOD, 0, "+ added");
  } else if (slice_equals(change, "removed")) {
    terminal_word(terminal, TONE_BAD, 0, "- removed");
  } else {
    terminal_word(terminal, TONE_CHANGE, 0, slice_equals(change, "rescoped") ? "= rescoped " : "~ ");
    terminal_clean(0, db_row_text(row, FIELD));
    fputs(": ", stdout);
    print_value(terminal, row, OLD_VALUE, OLD_WORD);
    fputs(" → ", stdout);
    print_value(terminal, row, NEW_VALUE, NEW_WORD);
  }
}

void history_line_print(const struct terminal *terminal, const struct history_widths *widths,
                        const struct db_row *row) {
  print_when(terminal, row);
  fputs("  ", stdout);
  if (widths->organization > 0) {
    terminal_clean(widths->organization, db_row_text(row, NAME));
    fputs("  ", stdout);
  }
  terminal_clean(12, db_row_text(row, TYPE));
  fputs("  ", stdout);
  struct slice email = db_row_text(row, EMAIL);
  terminal_clean(widths->account, email.length > 0 ? email : db_row_text(row, ACCOUNT_ID));
  fputs("  ", stdout);
  print_what(terminal, row);
  putchar('\n');
}

void history_line_print_json(const struct db_row *row) {
  struct buffer line;
  struct json json;
  buffer_init(&line, LINE_BYTES_MAX);
  json_init(&json, &line);
  json_begin_object(&json, NULL);
  json_slice(&json, "organization_id", db_row_optional(row, ORGANIZATION_ID));
  json_integer(&json, "seq", db_row_int(row, SEQ));
  json_slice(&json, "account_id", db_row_optional(row, ACCOUNT_ID));
  json_slice(&json, "type", db_row_optional(row, TYPE));
  json_slice(&json, "email", db_row_optional(row, EMAIL));
  json_slice(&json, "change", db_row_optional(row, CHANGE));
  json_slice(&json, "field", db_row_optional(row, FIELD));
  json_raw(&json, "old_value", db_row_optional(row, OLD_VALUE));
  json_raw(&json, "new_value", db_row_optional(row, NEW_VALUE));
  json_slice(&json, "not_before", db_row_optional(row, NOT_BEFORE));
  json_slice(&json, "observed_at", db_row_optional(row, OBSERVED_AT));
  json_raw(&json, "changed_fields", db_row_optional(row, CHANGED_FIELDS));
  json_end_object(&json);
  buffer_append_text(&line, "\n");
  if (buffer_fits(&line))
    fwrite(line.bytes, 1, line.length, stdout);
  else
    fprintf(stderr, "closesyncd: seq %lld is too large for a line: look it up in account_change\n",
            (long long)db_row_int(row, SEQ));
  buffer_finish(&line);
}
