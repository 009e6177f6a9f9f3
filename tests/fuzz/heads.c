/* Any bytes as the file of `verify --since`, in blocks of any size: refused when they are no text, and an organization is found in it
 * exactly when a line says its id. Whether what the lines say is true is PostgreSQL's to tell (tests/sql). */
#include "store/heads.h"
#include "check.h"
#include <string.h>

/* The id of the first head in it, as a second reader sees it; false: there is none. */
static bool first_id(const char *text, char ret_id[64]) {
  static const char sign[] = "organization_id=";
  const char *at = strstr(text, sign);
  size_t length = at == NULL ? 0 : strcspn(at + sizeof sign - 1, " \n");
  if (at == NULL || length >= 64 || strncmp(at + sizeof sign - 1 + length, " seq=", 5) != 0)
    return false;
  memcpy(ret_id, at + sizeof sign - 1, length);
  ret_id[length] = '\0';
  return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct buffer text;
  char id[64];
  size_t block = 1 + size % 61;
  bool good = true;
  heads_init(&text);
  for (size_t at = 0; good && at < size; at += block)
    good = heads_append(&text, (struct slice){(const char *)data + at, size - at < block ? size - at : block});
  CHECK(good == (memchr(data, '\0', size) == NULL));
  if (good) {
    CHECK(text.length == size && (size == 0 || memcmp(text.bytes, data, size) == 0));
    bool any = size > 0 && memmem(data, size, "organization_id=", 16) != NULL;
    CHECK(heads_any(&text) == any);
    if (any && first_id(text.bytes, id))
      CHECK(heads_name(&text, id));
    CHECK(!heads_name(&text, "orga_\x01of a stranger") || strstr(text.bytes, "orga_\x01of a stranger") != NULL);
  }
  buffer_finish(&text);
  return 0;
}
