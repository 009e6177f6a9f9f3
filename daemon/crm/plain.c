/* Nearly every account is of the kinds that close-api.md knows and of nothing else. Seen here, beside the listing, PostgreSQL need not go
 * through its document value by value to find nothing. The names and kinds are account_field's of sql/function/20_field; whatever is odd
 * in any way is left to account_other, so a doubt costs time and nothing else. */
#include "crm/plain.h"
#include "crm/scan.h"
#include <string.h>

enum {
  KEY_BYTES_MAX = 500,
  ELEMENTS_MAX = 64, /* of a list with keys: each is looked for among those before it */
  KEYS = 2,
};

enum kind { KIND_ANY, KIND_TEXT, KIND_TIME, KIND_FLAG, KIND_NUMBER, KIND_PORT, KIND_OBJECT, KIND_LIST };

struct known { /* in the order of their names, as a canonical text has its members */
  const char *name;
  enum kind kind;
  const struct known *held; /* by an object or an element of a list; NULL: a list of words */
  int key;                  /* 1 or 2: part of an element's key, which must be there */
};

static const struct known default_identity[] = {{"email", KIND_TEXT, NULL, 0}, {"name", KIND_TEXT, NULL, 0}, {0}};
static const struct known identity[] = {{"email", KIND_TEXT, NULL, 1}, {"name", KIND_TEXT, NULL, 2}, {0}};
static const struct known mail_server[] = {{"date_updated", KIND_TIME, NULL, 0}, {"host", KIND_TEXT, NULL, 0},
                                           {"port", KIND_PORT, NULL, 0},         {"use_ssl", KIND_FLAG, NULL, 0},
                                           {"username", KIND_TEXT, NULL, 0},     {0}};
static const struct known calendar[] = {{"default", KIND_FLAG, NULL, 0}, {"id", KIND_TEXT, NULL, 1},
                                        {"name", KIND_TEXT, NULL, 0},    {"status", KIND_TEXT, NULL, 0},
                                        {"synced", KIND_FLAG, NULL, 0},  {0}};
static const struct known account[] = {{"_type", KIND_TEXT, NULL, 0},
                                       {"available_calendars", KIND_LIST, calendar, 0},
                                       {"available_features", KIND_LIST, NULL, 0},
                                       {"calendar_receive_status", KIND_TEXT, NULL, 0},
                                       {"calendly", KIND_ANY, NULL, 0},
                                       {"date_created", KIND_TIME, NULL, 0},
                                       {"default_identity", KIND_OBJECT, default_identity, 0},
                                       {"email", KIND_TEXT, NULL, 0},
                                       {"email_receive_status", KIND_TEXT, NULL, 0},
                                       {"enabled_features", KIND_LIST, NULL, 0},
                                       {"has_meeting_creation_scopes", KIND_FLAG, NULL, 0},
                                       {"id", KIND_TEXT, NULL, 0},
                                       {"identities", KIND_LIST, identity, 0},
                                       {"imap", KIND_OBJECT, mail_server, 0},
                                       {"is_imap_archive_sync_enabled", KIND_FLAG, NULL, 0},
                                       {"latest_receive_error", KIND_TEXT, NULL, 0},
                                       {"latest_send_error", KIND_TEXT, NULL, 0},
                                       {"lead_suggestions_updated_at", KIND_TIME, NULL, 0},
                                       {"organization_id", KIND_TEXT, NULL, 0},
                                       {"receive_attempts_count", KIND_NUMBER, NULL, 0},
                                       {"receive_status", KIND_TEXT, NULL, 0},
                                       {"send_status", KIND_TEXT, NULL, 0},
                                       {"smtp", KIND_OBJECT, mail_server, 0},
                                       {"sync_all_calendars", KIND_FLAG, NULL, 0},
                                       {"synced_calendars", KIND_LIST, NULL, 0},
                                       {"user_id", KIND_TEXT, NULL, 0},
                                       {"zoom_account_plan", KIND_TEXT, NULL, 0},
                                       {0}};

static bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
static int two_digits(const char *at) { return 10 * (at[0] - '0') + at[1] - '0'; }

