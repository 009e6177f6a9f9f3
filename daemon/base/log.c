/* Builds the whole line first and writes it at once, so that lines of two processes do not mix. */
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 2000

struct log {
  FILE *stream;
  enum log_level level;
  bool priorities;
};

struct log *log_create(FILE *stream, enum log_level level, bool priorities) {
  struct log *log = memory_allocate(sizeof *log);
  *log = (struct log){.stream = stream, .level = level, .priorities = priorities};
  return log;
}

void log_destroy(struct log *log) { free(log); }

void log_set_level(struct log *log, enum log_level level) { log->level = level; }

bool log_enabled(const struct log *log, enum log_level level) { return log && level <= log->level; }

/* What could break the line or steer a terminal: C0, DEL, C1 (two bytes in UTF-8) and bytes that are no UTF-8. */
static void clean(char *line, size_t length) {
  for (size_t i = 0; i < length;) {
    size_t skip;
    size_t step = text_utf8_character((struct slice){line + i, length - i}, &skip);
    unsigned char first = (unsigned char)line[i];
    bool steers = first < 0x20 || first == 0x7f || (first == 0xc2 && (unsigned char)line[i + 1] < 0xa0);
    if (step == 0 || steers)
      memset(line + i, step == 0 ? '?' : ' ', step ? step : skip);
    i += step ? step : skip;
  }
}

void log_write(struct log *log, enum log_level level, const char *format, ...) {
  static const char priorities[] = {
      [LOG_LEVEL_ERROR] = '3', [LOG_LEVEL_WARNING] = '4', [LOG_LEVEL_INFO] = '6', [LOG_LEVEL_DEBUG] = '7'};
  if (!log_enabled(log, level))
    return;
  char line[LINE_BYTES + 1]; /* the NUL's place becomes the line break's */
  va_list arguments;
  va_start(arguments, format);
  int wanted = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (wanted < 0)
    return;
  size_t length = strlen(line);
  if ((size_t)wanted > length)
    length = text_utf8_floor((struct slice){line, length}, length);
  clean(line, length);
  line[length++] = '\n';
  flockfile(log->stream);
  if (log->priorities)
    fprintf(log->stream, "<%c>", priorities[level]);
  fwrite(line, 1, length, log->stream);
  fflush(log->stream);
  funlockfile(log->stream);
}

bool log_level_parse(const char *text, enum log_level *ret_level) {
  static const char *const words[] = {[LOG_LEVEL_ERROR] = "error",
                                      [LOG_LEVEL_WARNING] = "warning",
                                      [LOG_LEVEL_INFO] = "info",
                                      [LOG_LEVEL_DEBUG] = "debug"};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (strcmp(text, words[i]) == 0) {
      *ret_level = (enum log_level)i;
      return true;
    }
  }
  return false;
}
