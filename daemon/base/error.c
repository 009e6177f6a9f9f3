/* Errors are values in the caller's frame: no allocation, so that even running out of memory can be told. */
#include "base/error.h"
#include "base/text.h"
#include <stdio.h>
#include <string.h>

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
    text[text_utf8_floor(slice_of(text), strlen(text))] = '\0';
  *error = (struct error){.kind = kind};
  memcpy(error->text, text, sizeof text);
  return false;
}

bool error_prefix(struct error *error, const char *format, ...) {
  if (!error)
    return false;
  char context[ERROR_TEXT_BYTES], code[sizeof error->code];
  va_list arguments;
  va_start(arguments, format);
  int wanted = vsnprintf(context, sizeof context, format, arguments);
  va_end(arguments);
  memcpy(code, error->code, sizeof code);
  error_set(error, error->kind, "%s: %s", wanted < 0 ? "" : context, error->text);
  memcpy(error->code, code, sizeof code);
  return false;
}

void error_clear(struct error *error) {
  if (error)
    *error = (struct error){.kind = ERROR_NONE};
}
