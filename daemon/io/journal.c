#include "io/journal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef HAVE_SYSTEMD
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>
#endif

bool journal_is_stderr(void) {
  const char *stream = getenv("JOURNAL_STREAM");
  char own[64];
  struct stat status;
  if (stream == NULL || fstat(STDERR_FILENO, &status) != 0)
    return false;
  snprintf(own, sizeof own, "%llu:%llu", (unsigned long long)status.st_dev, (unsigned long long)status.st_ino);
  return strcmp(stream, own) == 0;
}

#ifdef HAVE_SYSTEMD
enum { PLACES = LOG_FIELDS_MAX + 4, TEXT_BYTES_MAX = 16 * 1024 };

/* "ORGANIZATION=acme" */
static void append_field(struct buffer *text, const struct log_field *field) {
  for (size_t i = 0; i < field->name.length; i++) {
    char letter = field->name.bytes[i];
    letter = letter == '_' ? letter : (char)(letter - 'a' + 'A');
    buffer_append(text, &letter, 1);
  }
  buffer_append_text(text, "=");
  buffer_append(text, field->value.bytes, field->value.length);
}

bool journal_send(const struct log_record *record) {
  static const int priorities[] = {
      [LOG_LEVEL_ERROR] = 3, [LOG_LEVEL_WARNING] = 4, [LOG_LEVEL_INFO] = 6, [LOG_LEVEL_DEBUG] = 7};
  struct iovec places[PLACES];
  size_t ends[PLACES];
  int count = 0;
  struct buffer text;
  buffer_init(&text, TEXT_BYTES_MAX);
  buffer_append_format(&text, "MESSAGE=%.*s", (int)record->line.length, record->line.bytes);
  ends[count++] = text.length;
  buffer_append_format(&text, "PRIORITY=%d", priorities[record->level]);
  ends[count++] = text.length;
  buffer_append_text(&text, "SYSLOG_IDENTIFIER=closesyncd");
  ends[count++] = text.length;
  if (record->event != LOG_EVENT_NONE) {
    buffer_append_format(&text, "MESSAGE_ID=%s", log_event_id(record->event));
    ends[count++] = text.length;
  }
  for (int i = 0; i < record->field_count; i++) {
    append_field(&text, &record->fields[i]);
    ends[count++] = text.length;
  }
  for (int i = 0; i < count; i++) {
    size_t begin = i == 0 ? 0 : ends[i - 1];
    places[i] = (struct iovec){.iov_base = text.bytes + begin, .iov_len = ends[i] - begin};
  }
  bool sent = buffer_fits(&text) && sd_journal_sendv(places, count) == 0;
  buffer_finish(&text);
  return sent;
}
#else
bool journal_send(const struct log_record *record) {
  (void)record;
  return false;
}
#endif
