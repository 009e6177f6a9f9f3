/* Errors are values in the caller's frame: no allocation, so that even running out of memory can be told. */
#include "base/error.h"
#include "base/text.h"
#include <stdio.h>
#include <string.h>

/* Cut a text that filled its array where a character ends. */
static void cut(char *text) { text[text_utf8_floor(slice_of(text), strlen(text))] = '\0'; }

bool error_set(struct error *error, enum error_kind kind, const char *format, ...) {
  if (!error)
    return false;
  char text[ERROR_TEXT_BYTES]; /* the arguments may point into *error */
  va_list arguments;
  va_start(arguments, format);
  int wanted = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (wanted < 0)
    text[0] = '\0';
  else if ((size_t)wanted >= sizeof text)
    cut(text);
  *error = (struct error){.kind = kind};
  memcpy(error->text, text, sizeof text);
  return false;
}

bool error_prefix(struct error *error, const char *format, ...) {
  if (!error)
    return false;
  char text[2 * ERROR_TEXT_BYTES];
  va_list arguments;
  va_start(arguments, format);
  int wanted = vsnprintf(text, ERROR_TEXT_BYTES, format, arguments);
  va_end(arguments);
  size_t length = wanted < 0 ? 0 : strlen(text);
  snprintf(text + length, sizeof text - length, ": %s", error->text);
  if (strlen(text) >= sizeof error->text) {
    text[sizeof error->text - 1] = '\0';
    cut(text);
  }
  memcpy(error->text, text, strlen(text) + 1);
  return false;
}

void error_clear(struct error *error) {
  if (error)
    *error = (struct error){.kind = ERROR_NONE};
}
