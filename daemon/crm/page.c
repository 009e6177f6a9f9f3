#include "crm/page.h"
#include "crm/scan.h"

/* What this file is for: the envelope. It promises that every byte of the body was checked before the page counts as read, and
 * that an entry is found whatever stands in it. It does not look into entries, but for their `id`. */

struct envelope {
  page_entry_fn *entry;
  void *context;
  struct page *page;
  bool data_seen, more_seen, stopped;
};

static bool malformed(struct error *error, const char *what) {
  return error_set(error, ERROR_SHAPE, "the answer is no list of accounts: %s", what);
}

/* Walk the members of an object entry to find `id`; the text is known to be valid. The last one counts, as in jsonb. */
static struct slice find_id(struct slice raw) {
  struct scan scan;
  struct slice name, value, id = {0};
  scan_init(&scan, raw);
  scan_take(&scan, '{');
  scan_space(&scan);
  while (!scan_take(&scan, '}')) {
    bool string;
    scan_space(&scan);
    if (!scan_string(&scan, &name))
      break;
    scan_space(&scan);
    scan_take(&scan, ':');
    scan_space(&scan);
    string = scan.at < scan.end && *scan.at == '"';
    if (!scan_value(&scan, &value))
      break;
    if (slice_equals(name, "id"))
      id = string ? (struct slice){value.bytes + 1, value.length - 2} : (struct slice){0};
    scan_space(&scan);
    scan_take(&scan, ',');
  }
  scan_finish(&scan);
  return id;
}

static bool read_entry(struct scan *scan, struct page_entry *ret_entry) {
  scan->depth = 0;
  scan->dirty = false;
  if (!scan_value(scan, &ret_entry->raw))
    return false;
  ret_entry->depth = scan->depth;
  ret_entry->dirty = scan->dirty;
  ret_entry->object = ret_entry->raw.bytes[0] == '{';
  ret_entry->id = ret_entry->object ? find_id(ret_entry->raw) : (struct slice){0};
  return true;
}

static bool read_entries(struct scan *scan, struct envelope *envelope, struct error *error) {
  if (!scan_take(scan, '['))
    return malformed(error, "`data` is no array");
  scan_space(scan);
  if (scan_take(scan, ']'))
    return true;
  do {
    struct page_entry entry;
    if (!read_entry(scan, &entry))
      return malformed(error, "it is cut or no JSON");
    envelope->page->entries++;
    if (!envelope->entry(envelope->context, &entry)) {
      envelope->stopped = true;
      return false;
    }
    scan_space(scan);
  } while (scan_take(scan, ','));
  return scan_take(scan, ']') || malformed(error, "it is cut or no JSON");
}

static bool read_member(struct scan *scan, struct envelope *envelope, struct error *error) {
  struct slice name, value;
  scan_space(scan);
  if (!scan_string(scan, &name))
    return malformed(error, "it is cut or no JSON");
  scan_space(scan);
  if (!scan_take(scan, ':'))
    return malformed(error, "it is cut or no JSON");
  scan_space(scan);
  if (slice_equals(name, "data")) {
    if (envelope->data_seen)
      return malformed(error, "it has `data` twice");
    envelope->data_seen = true;
    return read_entries(scan, envelope, error);
  }
  if (!scan_value(scan, &value))
    return malformed(error, "it is cut or no JSON");
  if (slice_equals(name, "has_more")) {
    if (envelope->more_seen)
      return malformed(error, "it has `has_more` twice");
    envelope->page->has_more = slice_equals(value, "true");
    envelope->more_seen = envelope->page->has_more || slice_equals(value, "false");
    if (!envelope->more_seen)
      return malformed(error, "`has_more` is neither true nor false");
  }
  return true;
}

static bool read_envelope(struct scan *scan, struct envelope *envelope, struct error *error) {
  scan_space(scan);
  if (scan->at == scan->end)
    return malformed(error, "it is empty");
  if (!scan_take(scan, '{'))
    return malformed(error, "it is no JSON object");
  scan_space(scan);
  if (!scan_take(scan, '}')) {
    do {
      if (!read_member(scan, envelope, error))
        return false;
      scan_space(scan);
    } while (scan_take(scan, ','));
    if (!scan_take(scan, '}'))
      return malformed(error, "it is cut or no JSON");
  }
  scan_space(scan);
  if (scan->at != scan->end)
    return malformed(error, "something follows after its end");
  if (!envelope->data_seen)
    return malformed(error, "it has no `data`");
  return envelope->more_seen || malformed(error, "it has no `has_more`");
}

bool page_read(struct slice body, page_entry_fn *entry, void *context, struct page *ret_page, struct error *error) {
  struct envelope envelope = {.entry = entry, .context = context, .page = ret_page};
  struct scan scan;
  *ret_page = (struct page){0};
  scan_init(&scan, body);
  bool good = read_envelope(&scan, &envelope, error);
  scan_finish(&scan);
  return good;
}

bool page_read_single(struct slice body, struct page_entry *ret_entry, struct error *error) {
  struct scan scan;
  scan_init(&scan, body);
  scan_space(&scan);
  bool good = scan.at < scan.end && read_entry(&scan, ret_entry);
  if (good) {
    scan_space(&scan);
    good = scan.at == scan.end;
  }
  scan_finish(&scan);
  return good || error_set(error, ERROR_SHAPE, "the answer is no JSON");
}
