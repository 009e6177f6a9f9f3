#include "crm/account.h"
#include "base/memory.h"
#include "crm/canonical.h"
#include "crm/scan.h"
#include <json-c/json.h>
#include <string.h>

/* What this file is for: the one door between Close's text and our documents. It promises that every entry that the splitter found
 * comes out either as a good account or with the reason why not, and that memory is bounded by the entry's size. */

enum {
  DOCUMENT_DEPTH_MAX = 512, /* a rejected entry is still kept as a document up to this depth */
  GROWTH = 6, /* U+FFFD, escapes and redaction make a text so many times as long at most; numbers a thousand times */
  WRITTEN_OUT_MAX = 2 * ENTRY_BYTES_MAX, /* what numbers may make of a short text */
  DOCUMENT_BYTES_MAX = 8 * ENTRY_BYTES_MAX,
  /* jsonb puts a blank behind each comma and colon, scan_clean() two bytes behind each integer of over 18 digits: a text at
   * most doubles. */
  STORED_BYTES_MAX = 2 * DOCUMENT_BYTES_MAX
};

struct account_reader {
  const char *const *volatile_names;
  int volatile_count;
  struct json_tokener *tokener;
  struct json_object *value; /* of the last read: slices point into it */
  struct hasher *hasher;
  struct buffer clean, document, lasting;
};

struct account_reader *account_reader_create(const char *const *volatile_names, int volatile_count) {
  struct account_reader *reader = memory_allocate(sizeof *reader);
  reader->volatile_names = volatile_names;
  reader->volatile_count = volatile_count;
  reader->tokener = json_tokener_new_ex(DOCUMENT_DEPTH_MAX + 1);
  if (reader->tokener == NULL)
    memory_exhausted();
  reader->hasher = hasher_create();
  buffer_init(&reader->clean, STORED_BYTES_MAX);
  buffer_init(&reader->document, DOCUMENT_BYTES_MAX);
  buffer_init(&reader->lasting, DOCUMENT_BYTES_MAX);
  return reader;
}

void account_reader_destroy(struct account_reader *reader) {
  if (reader == NULL)
    return;
  json_object_put(reader->value);
  json_tokener_free(reader->tokener);
  hasher_destroy(reader->hasher);
  buffer_finish(&reader->clean);
  buffer_finish(&reader->document);
  buffer_finish(&reader->lasting);
  memory_free(reader);
}

const char *account_fault_text(enum account_fault fault) {
  switch (fault) {
  case ACCOUNT_GOOD:
    return "";
  case ACCOUNT_NO_OBJECT:
    return "the entry is no object";
  case ACCOUNT_NO_ID:
    return "the entry has no string \"id\"";
  case ACCOUNT_LONG_ID:
    return "the id is longer than 500 bytes";
  case ACCOUNT_TOO_DEEP:
    return "the entry is deeper than 64 levels";
  case ACCOUNT_TOO_LARGE:
    return "the entry is larger than 1 MiB, or too large with its numbers written out";
  case ACCOUNT_NUMBER:
    return "the entry holds a number that jsonb cannot hold";
  }
  return "";
}

/* json-c's view of the text; false when it sees less than the whole (which the scanner's strictness should make impossible). */
static bool parse(struct account_reader *reader, struct slice text) {
  json_object_put(reader->value);
  json_tokener_reset(reader->tokener);
  json_tokener_set_flags(reader->tokener, JSON_TOKENER_ALLOW_TRAILING_CHARS);
  reader->value = json_tokener_parse_ex(reader->tokener, text.bytes, (int)text.length);
  enum json_tokener_error status = json_tokener_get_error(reader->tokener);
  if (status == json_tokener_continue) { /* a number at the very end waits for what may follow */
    reader->value = json_tokener_parse_ex(reader->tokener, " ", 1);
    status = json_tokener_get_error(reader->tokener);
  }
  return status == json_tokener_success;
}

static struct slice member_text(struct json_object *object, const char *key) {
  struct json_object *value;
  if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, json_type_string))
    return (struct slice){0};
  return (struct slice){json_object_get_string(value), (size_t)json_object_get_string_len(value)};
}

static void fill(struct account_reader *reader, struct account *account) {
  if (!json_object_is_type(reader->value, json_type_object))
    return;
  account->id = member_text(reader->value, "id");
  account->organization_id = member_text(reader->value, "organization_id");
  account->user_id = member_text(reader->value, "user_id");
  account->type = member_text(reader->value, "_type");
  account->email = member_text(reader->value, "email");
}

