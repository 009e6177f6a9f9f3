#include "tree.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* What this file is for: reading and comparing. Recursive, one function per kind, decoding by brute force. */

struct reader {
  struct arena *arena;
  const unsigned char *at, *end;
  int depth_left;
  bool odd; /* a string was met that is not the text it stands for */
};

static struct tree *read_value(struct reader *reader);

static void skip_space(struct reader *reader) {
  while (reader->at < reader->end && memchr(" \t\r\n", *reader->at, 4) != NULL)
    reader->at++;
}

static bool take(struct reader *reader, const char *word) {
  size_t length = strlen(word);
  if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
    return false;
  reader->at += length;
  return true;
}

static size_t encode(uint32_t point, char *ret_bytes) {
  if (point < 0x80) {
    ret_bytes[0] = (char)point;
    return 1;
  }
  size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  for (size_t i = length - 1; i > 0; i--, point >>= 6)
    ret_bytes[i] = (char)(0x80 | (point & 0x3F));
  ret_bytes[0] = (char)(point | (0xF00u >> length & 0xF0));
  return length;
}

/* The whole `length` bytes are one character, written the one right way. */
static bool is_character(const unsigned char *bytes, size_t length) {
  uint32_t point = length == 1 ? bytes[0] : bytes[0] & (0xFFu >> (length + 1));
  for (size_t i = 1; i < length; i++) {
    if ((bytes[i] & 0xC0) != 0x80)
      return false;
    point = point << 6 | (bytes[i] & 0x3F);
  }
  char again[4];
  return (length > 1 || point < 0x80) && point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF) &&
         encode(point, again) == length && memcmp(again, bytes, length) == 0;
}

/* `length` bytes begin some character of `whole` bytes. */
static bool begins_character(const unsigned char *bytes, size_t length, size_t whole) {
  static const unsigned char tails[] = {0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF};
  if (length == whole)
    return is_character(bytes, whole);
  unsigned char longer[4];
  memcpy(longer, bytes, length);
  for (size_t i = 0; i < sizeof tails; i++) {
    longer[length] = tails[i];
    if (begins_character(longer, length + 1, whole))
      return true;
  }
  return false;
}

/* One character or one U+FFFD from raw bytes. */
static size_t decode_raw(struct reader *reader, char *out) {
  size_t left = (size_t)(reader->end - reader->at), longest = 1;
  for (size_t whole = 1; whole <= 4; whole++)
    for (size_t length = 1; length <= whole && length <= left; length++) {
      if (!begins_character(reader->at, length, whole))
        continue;
      if (length == whole && *reader->at != 0) {
        reader->odd |= *reader->at < 0x20;
        memcpy(out, reader->at, whole);
        reader->at += whole;
        return whole;
      }
      longest = length > longest ? length : longest;
    }
  reader->at += longest;
  reader->odd = true;
  return encode(0xFFFD, out);
}

static bool read_hex(struct reader *reader, uint32_t *ret_unit) {
  if (reader->end - reader->at < 6 || reader->at[0] != '\\' || reader->at[1] != 'u')
    return false;
  *ret_unit = 0;
  for (int i = 2; i < 6; i++) {
    const char *digits = "0123456789abcdef";
    const char *digit = memchr(digits, tolower(reader->at[i]), 16);
    if (digit == NULL)
      return false;
    *ret_unit = *ret_unit * 16 + (uint32_t)(digit - digits);
  }
  reader->at += 6;
  return true;
}

/* 0: no escape at all. */
static size_t decode_escape(struct reader *reader, char *out) {
  static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
  uint32_t unit, low;
  if (read_hex(reader, &unit)) {
    const unsigned char *behind = reader->at;
    if (unit >= 0xD800 && unit < 0xDC00 && read_hex(reader, &low)) {
      if (low >= 0xDC00 && low < 0xE000)
        return encode(0x10000 + (unit - 0xD800) * 0x400 + low - 0xDC00, out);
      reader->at = behind;
    }
    bool odd = unit == 0 || (unit >= 0xD800 && unit < 0xE000);
    reader->odd |= odd;
    return encode(odd ? 0xFFFD : unit, out);
  }
  const char *letter = reader->end - reader->at < 2 ? NULL : memchr(letters, reader->at[1], 8);
  if (letter == NULL)
    return 0;
  reader->at += 2;
  out[0] = meant[letter - letters];
  return 1;
}

