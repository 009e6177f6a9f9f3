/* Holds what differs between comparing and printing, however much it is. It promises the order in which things were added. A record of
 * the spool is a head with the lengths, then the texts. */
#include "store/changes.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/spool.h"
#include <string.h>

#define TEXT_ABSENT UINT32_MAX
enum { TEXTS = 6, JSON_FIELD_BYTES_MAX = 64 * 1024 * 1024 };

struct head {
  uint32_t kind, begins, lengths[TEXTS];
};

struct changes {
  struct spool *spool;
  struct buffer account_id; /* of the last one added, and its kind: */
  enum change_kind kind;
  int64_t counts[CHANGE_KINDS];
};

static const char *const names[CHANGE_KINDS] = {"added", "changed", "removed", "rescoped"};

bool change_parse(struct slice text, enum change_kind *ret_kind) {
  for (int i = 0; i < CHANGE_KINDS; i++)
    if (slice_equals(text, names[i])) {
      *ret_kind = (enum change_kind)i;
      return true;
    }
  return false;
}

struct changes *changes_create(void) {
  struct changes *changes = memory_allocate(sizeof *changes);
  changes->spool = spool_create();
  buffer_init(&changes->account_id, 64 * 1024);
  return changes;
}

void changes_destroy(struct changes *changes) {
  if (changes == NULL)
    return;
  spool_destroy(changes->spool);
  buffer_finish(&changes->account_id);
  memory_free(changes);
}

int64_t changes_count(const struct changes *changes, enum change_kind kind) { return changes->counts[kind]; }

/* Whether this account, or what became of it, is another one than the last; remembers it. */
static bool is_next(struct changes *changes, enum change_kind kind, struct slice id) {
  struct slice last = buffer_slice(&changes->account_id);
  bool same = kind == changes->kind && last.length > 0 && last.length == id.length &&
              memcmp(last.bytes, id.bytes, id.length) == 0;
  if (same)
    return false;
  changes->kind = kind;
  buffer_clear(&changes->account_id);
  buffer_append(&changes->account_id, id.bytes, id.length); /* ids are bounded far below the buffer */
  return true;
}

bool changes_add(struct changes *changes, const struct change *change, struct error *error) {
  struct slice texts[TEXTS] = {change->account_id, change->type,   change->email,
                               change->field,      change->before, change->after};
  struct head head = {.kind = change->kind, .begins = is_next(changes, change->kind, change->account_id) ? 1 : 0};
  struct slice pieces[TEXTS + 1] = {{(const char *)&head, sizeof head}};
  for (int i = 0; i < TEXTS; i++) {
    bool absent = texts[i].bytes == NULL;
    head.lengths[i] = absent ? TEXT_ABSENT : (uint32_t)texts[i].length;
    pieces[i + 1] = absent ? (struct slice){"", 0} : texts[i];
  }
  changes->counts[change->kind] += head.begins;
  return spool_put(changes->spool, 0, pieces, TEXTS + 1, error);
}

bool changes_rewind(struct changes *changes, struct error *error) { return spool_rewind(changes->spool, error); }

bool changes_next(struct changes *changes, struct change *ret_change, struct error *error) {
  struct slice record;
  struct head head;
  struct slice texts[TEXTS];
  if (!spool_next(changes->spool, &record, error))
    return false;
  memcpy(&head, record.bytes, sizeof head);
  const char *at = record.bytes + sizeof head;
  for (int i = 0; i < TEXTS; i++) {
    bool absent = head.lengths[i] == TEXT_ABSENT;
    texts[i] = absent ? (struct slice){NULL, 0} : (struct slice){at, head.lengths[i]};
    at += texts[i].length;
  }
  *ret_change = (struct change){.kind = (enum change_kind)head.kind,
                                .begins = head.begins != 0,
                                .account_id = texts[0],
                                .type = texts[1],
                                .email = texts[2],
                                .field = texts[3],
                                .before = texts[4],
                                .after = texts[5]};
  return true;
}

static void write_account(struct json *json, const struct change *change) {
  json_begin_object(json, NULL);
  json_text(json, "change", names[change->kind]);
  json_slice(json, "account_id", change->account_id);
  json_slice(json, "type", change->type);
  json_slice(json, "email", change->email);
  json_begin_object(json, "fields");
}

static void write_field(struct json *json, const struct change *change) {
  json_name(json, change->field);
  json_begin_array(json, NULL);
  json_raw(json, NULL, change->before);
  json_raw(json, NULL, change->after);
  json_end_array(json);
}

static void close_account(struct json *json) {
  json_end_object(json);
  json_end_object(json);
}

/* What is written so far goes out; the buffer holds one field at a time. */
static bool flush(struct buffer *text, FILE *stream) {
  bool fits = buffer_fits(text);
  if (fits)
    fwrite(text->bytes, 1, text->length, stream);
  buffer_clear(text);
  return fits;
}

bool changes_print_json(struct changes *changes, FILE *stream, struct error *error) {
  struct change change;
  struct error why = {0};
  struct buffer text;
  struct json json;
  bool any = false, fits = true;
  if (!changes_rewind(changes, error))
    return false;
  buffer_init(&text, JSON_FIELD_BYTES_MAX);
  json_init(&json, &text);
  json_begin_array(&json, NULL);
  while (fits && changes_next(changes, &change, &why)) {
    if (change.begins && any)
      close_account(&json);
    if (change.begins)
      write_account(&json, &change);
    if (change.field.bytes != NULL)
      write_field(&json, &change);
    any = true;
    fits = flush(&text, stream);
  }
  if (any)
    close_account(&json);
  json_end_array(&json);
  if (!flush(&text, stream) || !fits)
    error_set(&why, ERROR_LIMIT, "a change is too large to be printed");
  buffer_finish(&text);
  if (why.kind != ERROR_NONE && error != NULL)
    *error = why;
  return why.kind == ERROR_NONE;
}
