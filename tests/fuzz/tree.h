#pragma once
/* A second opinion on JSON: a reader, an equality and a writer that share no code with daemon/crm. It reads what the
 * scanner accepts (dirty bytes included) and means by it what the contract says: the last twin of a key counts (of keys that were mended: tree.c), arrays are bags,
 * numbers are values, secrets are all alike, and what is no Unicode is U+FFFD. Slow, small, and plain on purpose. */
#include "base/arena.h"
#include "base/text.h"

enum tree_kind { TREE_NULL, TREE_FALSE, TREE_TRUE, TREE_NUMBER, TREE_STRING, TREE_ARRAY, TREE_OBJECT };

struct tree {
  enum tree_kind kind;
  struct slice text;       /* of a string: decoded; of a number: its digits without zeros at the ends, "" for zero */
  bool negative, shadowed; /* shadowed: a member whose twin counts */
  int64_t exponent;        /* of a number: 0.DIGITS * 10^exponent */
  struct slice key;        /* of a member: decoded */
  struct slice spelling;   /* of a key that had to be mended: as it is written; else empty */
  struct tree *first, *next;
};

/* NULL: not one whole value, deeper than `depth_max`, or the arena is full. */
struct tree *tree_read(struct arena *arena, struct slice text, int depth_max);
bool tree_equal(const struct tree *left, const struct tree *right);
/* The last member with this key, or NULL. */
const struct tree *tree_member(const struct tree *object, const char *key);
int tree_depth(const struct tree *tree);
/* Some number in it, not under a secret key, is beyond what PostgreSQL's numeric holds. */
bool tree_has_bad_number(const struct tree *tree);
/* Say the same in other words: order, spelling, space, twins, other secrets; steered by the seed. */
bool tree_scramble(const struct tree *tree, uint64_t *seed, struct buffer *text) __attribute__((warn_unused_result));
/* A small value of any kind; `breadth` bounds how many members and elements there are. */
struct tree *tree_invent(struct arena *arena, uint64_t *seed, int depth, int breadth);
uint64_t tree_random(uint64_t *seed, uint64_t below);
