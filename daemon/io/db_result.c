/* Rows and errors of libpq, read without changing them. */
#include "io/db_result.h"
#include "io/db.h"
#include <ctype.h>
#include <errno.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void message_join_lines(const char *message, char *ret_text, size_t size) {
  size_t used = 0;
  for (const char *line = message; *line != '\0';) {
    const char *end = line + strcspn(line, "\n");
    const char *next = *end != '\0' ? end + 1 : end;
    while (line < end && isspace((unsigned char)*line))
      line++;
    while (end > line && isspace((unsigned char)end[-1]))
      end--;
    const char *joint = used > 0 && end > line ? "; " : "";
    size_t length = (size_t)(end - line);
    if (used + strlen(joint) + length + 1 > size)
      break;
    memcpy(ret_text + used, joint, strlen(joint));
    used += strlen(joint);
    memcpy(ret_text + used, line, length);
    used += length;
    line = next;
  }
  while (used > 0 && ret_text[used - 1] == '.') /* libpq speaks in sentences at times, we do not */
    used--;
  ret_text[used] = '\0';
}

void message_settle(const char *code, char *text) {
  static const char *const classes[] = {"53", "58", "XX"}; /* insufficient resources, system error, internal error */
  bool varies = false;
  char *out = text;
  for (size_t i = 0; code != NULL && i < sizeof classes / sizeof *classes; i++)
    varies |= strncmp(code, classes[i], 2) == 0;
  for (const char *at = text; varies && *at != '\0';) {
    size_t quoted = strncmp(at, " \"", 2) == 0 ? 2 + strcspn(at + 2, "\"") : 0;
    size_t digits = strspn(at, "0123456789");
    if (quoted > 0 && at[quoted] == '"' && memchr(at, '/', quoted) != NULL) {
      at += quoted + 1;
      continue;
    }
    *out++ = digits > 0 ? 'N' : *at;
    at += digits > 0 ? digits : 1;
  }
  if (varies)
    *out = '\0';
}

void result_error(const struct pg_result *result, struct error *error) {
  const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  /* Without a severity it is libpq itself that speaks: the connection broke. */
  bool over = severity == NULL || strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0;
  char text[ERROR_TEXT_BYTES];
  message_join_lines(message != NULL ? message : PQresultErrorMessage(result), text, sizeof text);
  message_settle(code, text);
  error_set(error, over ? ERROR_UNREACHABLE : ERROR_DATABASE, "%s", text[0] != '\0' ? text : "no reason given");
  if (error != NULL && code != NULL && strlen(code) < sizeof error->code)
    strcpy(error->code, code);
}

void connection_error(const struct pg_conn *connection, struct error *error) {
  char text[ERROR_TEXT_BYTES];
  message_join_lines(PQerrorMessage(connection), text, sizeof text);
  error_set(error, ERROR_UNREACHABLE, "%s", text[0] != '\0' ? text : "the connection broke");
}

bool db_row_is_null(const struct db_row *row, int column) {
  return column < 0 || column >= row->columns || PQgetisnull(row->result, row->row, column);
}

struct slice db_row_text(const struct db_row *row, int column) {
  if (db_row_is_null(row, column))
    return (struct slice){.bytes = "", .length = 0};
  return (struct slice){.bytes = PQgetvalue(row->result, row->row, column),
                        .length = (size_t)PQgetlength(row->result, row->row, column)};
}

struct slice db_row_optional(const struct db_row *row, int column) {
  return db_row_is_null(row, column) ? (struct slice){0} : db_row_text(row, column);
}

void db_row_put(const struct db_row *row, int column, char *ret_text, size_t size) {
  struct slice text = db_row_text(row, column);
  snprintf(ret_text, size, "%.*s", (int)text.length, text.bytes);
}

int64_t db_row_int(const struct db_row *row, int column) {
  struct slice text = db_row_text(row, column);
  char *end = NULL;
  errno = 0;
  long long value = strtoll(text.bytes, &end, 10); /* libpq ends a value with NUL */
  return errno == 0 && end == text.bytes + text.length ? value : 0;
}

bool db_row_bool(const struct db_row *row, int column) { return slice_equals(db_row_text(row, column), "t"); }

int db_library_version(void) { return PQlibVersion(); }
