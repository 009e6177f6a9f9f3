/* The distance is Damerau's (optimal string alignment): a letter too many, one missing, a wrong one, and two that changed places count
 * as one slip each. */
#include "base/nearest.h"
#include <ctype.h>
#include <string.h>

enum { LENGTH_MAX = 64 };

static size_t least(size_t left, size_t right) { return left < right ? left : right; }

static int folded(char letter) { return letter == '_' ? '-' : tolower((unsigned char)letter); }

/* Both words are shorter than LENGTH_MAX. Three rows of the usual table: this one, the one above, and the one above that. */
static size_t distance(const char *left, const char *right) {
  size_t rows[3][LENGTH_MAX], width = strlen(right), height = strlen(left);
  for (size_t j = 0; j <= width; j++)
    rows[0][j] = j;
  for (size_t i = 1; i <= height; i++) {
    size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
    row[0] = i;
    for (size_t j = 1; j <= width; j++) {
      int one = folded(left[i - 1]), other = folded(right[j - 1]);
      row[j] = least(above[j - 1] + (one != other), 1 + least(above[j], row[j - 1]));
      if (i > 1 && j > 1 && one == folded(right[j - 2]) && other == folded(left[i - 2]))
        row[j] = least(row[j], before[j - 2] + 1);
    }
  }
  return rows[height % 3][width];
}

const char *nearest_word(const char *word, nearest_word_fn *at, const void *context) {
  const char *nearest = NULL, *known;
  /* Of a short word two letters are not a slip but another word. */
  size_t length = strlen(word), closest = length < 5 ? 2 : length < 12 ? 3 : 4;
  for (size_t i = 0; length < LENGTH_MAX && (known = at(context, i)) != NULL; i++) {
    size_t away = strlen(known) < LENGTH_MAX ? distance(word, known) : closest;
    if (length > 2 && away >= closest && nearest == NULL && strncmp(word, known, length) == 0)
      away = closest - 1; /* one that was cut off */
    if (away < closest) {
      closest = away;
      nearest = known;
    }
  }
  return nearest;
}
