/* One text for all the ways to say the same. It reads what the scanner accepted and writes it in order as it goes: elements and members
 * stand one behind the other, and are moved only where they do not stand in order already. It promises a total order, time that grows
 * little faster than the text, and no recursion deeper than the value. It does not validate. */
#include "crm/canonical.h"
#include "base/memory.h"
#include "crm/number.h"
#include "crm/scan.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { KEPT_BYTES = 1024 * 1024 }; /* of each buffer, from value to value */

/* An element or a member of a bracket that is still open. */
struct part {
  uint32_t at, length; /* in the text */
  union {
    uint32_t name;  /* of a member: where its names stand */
    uint32_t first; /* of an element: its first bytes, by which nearly all are told apart without a look at the text */
  };
  uint32_t bad; /* it holds a number that jsonb cannot hold */
};

struct canonical {
  struct scan scan; /* the source */
  struct buffer text;
  struct part *parts; /* of all open brackets, one behind the other */
  size_t count, capacity;
  /* Of each member: the name, decoded, and a NUL; then how many bytes follow, in which it was written: none, if it reads as it stands. */
  struct buffer names;
  struct buffer scratch;
  int open; /* brackets */
};

/* The first letters are equal already; the second spares nearly every call. */
static bool begins_with(struct slice text, const char *word) {
  size_t length = strlen(word);
  return text.length >= length && (text.bytes[1] | 0x20) == word[1] && strncasecmp(text.bytes, word, length) == 0;
}

/* Asked for every key of every document: most letters begin no such word. */
bool canonical_key_is_secret(struct slice key) {
  for (struct slice rest = key; rest.length > 0; rest.bytes++, rest.length--) {
    bool found = false;
    switch (*rest.bytes | 0x20) {
    case 'p':
      found = begins_with(rest, "password") || begins_with(rest, "passwd") || begins_with(rest, "private_key");
      break;
    case 's':
      found = begins_with(rest, "secret");
      break;
    case 't':
      found = begins_with(rest, "token");
      break;
    case 'c':
      found = begins_with(rest, "credential");
      break;
    case 'a':
      found = begins_with(rest, "api_key") || begins_with(rest, "apikey");
      break;
    default:
      break;
    }
    if (found)
      return true;
  }
  return false;
}

/* ---- the text, and what stands in it ---- */

static void put(struct canonical *canonical, const void *bytes, size_t length) {
  buffer_append(&canonical->text, bytes, length); /* whether it fits is asked at the end */
}

static void put_string(struct canonical *canonical, struct slice inner) {
  struct slice decoded = inner;
  if (memchr(inner.bytes, '\\', inner.length) != NULL) {
    buffer_clear(&canonical->scratch);
    scan_decode(inner, &canonical->scratch);
    decoded = buffer_slice(&canonical->scratch);
  }
  text_append_json(&canonical->text, decoded);
}

static void push(struct canonical *canonical, struct part part) {
  if (canonical->count == canonical->capacity) {
    canonical->capacity = canonical->capacity == 0 ? 64 : 2 * canonical->capacity;
    canonical->parts = memory_resize(canonical->parts, sizeof part * canonical->capacity);
  }
  canonical->parts[canonical->count++] = part;
}

/* Where the names stand: the decoded one, and the written one if it had to be mended. */
static uint32_t keep_names(struct canonical *canonical, struct slice inner, bool mended) {
  uint32_t at = (uint32_t)canonical->names.length, written = mended ? (uint32_t)inner.length : 0;
  scan_decode(inner, &canonical->names);
  buffer_append(&canonical->names, "", 1);
  buffer_append(&canonical->names, &written, sizeof written);
  buffer_append(&canonical->names, inner.bytes, written);
  return at;
}

static struct slice written_name(const char *name) {
  const char *behind = name + strlen(name) + 1;
  uint32_t length;
  memcpy(&length, behind, sizeof length);
  return (struct slice){behind + sizeof length, length};
}

static int compare_slices(struct slice left, struct slice right) {
  size_t shorter = left.length < right.length ? left.length : right.length;
  int order = shorter == 0 ? 0 : memcmp(left.bytes, right.bytes, shorter);
  return order != 0 ? order : (left.length > right.length) - (left.length < right.length);
}

