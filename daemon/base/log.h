#pragma once
/* One line per event: a sentence, then key=value. On a stream as text (with journald's priorities, "<6>", when the stream is the
 * journal's) or as an object of JSON; or handed to whoever takes it. */
#include "base/buffer.h"
#include "base/log_event.h"
#include <stdio.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

enum { LOG_FIELDS_MAX = 16 };

struct log_field {
  struct slice name, value;
  bool number;
};

struct log_record { /* borrowed for the call */
  enum log_level level;
  enum log_event event;
  struct slice line;    /* the whole: the sentence and the fields */
  struct slice message; /* the sentence alone */
  const struct log_field *fields;
  int field_count;
};

struct log;

/* `stream` is borrowed. `priorities`: prefix each line with "<N>" (when $JOURNAL_STREAM names the stream). */
struct log *log_create(FILE *stream, enum log_level level, bool priorities);
void log_destroy(struct log *log);
void log_set_level(struct log *log, enum log_level level);
void log_set_format(struct log *log, enum log_format format);

/* Takes the place of the stream, while the format is text. False: could not take it, so it goes to the stream. */
typedef bool log_sink_fn(const struct log_record *record);
void log_set_sink(struct log *log, log_sink_fn *sink);

/* Control characters and line breaks in the finished line become spaces; a line is cut at 2,000 bytes. NULL log is silent. The fields are the
 * words name=%… at the end of `format`: whatever a stranger's text before them says, it makes no field. */
void log_write(struct log *log, enum log_level level, const char *format, ...) __attribute__((format(printf, 3, 4)));
void log_event(struct log *log, enum log_event event, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

bool log_level_parse(const char *text, enum log_level *ret_level) __attribute__((warn_unused_result));
