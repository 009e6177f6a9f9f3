/* Whatever a text holds, it stays in its place: as an element's text, as an attribute, as a part of an address. */
#include "monitor/html.h"
#include "check.h"
#include <string.h>

/* Nothing ends a text or an attribute, nothing begins an element, nothing steers, and all of it is UTF-8. */
static void check_harmless(struct slice text) {
  static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
  while (text.length > 0) {
    bool harmless, known = *text.bytes != '&';
    size_t step = text_step(text, &harmless);
    CHECK(harmless && text_utf8_character(text, NULL) == step && memchr("<>\"'", *text.bytes, 4) == NULL);
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
      known =
          known || (text.length >= strlen(entities[i]) && memcmp(text.bytes, entities[i], strlen(entities[i])) == 0);
    CHECK(known);
    text.bytes += step;
    text.length -= step;
  }
}

/* What stands between both ends. */
static struct slice inside(struct slice all, const char *begin, const char *end) {
  size_t before = strlen(begin), after = strlen(end);
  CHECK(all.length >= before + after && memcmp(all.bytes, begin, before) == 0);
  CHECK(memcmp(all.bytes + all.length - after, end, after) == 0);
  return (struct slice){all.bytes + before, all.length - before - after};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct slice input = {(const char *)data, size};
  struct buffer text;
  struct html html;
  buffer_init(&text, 10 * size + 1000);
  html_init(&html, &text);
  html_open(&html, "b");
  html_text(&html, input);
  html_close(&html);
  check_harmless(inside(buffer_slice(&text), "<!doctype html>\n<b>", "</b>"));
  buffer_clear(&text);
  html_open(&html, "b");
  html_attribute(&html, "title", input);
  html_cut(&html, input, 3);
  html_close(&html);
  const char *quote = strchr(text.bytes + strlen("<b title=\""), '"');
  check_harmless(inside((struct slice){text.bytes, (size_t)(quote + 2 - text.bytes)}, "<b title=\"", "\">"));
  check_harmless(inside(slice_of(quote), "\">", "</b>"));
  buffer_clear(&text);
  html_open(&html, "a");
  html_url(&html, "href", "/");
  html_url_part(&html, input);
  html_url_end(&html);
  html_close(&html);
  struct slice part = inside(buffer_slice(&text), "<a href=\"/", "\"></a>");
  for (size_t i = 0; i < part.length; i++)
    CHECK(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%", part.bytes[i]) != NULL);
  CHECK(buffer_fits(&text));
  buffer_finish(&text);
  return 0;
}