/* No text holds a NUL, so what is missing comes first. */
static void note_first(const struct canonical *canonical, struct part *part) {
  unsigned char bytes[4] = {0};
  memcpy(bytes, canonical->text.bytes + part->at, part->length < 4 ? part->length : 4);
  part->first = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static int compare_elements(const void *left, const void *right, void *context) {
  const struct canonical *canonical = context;
  const struct part *a = left, *b = right;
  if (a->first != b->first)
    return a->first < b->first ? -1 : 1;
  if (a->length <= sizeof a->first && b->length <= sizeof b->first)
    return 0;
  return compare_slices((struct slice){canonical->text.bytes + a->at, a->length},
                        (struct slice){canonical->text.bytes + b->at, b->length});
}

/* By name. Of members with one name, the one that counts comes first: one that was written so before one that was mended, whatever
 * their order (contract 5.6); of the mended, those that were written the same way stand together; else the last twin, as in jsonb. */
static int compare_members(const void *left, const void *right, void *context) {
  const struct canonical *canonical = context;
  const struct part *a = left, *b = right;
  const char *name = canonical->names.bytes + a->name, *other = canonical->names.bytes + b->name;
  int order = strcmp(name, other);
  if (order == 0)
    order = compare_slices(written_name(name), written_name(other));
  return order != 0 ? order : (a->at < b->at) - (a->at > b->at);
}

/* Only the first of each name stays. */
static void drop_twins(struct canonical *canonical, size_t first) {
  struct part *parts = canonical->parts;
  const char *names = canonical->names.bytes;
  size_t kept = first;
  for (size_t i = first; i < canonical->count; i++)
    if (i == first || strcmp(names + parts[kept - 1].name, names + parts[i].name) != 0)
      parts[kept++] = parts[i];
  canonical->count = kept;
}

/* Write the parts anew, in their order; they never come to more than they were. */
static void move_parts(struct canonical *canonical, size_t first, uint32_t start) {
  buffer_clear(&canonical->scratch);
  buffer_append(&canonical->scratch, canonical->text.bytes + start, canonical->text.length - start);
  canonical->text.length = start;
  for (size_t i = first; i < canonical->count; i++) {
    struct part *part = &canonical->parts[i];
    const char *old = canonical->scratch.bytes + (part->at - start);
    if (i > first)
      put(canonical, ",", 1);
    part->at = (uint32_t)canonical->text.length;
    put(canonical, old, part->length);
  }
}

typedef int compare_fn(const void *left, const void *right, void *context);

static bool is_sorted(struct canonical *canonical, size_t first, compare_fn *compare) {
  for (size_t i = first + 1; i < canonical->count; i++)
    if (compare(&canonical->parts[i - 1], &canonical->parts[i], canonical) > 0)
      return false;
  return true;
}

/* The bracket that began at `start` is complete: bring its parts into order. True: a bad number is in it. */
static bool settle(struct canonical *canonical, size_t first, uint32_t start, bool object) {
  compare_fn *compare = object ? compare_members : compare_elements;
  size_t count = canonical->count;
  if (!buffer_fits(&canonical->text))
    return false;
  bool bad = false, moved = !is_sorted(canonical, first, compare);
  if (moved)
    qsort_r(canonical->parts + first, count - first, sizeof *canonical->parts, compare, canonical);
  if (object)
    drop_twins(canonical, first);
  if (moved || canonical->count < count)
    move_parts(canonical, first, start);
  for (size_t i = first; i < canonical->count; i++)
    bad |= canonical->parts[i].bad != 0;
  return bad;
}

/* ---- values; each returns whether a bad number is in it ---- */

static bool write_value(struct canonical *canonical);

static bool take(struct canonical *canonical, unsigned char byte) {
  scan_space(&canonical->scan);
  return scan_take(&canonical->scan, byte);
}

static bool write_number(struct canonical *canonical) {
  struct slice number;
  if (!scan_value(&canonical->scan, &number))
    return true;
  enum number_fault fault = number_write(&canonical->text, number);
  if (fault == NUMBER_BEYOND)
    put(canonical, "null", 4);
  return fault == NUMBER_BEYOND;
}

static void write_string(struct canonical *canonical) {
  struct slice inner;
  if (scan_string(&canonical->scan, &inner))
    put_string(canonical, inner);
}

static void write_word(struct canonical *canonical) {
  struct slice word;
  if (scan_value(&canonical->scan, &word))
    put(canonical, word.bytes, word.length);
}

static bool write_array(struct canonical *canonical) {
  size_t first = canonical->count;
  put(canonical, "[", 1);
  uint32_t start = (uint32_t)canonical->text.length;
  bool bad = false, empty = take(canonical, ']');
  while (!empty && buffer_fits(&canonical->text)) {
    uint32_t at = (uint32_t)canonical->text.length;
    bool bad_element = write_value(canonical);
    push(canonical, (struct part){.at = at, .length = (uint32_t)canonical->text.length - at, .bad = bad_element});
    note_first(canonical, &canonical->parts[canonical->count - 1]);
    if (!take(canonical, ','))
      break;
    put(canonical, ",", 1);
  }
  if (!empty) {
    take(canonical, ']');
    bad = settle(canonical, first, start, false);
  }
  canonical->count = first;
  put(canonical, "]", 1);
  return bad;
}

/* What is redacted is not looked at: nothing of it is kept. */
static void write_redacted(struct canonical *canonical) {
  struct slice value;
  scan_space(&canonical->scan);
  if (!scan_value(&canonical->scan, &value))
    return;
  struct slice shown = slice_of(slice_equals(value, "null") ? "null" : "\"[redacted]\"");
  put(canonical, shown.bytes, shown.length);
}

static void write_member(struct canonical *canonical) {
  uint32_t at = (uint32_t)canonical->text.length;
  struct slice inner;
  bool bad = false;
  scan_space(&canonical->scan);
  canonical->scan.dirty = false;
  if (!scan_string(&canonical->scan, &inner))
    return;
  uint32_t name = keep_names(canonical, inner, canonical->scan.dirty);
  put_string(canonical, inner);
  put(canonical, ":", 1);
  take(canonical, ':');
  if (canonical_key_is_secret(slice_of(canonical->names.bytes + name)))
    write_redacted(canonical);
  else
    bad = write_value(canonical);
  push(canonical, (struct part){.at = at, .length = (uint32_t)canonical->text.length - at, .name = name, .bad = bad});
}

static bool write_object(struct canonical *canonical) {
  size_t first = canonical->count;
  put(canonical, "{", 1);
  uint32_t start = (uint32_t)canonical->text.length;
  bool bad = false, empty = take(canonical, '}');
  while (!empty && buffer_fits(&canonical->text)) {
    write_member(canonical);
    if (!take(canonical, ','))
      break;
    put(canonical, ",", 1);
  }
  if (!empty) {
    take(canonical, '}');
    bad = settle(canonical, first, start, true);
  }
  if (canonical->open > 1)
    canonical->count = first; /* else they are asked for */
  put(canonical, "}", 1);
  return bad;
}

static bool write_brackets(struct canonical *canonical, bool object) {
  canonical->scan.at++;
  canonical->open++;
  bool bad = object ? write_object(canonical) : write_array(canonical);
  canonical->open--;
  return bad;
}

static bool write_value(struct canonical *canonical) {
  scan_space(&canonical->scan);
  if (canonical->scan.at == canonical->scan.end)
    return false;
  switch (*canonical->scan.at) {
  case '[':
  case '{':
    return write_brackets(canonical, *canonical->scan.at == '{');
  case '"':
    write_string(canonical);
    return false;
  case 'n':
  case 't':
  case 'f':
    write_word(canonical);
    return false;
  default:
    return write_number(canonical);
  }
}

/* ---- the whole ---- */

struct canonical *canonical_create(void) {
  struct canonical *canonical = memory_allocate(sizeof *canonical);
  buffer_init(&canonical->text, 0);
  buffer_init(&canonical->names, SIZE_MAX);
  buffer_init(&canonical->scratch, SIZE_MAX);
  return canonical;
}

void canonical_destroy(struct canonical *canonical) {
  if (canonical == NULL)
    return;
  memory_free(canonical->parts);
  buffer_finish(&canonical->text);
  buffer_finish(&canonical->names);
  buffer_finish(&canonical->scratch);
  memory_free(canonical);
}

/* What one large value needed is not kept for all the small ones. */
static void begin_anew(struct canonical *canonical, size_t limit_bytes) {
  struct buffer *buffers[] = {&canonical->text, &canonical->names, &canonical->scratch};
  for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) {
    if (buffers[i]->capacity > KEPT_BYTES)
      buffer_finish(buffers[i]);
    buffer_clear(buffers[i]);
  }
  if (canonical->capacity * sizeof *canonical->parts > KEPT_BYTES) {
    memory_free(canonical->parts);
    canonical->parts = NULL;
    canonical->capacity = 0;
  }
  canonical->text.limit = limit_bytes;
  canonical->count = 0;
}

enum canonical_fault canonical_write(struct canonical *canonical, struct slice value, size_t limit_bytes) {
  begin_anew(canonical, limit_bytes);
  scan_init(&canonical->scan, value);
  bool bad = write_value(canonical);
  scan_finish(&canonical->scan);
  return !buffer_fits(&canonical->text) ? CANONICAL_LARGE : bad ? CANONICAL_NUMBER : CANONICAL_GOOD;
}

struct slice canonical_text(const struct canonical *canonical) {
  return buffer_slice(&canonical->text);
}

bool canonical_member(const struct canonical *canonical, size_t number, struct canonical_member *ret_member) {
  if (number >= canonical->count)
    return false;
  const struct part *part = &canonical->parts[number];
  struct slice text = {canonical->text.bytes + part->at, part->length}, inner;
  struct scan scan;
  scan_init(&scan, text);
  bool named = scan_string(&scan, &inner) && scan_take(&scan, ':');
  size_t value_at = named ? (size_t)((const char *)scan.at - text.bytes) : text.length;
  *ret_member = (struct canonical_member){
      .name = slice_of(canonical->names.bytes + part->name),
      .text = text,
      .value = {text.bytes + value_at, text.length - value_at},
  };
  return true;
}