/* "2024-01-02T03:04:05", with up to nine digits of fraction or none, and UTC said in one of its ways. A leap day is left in doubt. */
static bool is_time(struct slice text) {
  static const char form[] = "0000-00-00T00:00:00", days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  enum { BASE = sizeof form - 1 };
  size_t at = 0;
  for (; at < text.length && at < BASE; at++)
    if (form[at] == '0' ? !is_digit(text.bytes[at]) : text.bytes[at] != form[at])
      return false;
  if (at < BASE || memcmp(text.bytes, "0000", 4) == 0)
    return false;
  int month = two_digits(text.bytes + 5), day = two_digits(text.bytes + 8);
  if (month < 1 || month > 12 || day < 1 || day > days[month - 1] || two_digits(text.bytes + 11) > 23 ||
      two_digits(text.bytes + 14) > 59 || two_digits(text.bytes + 17) > 59)
    return false;
  struct slice rest = {text.bytes + BASE, text.length - BASE};
  if (rest.length > 1 && *rest.bytes == '.') {
    size_t digits = 1;
    while (digits < rest.length && digits < 10 && is_digit(rest.bytes[digits]))
      digits++;
    if (digits == 1)
      return false;
    rest = (struct slice){rest.bytes + digits, rest.length - digits};
  }
  return rest.length == 0 || slice_equals(rest, "Z") || slice_equals(rest, "+00:00");
}

static bool is_port(struct slice number) {
  int port = 0;
  for (size_t i = 0; i < number.length; i++) {
    if (!is_digit(number.bytes[i]) || i == 5)
      return false;
    port = 10 * port + number.bytes[i] - '0';
  }
  return port <= 65535;
}

static bool object(struct scan *scan, const struct known *held, struct slice keys[KEYS]);

static bool is_same(struct slice left, struct slice right) {
  return left.length == right.length && (left.length == 0 || memcmp(left.bytes, right.bytes, left.length) == 0);
}

/* Whether an element has its key, and no element before it has the same. */
static bool is_new_key(struct slice (*keys)[KEYS], int count, const struct known *held) {
  size_t length = 0;
  for (; held->name != NULL; held++)
    if (held->key > 0 && keys[count][held->key - 1].bytes == NULL)
      return false;
  for (int i = 0; i < KEYS; i++)
    length += keys[count][i].length;
  for (int i = 0; i < count; i++)
    if (is_same(keys[i][0], keys[count][0]) && is_same(keys[i][1], keys[count][1]))
      return false;
  return length <= KEY_BYTES_MAX;
}

static bool list(struct scan *scan, const struct known *held) {
  struct slice keys[ELEMENTS_MAX][KEYS], word;
  if (!scan_take(scan, '['))
    return false;
  for (int count = 0; !scan_take(scan, ']'); count++) {
    if (count > 0 && !scan_take(scan, ','))
      return false;
    if (held == NULL) {
      if (!scan_string(scan, &word) || word.length > KEY_BYTES_MAX)
        return false;
      continue;
    }
    if (count == ELEMENTS_MAX)
      return false;
    memset(keys[count], 0, sizeof keys[count]);
    if (!object(scan, held, keys[count]) || !is_new_key(keys, count, held))
      return false;
  }
  return true;
}

static bool fits(struct scan *scan, const struct known *known, struct slice keys[KEYS]) {
  struct slice value, none[KEYS];
  if (scan->at < scan->end && *scan->at == 'n')
    return known->key == 0 && scan_value(scan, &value);
  switch (known->kind) {
  case KIND_TEXT:
    if (!scan_string(scan, &value))
      return false;
    if (known->key > 0)
      keys[known->key - 1] = value;
    return true;
  case KIND_TIME:
    return scan_string(scan, &value) && is_time(value);
  case KIND_FLAG:
    return scan_value(scan, &value) && (slice_equals(value, "true") || slice_equals(value, "false"));
  case KIND_NUMBER:
    return scan_value(scan, &value) && (is_digit(*value.bytes) || *value.bytes == '-');
  case KIND_PORT:
    return scan_value(scan, &value) && is_port(value);
  case KIND_OBJECT:
    return object(scan, known->held, none);
  case KIND_LIST:
    return list(scan, known->held);
  case KIND_ANY:
    break;
  }
  return scan_value(scan, &value);
}

static bool object(struct scan *scan, const struct known *held, struct slice keys[KEYS]) {
  struct slice name;
  if (!scan_take(scan, '{'))
    return false;
  for (bool first = true; !scan_take(scan, '}'); first = false) {
    if ((!first && !scan_take(scan, ',')) || !scan_string(scan, &name) || !scan_take(scan, ':'))
      return false;
    while (held->name != NULL && !slice_equals(name, held->name))
      held++; /* both are in order */
    if (held->name == NULL || !fits(scan, held, keys))
      return false;
  }
  return true;
}

bool plain_document(struct slice document) {
  struct scan scan;
  struct slice none[KEYS];
  scan_init(&scan, document);
  bool plain = object(&scan, account, none) && scan.at == scan.end;
  scan_finish(&scan);
  return plain;
}
