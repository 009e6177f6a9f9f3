/* The one door between Close's text and our documents. It promises that every entry that the splitter found comes out either as a good
 * account or with the reason why not, and that memory is bounded by the entry's size. */
#include "crm/account.h"
#include "base/memory.h"
#include "crm/canonical.h"
#include <json-c/json_c_version.h>
#include <string.h>

enum {
  DOCUMENT_DEPTH_MAX = 512, /* a rejected entry is still kept as a document up to this depth */
  GROWTH = 6, /* U+FFFD, escapes and redaction make a text so many times as long at most; numbers a thousand times */
  WRITTEN_OUT_MAX = 2 * ENTRY_BYTES_MAX, /* what numbers may make of a short text */
  DOCUMENT_BYTES_MAX = 8 * ENTRY_BYTES_MAX,
  STORED_BYTES_MAX = 2 * DOCUMENT_BYTES_MAX /* jsonb puts a blank behind each comma and colon: a text at most doubles */
};

enum { FIELDS = 5 }; /* of an account that the sweep reads */

struct account_reader {
  const char *const *volatile_names;
  int volatile_count;
  const char *const *kept_names; /* NULL: all */
  int kept_count;
  struct canonical *canonical;
  struct hasher *hasher;
  struct buffer lasting, fields, kept;
};

struct account_reader *account_reader_create(const char *const *volatile_names, int volatile_count) {
  struct account_reader *reader = memory_allocate(sizeof *reader);
  reader->volatile_names = volatile_names;
  reader->volatile_count = volatile_count;
  reader->canonical = canonical_create();
  reader->hasher = hasher_create();
  buffer_init(&reader->lasting, STORED_BYTES_MAX);
  buffer_init(&reader->fields, STORED_BYTES_MAX);
  buffer_init(&reader->kept, STORED_BYTES_MAX);
  return reader;
}

void account_reader_keep(struct account_reader *reader, const char *const *names, int count) {
  reader->kept_names = count > 0 ? names : NULL;
  reader->kept_count = count;
}

void account_reader_destroy(struct account_reader *reader) {
  if (reader == NULL)
    return;
  canonical_destroy(reader->canonical);
  hasher_destroy(reader->hasher);
  buffer_finish(&reader->lasting);
  buffer_finish(&reader->fields);
  buffer_finish(&reader->kept);
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

/* Decode the members that the sweep reads; those that are no strings stay empty. */
static void fill(struct account_reader *reader, struct account *account) {
  static const char *const names[FIELDS] = {"id", "organization_id", "user_id", "_type", "email"};
  struct slice *const fields[FIELDS] = {&account->id, &account->organization_id, &account->user_id, &account->type,
                                        &account->email};
  size_t at[FIELDS], length[FIELDS] = {0};
  struct canonical_member member;
  buffer_clear(&reader->fields);
  for (size_t number = 0; canonical_member(reader->canonical, number, &member); number++)
    for (int i = 0; i < FIELDS; i++)
      if (*member.value.bytes == '"' && slice_equals(member.name, names[i])) {
        at[i] = reader->fields.length;
        scan_decode((struct slice){member.value.bytes + 1, member.value.length - 2}, &reader->fields);
        length[i] = reader->fields.length - at[i];
      }
  for (int i = 0; i < FIELDS; i++) /* only now: the buffer may have moved */
    if (length[i] > 0)
      *fields[i] = (struct slice){reader->fields.bytes + at[i], length[i]};
}

static bool is_among(struct slice name, const char *const *names, int count) {
  for (int i = 0; i < count; i++)
    if (slice_equals(name, names[i]))
      return true;
  return false;
}

static bool is_kept(const struct account_reader *reader, struct slice name) {
  return reader->kept_names == NULL || is_among(name, reader->kept_names, reader->kept_count);
}

/* The document of those members that are kept, without the volatile ones if so asked. It always fits: it is no longer than all of it. */
static void write_members(const struct account_reader *reader, bool without_volatile, struct buffer *text) {
  struct canonical_member member;
  buffer_clear(text);
  buffer_append(text, "{", 1);
  for (size_t number = 0; canonical_member(reader->canonical, number, &member); number++) {
    bool is_volatile = without_volatile && is_among(member.name, reader->volatile_names, reader->volatile_count);
    if (is_volatile || !is_kept(reader, member.name))
      continue;
    if (text->length > 1)
      buffer_append(text, ",", 1);
    buffer_append(text, member.text.bytes, member.text.length);
  }
  buffer_append(text, "}", 1);
}

static struct slice document_of(struct account_reader *reader, bool is_object) {
  if (!is_object || reader->kept_names == NULL)
    return canonical_text(reader->canonical);
  write_members(reader, false, &reader->kept);
  return buffer_slice(&reader->kept);
}

/* The digest of the document without its volatile members. */
static void digest_lasting(struct account_reader *reader, unsigned char ret_digest[HASH_BYTES]) {
  write_members(reader, true, &reader->lasting);
  hasher_digest(reader->hasher, buffer_slice(&reader->lasting), ret_digest);
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
  size_t limit = smaller(own > written_out ? own : written_out, DOCUMENT_BYTES_MAX);
  enum canonical_fault fault = canonical_write(reader->canonical, entry->raw, limit);
  size_t length = canonical_text(reader->canonical).length;
  if (spare != NULL && length > own)
    *spare -= length - own;
  return fault;
}

/* Within limits that the caller has judged. */
static enum account_fault read_parsed(struct account_reader *reader, const struct page_entry *entry, size_t *spare,
                                      struct account *account) {
  enum canonical_fault fault = write_document(reader, entry, spare);
  if (fault == CANONICAL_LARGE)
    return read_unparsed(entry, account);
  if (entry->object)
    fill(reader, account);
  if (fault == CANONICAL_GOOD)
    account->document = document_of(reader, entry->object);
  enum account_fault judged = judge(entry, account, fault);
  if (judged == ACCOUNT_GOOD)
    digest_lasting(reader, account->digest);
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
  if (!page_read_single(document, STORED_BYTES_MAX, &entry, NULL) || entry.depth > ENTRY_DEPTH_MAX ||
      read_parsed(reader, &entry, NULL, &account) != ACCOUNT_GOOD)
    return false;
  memcpy(ret_digest, account.digest, HASH_BYTES);
  return true;
}

const char *account_library_version(void) { return json_c_version(); }
