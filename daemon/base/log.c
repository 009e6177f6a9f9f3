/* Builds the whole line first and writes it at once, so that lines of two processes do not mix. */
#include "base/log.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/moment.h"
#include "base/text.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 2000, OBJECT_BYTES = 8 * LINE_BYTES };

struct log {
  FILE *stream;
  enum log_level level;
  enum log_format format;
  log_sink_fn *sink;
  bool priorities;
};

static const char *const level_names[] = {[LOG_LEVEL_ERROR] = "error",
                                          [LOG_LEVEL_WARNING] = "warning",
                                          [LOG_LEVEL_INFO] = "info",
                                          [LOG_LEVEL_DEBUG] = "debug"};

struct log *log_create(FILE *stream, enum log_level level, bool priorities) {
  struct log *log = memory_allocate(sizeof *log);
  *log = (struct log){.stream = stream, .level = level, .priorities = priorities};
  return log;
}

void log_destroy(struct log *log) { free(log); }

void log_set_level(struct log *log, enum log_level level) { log->level = level; }

void log_set_format(struct log *log, enum log_format format) { log->format = format; }

void log_set_sink(struct log *log, log_sink_fn *sink) { log->sink = sink; }

/* What could break the line or steer who reads it becomes blanks, or question marks. */
static void clean(char *line, size_t length) {
  for (size_t i = 0, step; i < length; i += step) {
    unsigned char first = (unsigned char)line[i];
    bool harmless;
    step = text_step((struct slice){line + i, length - i}, &harmless);
    bool control = first < 0x20 || first == 0x7f || (first == 0xc2 && step == 2);
    if (!harmless)
      memset(line + i, control ? ' ' : '?', step);
  }
}

/* The last word before `*end`, which moves before it. */
static struct slice last_word(const char *text, size_t *end) {
  size_t begin = *end;
  while (begin > 0 && text[begin - 1] != ' ')
    begin--;
  struct slice word = {text + begin, *end - begin};
  *end = begin > 0 ? begin - 1 : 0;
  return word;
}

/* "name=%lld": the length of the name; 0 when it is none. */
static size_t name_length(struct slice word) {
  size_t length = 0;
  while (length < word.length &&
         ((word.bytes[length] >= 'a' && word.bytes[length] <= 'z') || word.bytes[length] == '_'))
    length++;
  return length + 1 < word.length && word.bytes[length] == '=' && word.bytes[length + 1] == '%' ? length : 0;
}

/* How much of a line the first `length` bytes of its format make; no value says where it ends. */
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static size_t written_length(const char *format, size_t length, va_list arguments) {
  char head[LINE_BYTES];
  va_list copy;
  snprintf(head, sizeof head, "%.*s", (int)length, format);
  va_copy(copy, arguments);
  int written = vsnprintf(NULL, 0, head, copy);
  va_end(copy);
  return written < 0 ? 0 : (size_t)written;
}

/* Reads the fields off the end of the line, as far as the format has them, and puts them into their order. */
static void find_fields(const char *format, va_list arguments, struct log_record *record, struct log_field *fields) {
  size_t format_end = strlen(format), line_end = record->line.length;
  int count = 0;
  while (count < LOG_FIELDS_MAX && format_end > 0 && line_end > 0) {
    struct slice pattern = last_word(format, &format_end), name = {pattern.bytes, name_length(pattern)};
    if (name.length == 0)
      break;
    size_t field = written_length(format, (size_t)(name.bytes - format), arguments), value = field + name.length + 1;
    fields[count++] = (struct log_field){.name = name,
                                         .value = {record->line.bytes + value, line_end - value},
                                         .number = pattern.bytes[pattern.length - 1] == 'd'};
    line_end = field > 0 ? field - 1 : 0;
  }
  for (int i = 0; i < count / 2; i++) {
    struct log_field other = fields[i];
    fields[i] = fields[count - 1 - i];
    fields[count - 1 - i] = other;
  }
  record->message = (struct slice){record->line.bytes, line_end};
  record->fields = fields;
  record->field_count = count;
}

static void write_object(struct buffer *object, const struct log_record *record) {
  char moment[MOMENT_TEXT_BYTES];
  struct json json;
  moment_format(moment_now_us(), moment);
  json_init(&json, object);
  json_begin_object(&json, NULL);
  json_text(&json, "time", moment);
  json_text(&json, "level", level_names[record->level]);
  json_slice(&json, "message", record->message);
  for (int i = 0; i < record->field_count; i++) {
    const struct log_field *field = &record->fields[i];
    json_name(&json, field->name);
    if (field->number)
      json_raw(&json, NULL, field->value);
    else
      json_slice(&json, NULL, field->value);
  }
  if (record->event != LOG_EVENT_NONE)
    json_text(&json, "message_id", log_event_id(record->event));
  json_end_object(&json);
}

static void write_stream(const struct log *log, const struct log_record *record) {
  static const char priorities[] = {
      [LOG_LEVEL_ERROR] = '3', [LOG_LEVEL_WARNING] = '4', [LOG_LEVEL_INFO] = '6', [LOG_LEVEL_DEBUG] = '7'};
  struct buffer object;
  struct slice line = record->line;
  buffer_init(&object, OBJECT_BYTES);
  if (log->format == LOG_FORMAT_JSON)
    write_object(&object, record);
  if (object.length > 0 && buffer_fits(&object))
    line = buffer_slice(&object);
  flockfile(log->stream);
  if (log->priorities)
    fprintf(log->stream, "<%c>", priorities[record->level]);
  fwrite(line.bytes, 1, line.length, log->stream);
  putc_unlocked('\n', log->stream);
  fflush(log->stream);
  funlockfile(log->stream);
  buffer_finish(&object);
}

static void write_arguments(struct log *log, struct log_record *record, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

static void write_arguments(struct log *log, struct log_record *record, const char *format, va_list arguments) {
  char line[LINE_BYTES];
  struct log_field fields[LOG_FIELDS_MAX];
  va_list copy;
  va_copy(copy, arguments);
  int wanted = log != NULL && record->level <= log->level ? vsnprintf(line, sizeof line, format, copy) : -1;
  va_end(copy);
  if (wanted < 0)
    return;
  size_t length = strlen(line);
  if ((size_t)wanted > length)
    length = text_utf8_floor((struct slice){line, length}, length);
  clean(line, length);
  record->line = record->message = (struct slice){line, length};
  if ((size_t)wanted == length)
    find_fields(format, arguments, record, fields);
  if (log->sink == NULL || log->format != LOG_FORMAT_TEXT || !log->sink(record))
    write_stream(log, record);
}

void log_write(struct log *log, enum log_level level, const char *format, ...) {
  struct log_record record = {.level = level};
  va_list arguments;
  va_start(arguments, format);
  write_arguments(log, &record, format, arguments);
  va_end(arguments);
}

void log_event(struct log *log, enum log_event event, enum log_level level, const char *format, ...) {
  struct log_record record = {.level = level, .event = event};
  va_list arguments;
  va_start(arguments, format);
  write_arguments(log, &record, format, arguments);
  va_end(arguments);
}

bool log_level_parse(const char *text, enum log_level *ret_level) {
  for (size_t i = 0; i < sizeof level_names / sizeof level_names[0]; i++) {
    if (strcmp(text, level_names[i]) == 0) {
      *ret_level = (enum log_level)i;
      return true;
    }
  }
  return false;
}