static bool read_string(struct reader *reader, struct slice *ret_text) {
  size_t length = 0;
  char *text = arena_allocate(reader->arena, 3 * (size_t)(reader->end - reader->at) + 4);
  if (text == NULL || !take(reader, "\""))
    return false;
  while (!take(reader, "\"")) {
    if (reader->at == reader->end)
      return false;
    size_t step = *reader->at == '\\' ? decode_escape(reader, text + length) : decode_raw(reader, text + length);
    if (step == 0)
      return false;
    length += step;
  }
  *ret_text = (struct slice){text, length};
  return true;
}

static size_t append_digits(struct reader *reader, char *digits) {
  size_t count = 0;
  while (reader->at < reader->end && isdigit(*reader->at))
    digits[count++] = (char)*reader->at++;
  return count;
}

static bool read_number(struct reader *reader, struct tree *tree) {
  size_t room = (size_t)(reader->end - reader->at) + 1;
  char *digits = arena_allocate(reader->arena, room), *exponent = arena_allocate(reader->arena, room);
  if (digits == NULL || exponent == NULL)
    return false;
  tree->kind = TREE_NUMBER;
  tree->negative = take(reader, "-");
  size_t count = append_digits(reader, digits), fraction = 0;
  if (count == 0 || (count > 1 && digits[0] == '0'))
    return false;
  tree->exponent = (int64_t)count;
  if (take(reader, ".") && (fraction = append_digits(reader, digits + count)) == 0)
    return false;
  count += fraction;
  if (take(reader, "e") || take(reader, "E")) {
    bool negative = take(reader, "-");
    if (!negative)
      take(reader, "+");
    if (append_digits(reader, exponent) == 0)
      return false;
    exponent += strspn(exponent, "0");
    int64_t value = strlen(exponent) > 12 ? 1000000000000 : *exponent == '\0' ? 0 : strtoll(exponent, NULL, 10);
    tree->exponent += negative ? -value : value;
  }
  for (; count > 0 && digits[0] == '0'; count--, digits++)
    tree->exponent--;
  while (count > 0 && digits[count - 1] == '0')
    count--;
  tree->text = (struct slice){digits, count};
  if (count == 0)
    tree->negative = false, tree->exponent = 0;
  return true;
}

static bool same_text(struct slice left, struct slice right) {
  return left.length == right.length && (left.length == 0 || memcmp(left.bytes, right.bytes, left.length) == 0);
}

/* Of two members with one key: does the later one count? Whoever had to be mended does not, where the other had not; of two that had, the
 * one whose spelling comes first, whatever their order. */
static bool later_counts(const struct tree *earlier, const struct tree *later) {
  if (earlier->spelling.length == 0 || later->spelling.length == 0)
    return later->spelling.length == 0;
  size_t shorter =
      earlier->spelling.length < later->spelling.length ? earlier->spelling.length : later->spelling.length;
  int order = memcmp(later->spelling.bytes, earlier->spelling.bytes, shorter);
  return order != 0 ? order < 0 : later->spelling.length <= earlier->spelling.length;
}

static void append_child(struct tree *parent, struct tree ***tail, struct tree *child) {
  for (struct tree *other = parent->first; other != NULL && parent->kind == TREE_OBJECT; other = other->next)
    if (!other->shadowed && same_text(other->key, child->key))
      *(later_counts(other, child) ? &other->shadowed : &child->shadowed) = true;
  **tail = child;
  *tail = &child->next;
}

static bool read_children(struct reader *reader, struct tree *tree, const char *close) {
  struct tree **tail = &tree->first;
  bool good = reader->depth_left-- > 0;
  skip_space(reader);
  if (good && take(reader, close)) {
    reader->depth_left++;
    return true;
  }
  while (good) {
    struct slice key = {0}, spelling = {0};
    skip_space(reader);
    if (tree->kind == TREE_OBJECT) {
      const unsigned char *start = reader->at;
      reader->odd = false;
      good = read_string(reader, &key);
      if (reader->odd)
        spelling = (struct slice){(const char *)start, (size_t)(reader->at - start) - 1};
      skip_space(reader);
      good = good && take(reader, ":");
    }
    struct tree *child = good ? read_value(reader) : NULL;
    if (child == NULL)
      return false;
    child->key = key;
    child->spelling = spelling;
    append_child(tree, &tail, child);
    skip_space(reader);
    if (take(reader, close))
      break;
    good = take(reader, ",");
  }
  reader->depth_left++;
  return good;
}