static enum account_fault judge(const struct page_entry *entry, const struct account *account,
                                enum canonical_fault fault) {
  if (!entry->object)
    return ACCOUNT_NO_OBJECT;
  if (account->id.length == 0)
    return ACCOUNT_NO_ID;
  if (entry->depth > ENTRY_DEPTH_MAX)
    return ACCOUNT_TOO_DEEP;
  if (fault == CANONICAL_NUMBER)
    return ACCOUNT_NUMBER;
  if (fault == CANONICAL_LARGE)
    return ACCOUNT_TOO_LARGE;
  return account->id.length > ACCOUNT_ID_BYTES_MAX ? ACCOUNT_LONG_ID : ACCOUNT_GOOD;
}

/* What is too deep or too large for a parser: its id is taken if it reads as it stands, and there is no document. */
static enum account_fault read_unparsed(const struct page_entry *entry, struct account *account) {
  if (entry->id.length > 0 && memchr(entry->id.bytes, '\\', entry->id.length) == NULL)
    account->id = entry->id;
  bool deep = entry->depth > ENTRY_DEPTH_MAX;
  if (!entry->object)
    return ACCOUNT_NO_OBJECT;
  return deep ? ACCOUNT_TOO_DEEP : ACCOUNT_TOO_LARGE;
}

static size_t smaller(size_t left, size_t right) { return left < right ? left : right; }

/* The canonical text. Numbers that made more of it than GROWTH allows are paid for, also those of a text that became too long. */
static enum canonical_fault write_document(struct account_reader *reader, const struct page_entry *entry,
                                           size_t *spare) {
  size_t own = GROWTH * entry->raw.length;
  size_t written_out = smaller(spare == NULL ? WRITTEN_OUT_MAX : own + *spare, WRITTEN_OUT_MAX);
  reader->document.limit = smaller(own > written_out ? own : written_out, DOCUMENT_BYTES_MAX);
  buffer_clear(&reader->document);
  buffer_clear(&reader->lasting);
  enum canonical_fault fault = canonical_write(reader->value, reader->volatile_names, reader->volatile_count,
                                               &reader->document, &reader->lasting);
  if (spare != NULL && reader->document.length > own)
    *spare -= reader->document.length - own;
  return fault;
}

/* Within limits that the caller has judged. */
static enum account_fault read_parsed(struct account_reader *reader, const struct page_entry *entry, size_t *spare,
                                      struct account *account) {
  struct slice text = entry->raw;
  buffer_clear(&reader->clean);
  if (entry->dirty) {
    if (!scan_clean(entry->raw, &reader->clean))
      return read_unparsed(entry, account);
    text = buffer_slice(&reader->clean);
  }
  if (!parse(reader, text))
    return ACCOUNT_NO_OBJECT;
  fill(reader, account);
  enum canonical_fault fault = write_document(reader, entry, spare);
  if (fault == CANONICAL_GOOD)
    account->document = buffer_slice(&reader->document);
  enum account_fault judged = judge(entry, account, fault);
  if (judged == ACCOUNT_GOOD)
    hasher_digest(reader->hasher, buffer_slice(&reader->lasting), account->digest);
  return judged;
}

enum account_fault account_read(struct account_reader *reader, const struct page_entry *entry, size_t *spare,
                                struct account *ret_account) {
  *ret_account = (struct account){0};
  if (entry->raw.length > ENTRY_BYTES_MAX || entry->depth > DOCUMENT_DEPTH_MAX)
    return read_unparsed(entry, ret_account);
  return read_parsed(reader, entry, spare, ret_account);
}

bool account_digest_stored(struct account_reader *reader, struct slice document, unsigned char ret_digest[HASH_BYTES]) {
  struct page_entry entry;
  struct account account = {0};
  if (document.length > STORED_BYTES_MAX || !page_read_single(document, &entry, NULL) ||
      entry.depth > ENTRY_DEPTH_MAX || read_parsed(reader, &entry, NULL, &account) != ACCOUNT_GOOD)
    return false;
  memcpy(ret_digest, account.digest, HASH_BYTES);
  return true;
}

const char *account_library_version(void) { return json_c_version(); }
