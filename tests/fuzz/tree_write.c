#include "tree.h"
#include <stdlib.h>
#include <string.h>

/* What this file is for: saying the same in other words, and inventing something to say. */

uint64_t tree_random(uint64_t *seed, uint64_t below) {
  *seed ^= *seed << 13;
  *seed ^= *seed >> 7;
  *seed ^= *seed << 17;
  *seed += *seed == 0;
  return below == 0 ? 0 : (*seed >> 11) % below;
}

static bool write_space(uint64_t *seed, struct buffer *text) {
  static const char *const spaces[] = {"", "", "", " ", "\n", "\t\r "};
  return buffer_append_text(text, spaces[tree_random(seed, 6)]);
}

/* ASCII may be an escape, and so may any character: as UTF-16. */
static bool write_string(struct slice string, uint64_t *seed, struct buffer *text) {
  bool good = buffer_append(text, "\"", 1);
  for (size_t i = 0; good && i < string.length;) {
    size_t length = text_utf8_character((struct slice){string.bytes + i, string.length - i}, NULL);
    unsigned char byte = (unsigned char)string.bytes[i];
    uint32_t point = length == 1 ? byte : byte & (0xFFu >> (length + 1));
    for (size_t k = 1; k < length; k++)
      point = point << 6 | ((unsigned char)string.bytes[i + k] & 0x3F);
    bool must = byte == '"' || byte == '\\' || byte < 0x20;
    if (!must && tree_random(seed, 8) != 0)
      good = buffer_append(text, string.bytes + i, length);
    else if (point >= 0x10000)
      good = buffer_append_format(text, "\\u%04X\\u%04x", 0xD800 + ((point - 0x10000) >> 10), 0xDC00 + (point & 0x3FF));
    else
      good = buffer_append_format(text, "\\u%04x", point);
    i += length;
  }
  return good && buffer_append(text, "\"", 1);
}

/* 0.DIGITS * 10^exponent, the point put anywhere among the digits. */
static bool write_number(const struct tree *tree, uint64_t *seed, struct buffer *text) {
  if (tree->text.length == 0)
    return buffer_append_text(text, (const char *[]){"0", "-0", "0.0", "0e7", "-0.00E-3"}[tree_random(seed, 5)]);
  size_t shown = tree->text.length < 64 ? (size_t)tree_random(seed, tree->text.length + 1) : 0;
  int64_t exponent = tree->exponent - (int64_t)shown;
  bool good = buffer_append_text(text, tree->negative ? "-" : "") &&
              (shown == 0 ? buffer_append_text(text, "0") : buffer_append(text, tree->text.bytes, shown));
  if (shown < tree->text.length || tree_random(seed, 2) == 0)
    good = good && buffer_append_text(text, ".") &&
           buffer_append(text, tree->text.bytes + shown, tree->text.length - shown) &&
           buffer_append_text(text, shown == tree->text.length || tree_random(seed, 2) == 0 ? "0" : "");
  if (exponent != 0 || tree_random(seed, 2) == 0)
    good = good && buffer_append_format(text, "%s%lld", tree_random(seed, 2) == 0 ? "e" : "E", (long long)exponent);
  return good;
}

static bool is_secret(struct slice key) {
  static const char *const words[] = {"password",   "passwd",  "secret", "token",
                                      "credential", "api_key", "apikey", "private_key"};
  char copy[512] = "";
  memcpy(copy, key.bytes, key.length < sizeof copy ? key.length : 0);
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (strcasestr(copy, words[i]) != NULL)
      return true;
  return false;
}

static bool write_child(const struct tree *child, bool member, uint64_t *seed, struct buffer *text) {
  if (!member)
    return tree_scramble(child, seed, text);
  if (tree_random(seed, 6) == 0 && /* a twin that will not count */
      !(write_string(child->key, seed, text) && buffer_append_text(text, ":[{\"x\":1}],")))
    return false;
  return write_string(child->key, seed, text) && write_space(seed, text) && buffer_append_text(text, ":") &&
         (child->kind != TREE_NULL && is_secret(child->key) && tree_random(seed, 2) == 0
              ? buffer_append_text(text, "\"something else\"")
              : tree_scramble(child, seed, text));
}