static struct tree *read_value(struct reader *reader) {
  struct tree *tree = arena_allocate(reader->arena, sizeof *tree);
  bool good = tree != NULL;
  skip_space(reader);
  if (!good || reader->at == reader->end)
    return NULL;
  if (take(reader, "null")) {
    tree->kind = TREE_NULL;
  } else if (take(reader, "false")) {
    tree->kind = TREE_FALSE;
  } else if (take(reader, "true")) {
    tree->kind = TREE_TRUE;
  } else if (*reader->at == '"') {
    tree->kind = TREE_STRING;
    good = read_string(reader, &tree->text);
  } else if (*reader->at == '[' || *reader->at == '{') {
    tree->kind = take(reader, "[") ? TREE_ARRAY : TREE_OBJECT;
    good = (tree->kind == TREE_ARRAY || take(reader, "{")) &&
           read_children(reader, tree, tree->kind == TREE_ARRAY ? "]" : "}");
  } else {
    good = read_number(reader, tree);
  }
  return good ? tree : NULL;
}

struct tree *tree_read(struct arena *arena, struct slice text, int depth_max) {
  const unsigned char *start = (const unsigned char *)text.bytes;
  struct reader reader = {arena, start, start + text.length, depth_max, false};
  struct tree *tree = read_value(&reader);
  skip_space(&reader);
  return reader.at == reader.end ? tree : NULL;
}

static bool is_secret(const struct tree *member) {
  static const char *const words[] = {"password",   "passwd",  "secret", "token",
                                      "credential", "api_key", "apikey", "private_key"};
  if (member->kind == TREE_NULL)
    return false;
  for (size_t w = 0; w < sizeof words / sizeof words[0]; w++)
    for (size_t at = 0, length = strlen(words[w]); at + length <= member->key.length; at++) {
      size_t same = 0;
      while (same < length && tolower((unsigned char)member->key.bytes[at + same]) == words[w][same])
        same++;
      if (same == length)
        return true;
    }
  return false;
}

static bool equal_members(const struct tree *left, const struct tree *right) {
  static const struct tree redacted = {.kind = TREE_STRING, .text = {"[redacted]", 10}};
  return same_text(left->key, right->key) &&
         tree_equal(is_secret(left) ? &redacted : left, is_secret(right) ? &redacted : right);
}

/* Bags: each child of the left takes one equal child of the right that nobody has taken. */
static bool equal_bags(const struct tree *left, const struct tree *right) {
  size_t count = 0, taken_count = 0;
  bool taken[4096] = {false};
  for (const struct tree *child = right->first; child != NULL; child = child->next)
    count += child->shadowed ? 0 : 1;
  for (const struct tree *child = left->first; child != NULL; child = child->next) {
    if (child->shadowed)
      continue;
    size_t at = 0;
    const struct tree *other = right->first;
    for (; other != NULL; other = other->next, at++)
      if (at < 4096 && !taken[at] && !other->shadowed && equal_members(child, other))
        break;
    if (other == NULL)
      return false;
    taken[at] = true;
    taken_count++;
  }
  return taken_count == count;
}

bool tree_equal(const struct tree *left, const struct tree *right) {
  if (left->kind != right->kind || left->negative != right->negative || left->exponent != right->exponent ||
      !same_text(left->text, right->text))
    return false;
  return left->kind < TREE_ARRAY || equal_bags(left, right);
}

const struct tree *tree_member(const struct tree *object, const char *key) {
  const struct tree *child = object->kind == TREE_OBJECT ? object->first : NULL;
  while (child != NULL && (child->shadowed || !slice_equals(child->key, key)))
    child = child->next;
  return child;
}

int tree_depth(const struct tree *tree) {
  int deepest = 0;
  for (const struct tree *child = tree->first; child != NULL; child = child->next) {
    int depth = tree_depth(child);
    deepest = depth > deepest ? depth : deepest;
  }
  return tree->kind < TREE_ARRAY ? 0 : deepest + 1;
}

bool tree_has_bad_number(const struct tree *tree) {
  if (tree->kind == TREE_NUMBER)
    return tree->exponent > 131072 || (int64_t)tree->text.length - tree->exponent > 16383;
  for (const struct tree *child = tree->first; child != NULL; child = child->next)
    if (!child->shadowed && !is_secret(child) && tree_has_bad_number(child))
      return true;
  return false;
}
