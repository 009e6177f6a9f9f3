#include "io/db_array.h"

bool db_array_append(struct buffer *literal, struct slice element) {
  buffer_append_text(literal, literal->length == 0 ? "{\"" : ",\"");
  for (size_t i = 0; i < element.length; i++) {
    if (element.bytes[i] == '"' || element.bytes[i] == '\\')
      buffer_append(literal, "\\", 1);
    buffer_append(literal, element.bytes + i, 1);
  }
  return buffer_append(literal, "\"", 1);
}

bool db_array_append_number(struct buffer *literal, int64_t number) {
  return buffer_append_format(literal, "%c%lld", literal->length == 0 ? '{' : ',', (long long)number);
}

bool db_array_append_null(struct buffer *literal) {
  return buffer_append_text(literal, literal->length == 0 ? "{null" : ",null");
}

bool db_array_close(struct buffer *literal) { return buffer_append_text(literal, literal->length == 0 ? "{}" : "}"); }
