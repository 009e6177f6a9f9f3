#pragma once
/* One line per event on a stream: a sentence, then key=value. Journald priorities ("<6>") when the stream is the journal's. */
#include <stdbool.h>
#include <stdio.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

struct log;

/* `stream` is borrowed. `priorities`: prefix each line with "<N>" (when $JOURNAL_STREAM names the stream). */
struct log *log_create(FILE *stream, enum log_level level, bool priorities);
void log_destroy(struct log *log);
void log_set_level(struct log *log, enum log_level level);
bool log_enabled(const struct log *log, enum log_level level);

/* Control characters and line breaks in the finished line become spaces; a line is cut at 2,000 bytes. NULL log is silent. */
void log_write(struct log *log, enum log_level level, const char *format, ...) __attribute__((format(printf, 3, 4)));

bool log_level_parse(const char *text, enum log_level *ret_level) __attribute__((warn_unused_result));
