#include "crm/walk.h"
#include "base/memory.h"
#include "crm/scan.h"
#include <string.h>

/* What this file is for: taking single things out of an answer. The text is valid: it was written by crm/canonical. */

/* The value at `*rest`; what stands before it, a bracket or a comma, is stepped over. */
static bool next_value(struct slice *rest, struct slice *ret_value) {
  struct scan scan;
  if (rest->length < 2)
    return false;
  scan_init(&scan, (struct slice){rest->bytes + 1, rest->length - 1});
  bool good = scan_value(&scan, ret_value);
  scan_finish(&scan);
  size_t step = good ? (size_t)(ret_value->bytes + ret_value->length - rest->bytes) : rest->length;
  *rest = (struct slice){rest->bytes + step, rest->length - step};
  return good;
}

bool walk_element(struct slice *rest, struct slice *ret_value) {
  bool more = rest->length > 0 && (*rest->bytes == '[' || *rest->bytes == ',');
  return more && next_value(rest, ret_value);
}

bool walk_member(struct slice object, const char *name, struct slice *ret_value) {
  struct slice rest = object, key;
  size_t length = strlen(name);
  while (rest.length > 0 && (*rest.bytes == '{' || *rest.bytes == ',') && next_value(&rest, &key) &&
         next_value(&rest, ret_value))
    if (key.length == length + 2 && memcmp(key.bytes + 1, name, length) == 0)
      return true;
  return false;
}

char *walk_text(struct slice value) {
  struct buffer text;
  if (value.length < 2 || *value.bytes != '"')
    return NULL;
  buffer_init(&text, 3 * value.length);
  scan_decode((struct slice){value.bytes + 1, value.length - 2}, &text);
  char *copy = memory_copy(text.bytes == NULL ? "" : text.bytes, text.length);
  buffer_finish(&text);
  return copy;
}
