#include "crm/canonical.h"
#include "base/memory.h"
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What this file is for: one text for all the ways to say the same. It promises a total order without recursion deeper than the
 * parser's own limit. It does not validate: what json-c built from scanned text is taken as it is. */

/* PostgreSQL's numeric (src/backend/utils/adt/numeric.c: NUMERIC_WEIGHT_MAX, NUMERIC_DSCALE_MAX). */
enum { DIGITS_BEFORE_POINT = 131072, DIGITS_BEHIND_POINT = 16383 };

struct writer {
  struct buffer *text;
  bool number_fault;
};

static bool write_value(struct writer *writer, struct json_object *value);

/* The first letters are equal already; the second spares nearly every call. */
static bool begins_with(const char *text, const char *word) {
  return (text[1] | 0x20) == word[1] && strncasecmp(text, word, strlen(word)) == 0;
}

/* Asked for every key of every document: most letters begin no such word. */
bool canonical_key_is_secret(const char *key) {
  for (const char *at = key; *at != '\0'; at++) {
    bool found = false;
    switch (*at | 0x20) {
    case 'p':
      found = begins_with(at, "password") || begins_with(at, "passwd") || begins_with(at, "private_key");
      break;
    case 's':
      found = begins_with(at, "secret");
      break;
    case 't':
      found = begins_with(at, "token");
      break;
    case 'c':
      found = begins_with(at, "credential");
      break;
    case 'a':
      found = begins_with(at, "api_key") || begins_with(at, "apikey");
      break;
    default:
      break;
    }
    if (found)
      return true;
  }
  return false;
}

/* A number taken apart: digits without leading or trailing zeros, value = 0.DIGITS * 10^point. */
struct decimal {
  bool negative;
  const char *digits; /* may contain one '.', skipped when written */
  size_t span;        /* bytes of `digits`, the '.' included */
  int64_t count;      /* digits in the span */
  int64_t point;
};

static int64_t parse_exponent(const char *at, const char *end) {
  int64_t value = 0;
  bool negative = at < end && *at == '-';
  if (at < end && (*at == '-' || *at == '+'))
    at++;
  for (; at < end; at++)
    if (value < INT32_MAX)
      value = value * 10 + (*at - '0');
  return negative ? -value : value;
}

static struct decimal take_apart(struct slice number) {
  struct decimal decimal = {0};
  const char *at = number.bytes, *end = at + number.length, *first = NULL, *last = NULL;
  int64_t before = 0, seen = 0, first_at = 0, last_at = 0;
  bool behind = false;
  if (at < end && *at == '-') {
    decimal.negative = true;
    at++;
  }
  for (; at < end && *at != 'e' && *at != 'E'; at++) {
    if (*at == '.') {
      behind = true;
      continue;
    }
    seen++;
    before += behind ? 0 : 1;
    if (*at != '0') {
      first_at = first == NULL ? seen : first_at;
      first = first == NULL ? at : first;
      last_at = seen;
      last = at;
    }
  }
  if (first == NULL)
    return (struct decimal){0};
  decimal.digits = first;
  decimal.span = (size_t)(last - first) + 1;
  decimal.count = last_at - first_at + 1;
  decimal.point = before - first_at + 1 + (at < end ? parse_exponent(at + 1, end) : 0);
  return decimal;
}

static bool append_zeros(struct buffer *text, int64_t count) {
  static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
  for (int64_t left = count; left > 0; left -= (int64_t)sizeof zeros - 1)
    if (!buffer_append(text, zeros, left < (int64_t)sizeof zeros - 1 ? (size_t)left : sizeof zeros - 1))
      return false;
  return true;
}

static bool append_digits(struct buffer *text, const struct decimal *decimal) {
  int64_t written = 0;
  for (size_t i = 0; i < decimal->span; i++) {
    if (decimal->digits[i] == '.')
      continue;
    if (written == decimal->point && written > 0 && !buffer_append(text, ".", 1))
      return false;
    if (!buffer_append(text, &decimal->digits[i], 1))
      return false;
    written++;
  }
  return true;
}

static bool append_decimal(struct buffer *text, const struct decimal *decimal) {
  if (decimal->count == 0)
    return buffer_append(text, "0", 1);
  if (decimal->negative && !buffer_append(text, "-", 1))
    return false;
  if (decimal->point <= 0 && (!buffer_append(text, "0.", 2) || !append_zeros(text, -decimal->point)))
    return false;
  return append_digits(text, decimal) && append_zeros(text, decimal->point - decimal->count);
}

enum canonical_fault canonical_number(struct buffer *text, struct slice number) {
  struct decimal decimal = take_apart(number);
  if (decimal.point > DIGITS_BEFORE_POINT || decimal.count - decimal.point > DIGITS_BEHIND_POINT)
    return CANONICAL_NUMBER;
  return append_decimal(text, &decimal) ? CANONICAL_GOOD : CANONICAL_LARGE;
}