static bool write_children(const struct tree *tree, uint64_t *seed, struct buffer *text) {
  size_t count = 0;
  bool object = tree->kind == TREE_OBJECT, good = buffer_append_text(text, object ? "{" : "[");
  for (const struct tree *child = tree->first; child != NULL; child = child->next)
    count += child->shadowed ? 0 : 1;
  const struct tree **order = calloc(count + 1, sizeof *order);
  count = 0;
  for (const struct tree *child = tree->first; child != NULL; child = child->next) {
    if (child->shadowed)
      continue;
    size_t place = (size_t)tree_random(seed, ++count);
    order[count - 1] = order[place];
    order[place] = child;
  }
  for (size_t i = 0; good && i < count; i++)
    good = (i == 0 || buffer_append_text(text, ",")) && write_space(seed, text) &&
           write_child(order[i], object, seed, text) && write_space(seed, text);
  free(order);
  return good && buffer_append_text(text, object ? "}" : "]");
}

bool tree_scramble(const struct tree *tree, uint64_t *seed, struct buffer *text) {
  switch (tree->kind) {
  case TREE_NULL:
    return buffer_append_text(text, "null");
  case TREE_FALSE:
    return buffer_append_text(text, "false");
  case TREE_TRUE:
    return buffer_append_text(text, "true");
  case TREE_NUMBER:
    return write_number(tree, seed, text);
  case TREE_STRING:
    return write_string(tree->text, seed, text);
  case TREE_ARRAY:
  case TREE_OBJECT:
    return write_children(tree, seed, text);
  }
  return false;
}

static struct slice invent_text(uint64_t *seed) {
  static const char *const texts[] = {
      "",   "a",     "b",  "\xc3\xa4", "\xf0\x9f\x98\x80", "\"\\/", "\x01\x7f", "\xef\xbf\xbd",
      "ok", "token", "id", "a b",      "[redacted]",       "null",  "1",        "\xe2\x80\xa8"};
  return slice_of(texts[tree_random(seed, sizeof texts / sizeof texts[0])]);
}

static void invent_number(struct tree *tree, uint64_t *seed) {
  static const char *const digits[] = {"",
                                       "1",
                                       "2",
                                       "12",
                                       "101",
                                       "9223372036854775807",
                                       "9223372036854775808",
                                       "30000000000000004",
                                       "99999999999999999999999999999999999999"};
  static const int exponents[] = {0, 1, 2, 3, -1, -7, 19, 20, 40, 310, -320};
  tree->text = slice_of(digits[tree_random(seed, 9)]);
  tree->exponent = tree->text.length == 0 ? 0 : exponents[tree_random(seed, 11)];
  tree->negative = tree->text.length > 0 && tree_random(seed, 3) == 0;
}

struct tree *tree_invent(struct arena *arena, uint64_t *seed, int depth, int breadth) {
  struct tree *tree = arena_allocate(arena, sizeof *tree);
  if (tree == NULL)
    abort();
  tree->kind = (enum tree_kind)tree_random(seed, depth > 0 ? TREE_OBJECT + 1 : TREE_STRING + 1);
  if (tree->kind == TREE_NUMBER)
    invent_number(tree, seed);
  if (tree->kind == TREE_STRING)
    tree->text = invent_text(seed);
  if (tree->kind < TREE_ARRAY)
    return tree;
  for (uint64_t left = tree_random(seed, (uint64_t)breadth + 1); left > 0; left--) {
    struct tree *child = tree_invent(arena, seed, depth - 1, breadth);
    child->key = invent_text(seed);
    for (struct tree *other = tree->first; other != NULL && tree->kind == TREE_OBJECT; other = other->next)
      child->shadowed |=
          other->key.length == child->key.length && memcmp(other->key.bytes, child->key.bytes, other->key.length) == 0;
    child->next = tree->first; /* put in front, so that the earlier ones come later and count */
    tree->first = child;
  }
  return tree;
}
