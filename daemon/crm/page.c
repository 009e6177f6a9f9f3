/* Takes the envelope of a reply apart. It promises that every byte of the body was checked before the page counts as read, and that an
 * entry is found whatever stands in it. It does not look into entries, but for their `id`. */
#include "crm/page.h"
#include <string.h>

static bool malformed(struct error *error, const char *what) {
  return error_set(error, ERROR_SHAPE, "the answer is no list of accounts: %s", what);
}

static bool cut(struct error *error) { return malformed(error, "it is cut or no JSON"); }

/* What is walked next, of any length. */
static bool walk(struct page_reader *reader, enum page_place place) {
  scan_begin(&reader->scan);
  reader->place = place;
  return true;
}

static bool open_page(struct page_reader *reader, struct error *error) {
  struct scan *scan = &reader->scan;
  if (scan->at == scan->end)
    return malformed(error, "it is empty");
  if (!scan_take(scan, '{'))
    return malformed(error, "it is no JSON object");
  scan_space(scan);
  if (!scan_take(scan, '}'))
    return walk(reader, PAGE_NAME);
  reader->place = PAGE_CLOSED;
  return true;
}

/* Behind a name: what kind of value does it want? */
static bool read_colon(struct page_reader *reader, struct error *error) {
  struct scan *scan = &reader->scan;
  if (!scan_take(scan, ':'))
    return cut(error);
  if (!scan_stands_for(reader->name, "data"))
    return walk(reader, PAGE_VALUE);
  if (reader->data_seen)
    return malformed(error, "it has `data` twice");
  reader->data_seen = true;
  reader->place = PAGE_FIRST;
  scan_space(scan);
  return scan_take(scan, '[') || malformed(error, "`data` is no array");
}

static bool take_value(struct page_reader *reader, struct slice value, struct error *error) {
  reader->place = PAGE_MEMBER;
  if (!scan_stands_for(reader->name, "has_more"))
    return true;
  if (reader->more_seen)
    return malformed(error, "it has `has_more` twice");
  reader->page.has_more = slice_equals(value, "true");
  reader->more_seen = reader->page.has_more || slice_equals(value, "false");
  return reader->more_seen || malformed(error, "`has_more` is neither true nor false");
}

static bool take_name(struct page_reader *reader, struct slice name, struct error *error) {
  reader->place = PAGE_COLON;
  if (*name.bytes != '"')
    return cut(error);
  reader->name = (struct slice){name.bytes + 1, name.length - 2};
  return true;
}

/* Before the first entry, or behind one. */
static bool next_entry(struct page_reader *reader, struct error *error) {
  struct scan *scan = &reader->scan;
  bool first = reader->place == PAGE_FIRST;
  if (!first && scan_take(scan, ','))
    return walk(reader, PAGE_IN_ENTRY);
  if (!scan_take(scan, ']'))
    return first ? walk(reader, PAGE_IN_ENTRY) : cut(error);
  reader->place = PAGE_MEMBER;
  return true;
}

static bool next_member(struct page_reader *reader, struct error *error) {
  if (scan_take(&reader->scan, ','))
    return walk(reader, PAGE_NAME);
  reader->place = PAGE_CLOSED;
  return scan_take(&reader->scan, '}') || cut(error);
}

/* What stands between the values; the white space before it is behind us. */
static bool step_between(struct page_reader *reader, struct error *error) {
  switch (reader->place) {
  case PAGE_OPEN:
    return open_page(reader, error);
  case PAGE_COLON:
    return read_colon(reader, error);
  case PAGE_FIRST:
  case PAGE_NEXT:
    return next_entry(reader, error);
  case PAGE_NAME:
  case PAGE_VALUE:
  case PAGE_IN_ENTRY:
  case PAGE_MEMBER:
  case PAGE_CLOSED:
    break;
  }
  return next_member(reader, error);
}

static struct page_entry entry_of(const struct scan *scan, struct slice raw) {
  bool object = raw.bytes[0] == '{';
  return (struct page_entry){
      .raw = raw, .id = object ? scan->id : (struct slice){0}, .depth = scan->depth, .object = object};
}

static enum page_result end_page(struct page_reader *reader, struct error *error) {
  bool good = reader->scan.at == reader->scan.end || malformed(error, "something follows after its end");
  good = good && (reader->data_seen || malformed(error, "it has no `data`"));
  good = good && (reader->more_seen || malformed(error, "it has no `has_more`"));
  return good ? PAGE_END : PAGE_BAD;
}

void page_begin(struct page_reader *reader, struct slice body) {
  *reader = (struct page_reader){.place = PAGE_OPEN};
  scan_init(&reader->scan, body);
}

enum page_result page_step(struct page_reader *reader, size_t budget, struct page_entry *ret_entry,
                           struct error *error) {
  struct scan *scan = &reader->scan;
  for (const unsigned char *start = scan->at; (size_t)(scan->at - start) < budget;) {
    bool walks = reader->place == PAGE_NAME || reader->place == PAGE_VALUE || reader->place == PAGE_IN_ENTRY;
    struct slice value;
    if (!walks) {
      scan_space(scan);
      if (reader->place == PAGE_CLOSED)
        return end_page(reader, error);
      if (!step_between(reader, error))
        return PAGE_BAD;
      continue;
    }
    enum scan_result result = scan_step(scan, budget, &value);
    if (result != SCAN_DONE)
      return result == SCAN_MORE ? PAGE_MORE : (cut(error), PAGE_BAD);
    if (reader->place == PAGE_IN_ENTRY) {
      *ret_entry = entry_of(scan, value);
      reader->page.entries++;
      reader->place = PAGE_NEXT;
      return PAGE_ENTRY;
    }
    if (!(reader->place == PAGE_NAME ? take_name : take_value)(reader, value, error))
      return PAGE_BAD;
  }
  return PAGE_MORE;
}

void page_finish(struct page_reader *reader) { scan_finish(&reader->scan); }

static bool is_space(char byte) { return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t'; }

/* Steps over white space and `text`, from the front or from the end of `body`. */
static bool take_text(struct slice *body, const char *text, bool front) {
  size_t length = strlen(text), size = body->length;
  while (size > 0 && is_space(body->bytes[front ? body->length - size : size - 1]))
    size--;
  if (size < length)
    return false;
  const char *at = front ? body->bytes + (body->length - size) : body->bytes + (size - length);
  if (memcmp(at, text, length) != 0)
    return false;
  *body = (struct slice){front ? at + length : body->bytes, size - length};
  return true;
}

bool page_seems_to_have_more(struct slice body) {
  static const char *const words[] = {"{", "\"has_more\"", ":", "true", "}"};
  struct slice front = body, back = body;
  bool first = true, last = true;
  for (int i = 0; i < 4; i++) {
    first = first && take_text(&front, words[i], true);
    last = last && take_text(&back, words[4 - i], false);
  }
  return first || last;
}

bool page_read_single(struct slice body, size_t bytes_max, struct page_entry *ret_entry, struct error *error) {
  struct scan scan;
  struct slice raw;
  bool good = body.length <= bytes_max;
  scan_init(&scan, body);
  good = good && scan_value(&scan, &raw);
  if (good) {
    *ret_entry = entry_of(&scan, raw);
    scan_space(&scan);
    good = scan.at == scan.end;
  }
  scan_finish(&scan);
  return good || error_set(error, ERROR_SHAPE, "the answer is no JSON");
}