static bool write_number(struct writer *writer, struct json_object *value) {
  struct slice source = slice_of(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
  enum canonical_fault fault = canonical_number(writer->text, source);
  writer->number_fault = fault == CANONICAL_NUMBER;
  return fault == CANONICAL_GOOD;
}

struct member {
  const char *key;
  struct json_object *value;
};

static int compare_members(const void *left, const void *right) {
  return strcmp(((const struct member *)left)->key, ((const struct member *)right)->key);
}

/* The members of an object, sorted by key; the caller frees. */
static struct member *sort_members(struct json_object *object, size_t *ret_count) {
  size_t count = 0;
  struct member *members = memory_allocate(sizeof *members * ((size_t)json_object_object_length(object) + 1));
  json_object_object_foreach(object, key, value) { members[count++] = (struct member){key, value}; }
  qsort(members, count, sizeof *members, compare_members);
  *ret_count = count;
  return members;
}

static bool write_member(struct writer *writer, const struct member *member, bool first) {
  if (!first && !buffer_append(writer->text, ",", 1))
    return false;
  if (!text_append_json(writer->text, slice_of(member->key)) || !buffer_append(writer->text, ":", 1))
    return false;
  if (member->value != NULL && canonical_key_is_secret(member->key))
    return buffer_append_text(writer->text, "\"[redacted]\"");
  return write_value(writer, member->value);
}

static bool write_object(struct writer *writer, struct json_object *object) {
  size_t count;
  struct member *members = sort_members(object, &count);
  bool good = buffer_append(writer->text, "{", 1);
  for (size_t i = 0; good && i < count; i++)
    good = write_member(writer, &members[i], i == 0);
  memory_free(members);
  return good && buffer_append(writer->text, "}", 1);
}

static int compare_slices(const void *left, const void *right) {
  const struct slice *a = left, *b = right;
  int order = memcmp(a->bytes, b->bytes, a->length < b->length ? a->length : b->length);
  return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

/* Sort the elements that stand one behind the other from `start` on, and put the commas between them. */
static bool sort_elements(struct writer *writer, size_t start, struct slice *elements, size_t count) {
  size_t length = writer->text->length - start;
  char *unsorted = memory_copy(writer->text->bytes + start, length);
  size_t offset = 0;
  for (size_t i = 0; i < count; i++) {
    elements[i].bytes = unsorted + offset;
    offset += elements[i].length;
  }
  qsort(elements, count, sizeof *elements, compare_slices);
  writer->text->length = start;
  bool good = true;
  for (size_t i = 0; good && i < count; i++)
    good = (i == 0 || buffer_append(writer->text, ",", 1)) &&
           buffer_append(writer->text, elements[i].bytes, elements[i].length);
  memory_free(unsorted);
  return good;
}

static bool write_array(struct writer *writer, struct json_object *array) {
  size_t count = json_object_array_length(array);
  struct slice *elements = memory_allocate(sizeof *elements * (count + 1));
  bool good = buffer_append(writer->text, "[", 1);
  size_t start = writer->text->length;
  for (size_t i = 0; good && i < count; i++) {
    size_t before = writer->text->length;
    good = write_value(writer, json_object_array_get_idx(array, i));
    elements[i].length = writer->text->length - before;
  }
  good = good && (count < 2 || sort_elements(writer, start, elements, count));
  memory_free(elements);
  return good && buffer_append(writer->text, "]", 1);
}

static bool write_value(struct writer *writer, struct json_object *value) {
  switch (json_object_get_type(value)) {
  case json_type_null:
    return buffer_append(writer->text, "null", 4);
  case json_type_boolean:
    return buffer_append_text(writer->text, json_object_get_boolean(value) ? "true" : "false");
  case json_type_int:
  case json_type_double:
    return write_number(writer, value);
  case json_type_string:
    return text_append_json(writer->text,
                            (struct slice){json_object_get_string(value), (size_t)json_object_get_string_len(value)});
  case json_type_object:
    return write_object(writer, value);
  case json_type_array:
    return write_array(writer, value);
  }
  return false;
}

static bool is_named(const char *name, const char *const *names, int count) {
  for (int i = 0; i < count; i++)
    if (strcmp(name, names[i]) == 0)
      return true;
  return false;
}

static bool write_outermost(struct writer *writer, struct json_object *object, const char *const *names, int count,
                            struct buffer *lasting) {
  size_t members_count;
  struct member *members = sort_members(object, &members_count);
  bool good = buffer_append(writer->text, "{", 1) && buffer_append(lasting, "{", 1);
  for (size_t i = 0; good && i < members_count; i++) {
    size_t before = writer->text->length;
    good = write_member(writer, &members[i], i == 0);
    if (good && !is_named(members[i].key, names, count)) {
      bool comma = lasting->length > 1;
      size_t own = before + (i == 0 ? 0 : 1);
      good = (!comma || buffer_append(lasting, ",", 1)) &&
             buffer_append(lasting, writer->text->bytes + own, writer->text->length - own);
    }
  }
  memory_free(members);
  return good && buffer_append(writer->text, "}", 1) && buffer_append(lasting, "}", 1);
}

enum canonical_fault canonical_write(struct json_object *value, const char *const *volatile_names, int volatile_count,
                                     struct buffer *text, struct buffer *ret_lasting) {
  struct writer writer = {.text = text};
  bool good = ret_lasting != NULL && json_object_is_type(value, json_type_object)
                  ? write_outermost(&writer, value, volatile_names, volatile_count, ret_lasting)
                  : write_value(&writer, value);
  if (good)
    return CANONICAL_GOOD;
  return writer.number_fault ? CANONICAL_NUMBER : CANONICAL_LARGE;
}
