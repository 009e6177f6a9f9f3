/* Remembers the entries that could not be read. It promises that the array which is sent holds each entry that is counted, or that the
 * listing fails: a list that is too long is never an empty one. */
#include "crm/rejected.h"
#include "base/json.h"
#include <stdlib.h>
#include <string.h>

enum { LIST_BYTES_MAX = 16 * 1024 * 1024, FINGERPRINT_HEX = 2 * HASH_BYTES };

void rejected_init(struct rejected *rejected) {
  *rejected = (struct rejected){.closed = false};
  buffer_init(&rejected->list, LIST_BYTES_MAX + 1); /* the bracket at its end has room in any case */
  buffer_init(&rejected->fingerprints, LIST_BYTES_MAX);
  buffer_init(&rejected->entry, LIST_BYTES_MAX);
}

void rejected_finish(struct rejected *rejected) {
  buffer_finish(&rejected->list);
  buffer_finish(&rejected->fingerprints);
  buffer_finish(&rejected->entry);
}

void rejected_clear(struct rejected *rejected) {
  buffer_clear(&rejected->list);
  buffer_clear(&rejected->fingerprints);
  rejected->closed = false;
}

static bool append(struct rejected *rejected, const char *fingerprint, enum account_fault fault, struct slice id,
                   struct slice document) {
  struct json json;
  buffer_clear(&rejected->entry);
  buffer_append_text(&rejected->entry, rejected->list.length == 0 ? "[" : ",");
  json_init(&json, &rejected->entry);
  json_begin_object(&json, NULL);
  json_text(&json, "fingerprint", fingerprint);
  json_text(&json, "reason", account_fault_text(fault));
  json_slice(&json, "account_id", id.length == 0 ? (struct slice){0} : id);
  if (document.length > 0)
    json_raw(&json, "document", document);
  json_end_object(&json);
  bool fits = buffer_fits(&rejected->entry) && rejected->entry.length <= LIST_BYTES_MAX - rejected->list.length;
  return fits && buffer_append(&rejected->list, rejected->entry.bytes, rejected->entry.length);
}

bool rejected_add(struct rejected *rejected, const char *fingerprint, enum account_fault fault,
                  const struct account *account, struct error *error) {
  static const struct slice none = {0};
  bool roomy = rejected->list.length <= LIST_BYTES_MAX / 2;
  bool added = append(rejected, fingerprint, fault, account->id, roomy ? account->document : none) ||
               append(rejected, fingerprint, fault, none, none);
  return (added && buffer_append(&rejected->fingerprints, fingerprint, FINGERPRINT_HEX)) ||
         error_set(error, ERROR_LIMIT, "the listing holds too much that is no account");
}

struct slice rejected_list(struct rejected *rejected) {
  if (rejected->list.length == 0)
    return slice_of("[]");
  if (!rejected->closed)
    buffer_append(&rejected->list, "]", 1);
  rejected->closed = true;
  return buffer_slice(&rejected->list);
}

static int compare(const void *left, const void *right) { return memcmp(left, right, FINGERPRINT_HEX); }

void rejected_digest(struct rejected *rejected, char ret_hex[2 * HASH_BYTES + 1]) {
  unsigned char digest[HASH_BYTES];
  struct hasher *hasher = hasher_create();
  if (rejected->fingerprints.length > 0)
    qsort(rejected->fingerprints.bytes, rejected->fingerprints.length / FINGERPRINT_HEX, FINGERPRINT_HEX, compare);
  hasher_digest(hasher, buffer_slice(&rejected->fingerprints), digest);
  text_hex(digest, HASH_BYTES, ret_hex);
  hasher_destroy(hasher);
}
