/* Masking by a list of what may be seen, not of what may not: a text that nobody foresaw is hidden. The words are those in which mail
 * and calendar servers tell why they refuse. */
#include "monitor/page/mask.h"
#include <ctype.h>
#include <string.h>

enum { SHOWN_CHARACTERS = 300, WORD_BYTES = 24 };

#define ELLIPSIS "…"

static const char words[] =
    " a access account an and at auth authenticate authentication bad be been blocked by calendar cannot "
    "certificate change changed close closed code connect connection could credentials daily denied disabled does "
    "empty enabled error exceeded exist expired failed failure false for forbidden found from full get google grant "
    "handshake has host imap in incorrect internal invalid invalid_grant is it limit limits log login mail mailbox "
    "microsoft missing must name network no not null of offline ok on or out outlook password paused permission "
    "please policy quota rate read receive reconnect refresh refused rejected required reset resolve retry revoked "
    "scope send sending server service sign smtp ssl storage suspended sync temporarily temporary the this time "
    "timed timeout tls to token too many true unable unauthorized unavailable unexpected unknown unreachable "
    "unsupported user username was with wrong zoom ";

static bool is_known(struct slice word) {
  char padded[WORD_BYTES + 2];
  if (word.length > WORD_BYTES - 1)
    return false;
  padded[0] = ' ';
  for (size_t i = 0; i < word.length; i++)
    padded[1 + i] = (char)tolower((unsigned char)word.bytes[i]);
  padded[1 + word.length] = ' ';
  return memmem(words, sizeof words, padded, word.length + 2) != NULL;
}

/* 535, 5.7.8: what servers number their refusals with; no longer number, which could be a telephone's. */
static bool is_code(struct slice word) {
  size_t dots = 0;
  if (word.length > 5)
    return false;
  for (size_t i = 0; i < word.length; i++) {
    dots += word.bytes[i] == '.';
    if (!isdigit((unsigned char)word.bytes[i]) && word.bytes[i] != '.')
      return false;
  }
  return word.length <= 3 || dots == 2;
}

/* What is around a word in a sentence, or in JSON. */
static bool is_mark(char byte) { return memchr("\".,:;!?()[]{}'", byte, 14) != NULL; }

/* Whether nothing but its marks may be seen. */
static bool is_masked(struct slice word) {
  size_t before = 0, after = word.length;
  while (before < after && is_mark(word.bytes[before]))
    before++;
  while (after > before && is_mark(word.bytes[after - 1]))
    after--;
  struct slice bare = {word.bytes + before, after - before};
  return bare.length > 0 && !is_known(bare) && !is_code(bare);
}

/* The next word, without the spaces around it; false at the end. */
static bool next_word(struct slice *text, struct slice *ret_word) {
  size_t start = 0, end;
  while (start < text->length && isspace((unsigned char)text->bytes[start]))
    start++;
  for (end = start; end < text->length && !isspace((unsigned char)text->bytes[end]);)
    end++;
  *ret_word = (struct slice){text->bytes + start, end - start};
  text->bytes += end;
  text->length -= end;
  return ret_word->length > 0;
}

void mask_value(struct html *html, struct slice value, bool show) {
  bool hidden = !show && value.length > 0 && !slice_equals(value, "true") && !slice_equals(value, "false");
  html_cut(html, hidden ? slice_of("•••") : value, SHOWN_CHARACTERS);
}

/* Of a text that was cut before it came here, the last word is perhaps half of one: nobody knows what the other half was. */
static bool is_half(struct slice word) { return memmem(word.bytes, word.length, ELLIPSIS, strlen(ELLIPSIS)) != NULL; }

static bool is_address(struct slice word) {
  return memchr(word.bytes, '@', word.length) != NULL || (word.length > strlen(ELLIPSIS) && is_half(word));
}

/* Word by word, so that none is judged by a part of it; several hidden ones in a row may be one. */
static void mask_words(struct html *html, struct slice text, bool hides(struct slice word), bool joins) {
  struct slice word;
  const char *begin = text.bytes;
  bool hidden = false;
  for (bool first = true; next_word(&text, &word); first = false) {
    bool masked = hides(word);
    if (word.bytes - begin >= SHOWN_CHARACTERS) {
      html_words(html, " " ELLIPSIS);
      return;
    }
    if (masked && hidden && joins)
      continue;
    if (!first)
      html_words(html, " ");
    html_cut(html, masked ? slice_of("•••") : word, SHOWN_CHARACTERS);
    hidden = masked;
  }
}

/* How many hidden words there are in a row says something too. */
void mask_reason(struct html *html, struct slice reason, bool show) {
  if (show)
    html_cut(html, reason, SHOWN_CHARACTERS);
  else
    mask_words(html, reason, is_masked, true);
}

void mask_sentence(struct html *html, struct slice sentence, bool show) {
  if (show)
    html_cut(html, sentence, SHOWN_CHARACTERS);
  else
    mask_words(html, sentence, is_address, false);
}
