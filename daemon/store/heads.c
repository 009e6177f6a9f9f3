/* A head is a line of `verify --head`, or a log line that holds one: `organization_id=… seq=…`. */
#include "store/heads.h"
#include <string.h>

enum { HEADS_BYTES_MAX = 16 * 1024 * 1024 };

void heads_init(struct buffer *heads) { buffer_init(heads, HEADS_BYTES_MAX); }

bool heads_append(struct buffer *heads, struct slice block) {
  return (block.length == 0 || memchr(block.bytes, '\0', block.length) == NULL) &&
         buffer_append(heads, block.bytes, block.length);
}

bool heads_any(const struct buffer *heads) {
  return heads->bytes != NULL && strstr(heads->bytes, "organization_id=") != NULL;
}

bool heads_name(const struct buffer *heads, const char *organization_id) {
  struct buffer sign;
  buffer_init(&sign, HEADS_BYTES_MAX);
  bool named = buffer_append_format(&sign, "organization_id=%s seq=", organization_id) && heads->bytes != NULL &&
               strstr(heads->bytes, sign.bytes) != NULL;
  buffer_finish(&sign);
  return named;
}
