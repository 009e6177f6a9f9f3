/* HTML by hand, in one place: the only function that writes bytes which it was handed is append_safe(). Names come from literals, which
 * the macros in the header see to. */
#include "monitor/html.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FORMATTED_BYTES = 500, SPACED_FROM = 10000 };

void html_init(struct html *html, struct buffer *text) {
  *html = (struct html){.text = text};
  buffer_append_text(text, "<!doctype html>\n");
}

/* What HTML has a word for, in a text and in an attribute; NULL: it may stand for itself. */
static const char *entity_of(char byte) {
  switch (byte) {
  case '&':
    return "&amp;";
  case '<':
    return "&lt;";
  case '>':
    return "&gt;";
  case '"':
    return "&quot;";
  case '\'':
    return "&#39;";
  default:
    return NULL;
  }
}

/* U+061C, which text_step() does not know of, steers too. */
static bool is_arabic_mark(const char *bytes, size_t step) {
  return step == 2 && (unsigned char)bytes[0] == 0xd8 && (unsigned char)bytes[1] == 0x9c;
}

static size_t append_character(struct buffer *buffer, struct slice text) {
  bool harmless;
  size_t step = text_step(text, &harmless);
  const char *entity = entity_of(*text.bytes);
  if (entity != NULL)
    buffer_append_text(buffer, entity);
  else if (step == 1 && memchr("\t\n\r ", *text.bytes, 4) != NULL)
    buffer_append(buffer, " ", 1);
  else if (harmless && !is_arabic_mark(text.bytes, step))
    buffer_append(buffer, text.bytes, step);
  else
    buffer_append(buffer, "\xef\xbf\xbd", 3);
  return step;
}

/* How many bytes from the beginning on stand for themselves. */
static size_t plain_run(struct slice text, size_t limit) {
  size_t end = 0;
  while (end < text.length && end < limit && text.bytes[end] >= 0x20 && text.bytes[end] < 0x7f &&
         entity_of(text.bytes[end]) == NULL)
    end++;
  return end;
}

static void append_safe(struct buffer *buffer, struct slice text, size_t characters) {
  while (text.length > 0 && characters > 0 && buffer_fits(buffer)) {
    size_t step = plain_run(text, characters), count = step;
    if (step > 0) {
      buffer_append(buffer, text.bytes, step);
    } else {
      step = append_character(buffer, text);
      count = 1;
    }
    text.bytes += step;
    text.length -= step;
    characters -= count;
  }
  if (text.length > 0)
    buffer_append_text(buffer, "…");
}

static void end_tag(struct html *html) {
  if (html->in_tag)
    buffer_append(html->text, ">", 1);
  html->in_tag = false;
}

void html_open_literal(struct html *html, const char *name) {
  end_tag(html);
  assert(html->depth < HTML_DEPTH);
  html->names[html->depth++] = name;
  html->in_tag = true;
  buffer_append(html->text, "<", 1);
  buffer_append_text(html->text, name);
}

void html_close(struct html *html) {
  end_tag(html);
  assert(html->depth > 0);
  const char *name = html->names[--html->depth];
  buffer_append(html->text, "</", 2);
  buffer_append_text(html->text, name);
  buffer_append(html->text, ">", 1);
  if (strcmp(name, "tr") == 0 || strcmp(name, "p") == 0 || strcmp(name, "li") == 0)
    buffer_append(html->text, "\n", 1);
}

void html_void(struct html *html) {
  assert(html->depth > 0 && html->in_tag);
  html->depth--;
  end_tag(html);
}

static void begin_attribute(struct html *html, const char *name) {
  assert(html->in_tag);
  buffer_append(html->text, " ", 1);
  buffer_append_text(html->text, name);
  buffer_append(html->text, "=\"", 2);
}

void html_attribute_literal(struct html *html, const char *name, struct slice value) {
  begin_attribute(html, name);
  append_safe(html->text, value, SIZE_MAX);
  buffer_append(html->text, "\"", 1);
}

void html_number_literal(struct html *html, const char *name, int64_t value) {
  begin_attribute(html, name);
  buffer_append_format(html->text, "%" PRId64 "\"", value);
}

void html_url_literal(struct html *html, const char *name, const char *literal) {
  begin_attribute(html, name);
  append_safe(html->text, slice_of(literal), SIZE_MAX);
}

void html_url_part(struct html *html, struct slice part) { text_percent_encode(html->text, part); }

void html_url_more_literal(struct html *html, const char *literal) {
  append_safe(html->text, slice_of(literal), SIZE_MAX);
}

void html_url_end(struct html *html) { buffer_append(html->text, "\"", 1); }

void html_text(struct html *html, struct slice text) { html_cut(html, text, SIZE_MAX); }

void html_words(struct html *html, const char *text) { html_text(html, slice_of(text)); }

void html_element_literal(struct html *html, const char *name, const char *class, const char *words) {
  html_open_literal(html, name);
  if (class != NULL)
    html_attribute(html, "class", slice_of(class));
  html_words(html, words);
  html_close(html);
}

void html_cut(struct html *html, struct slice text, size_t characters) {
  end_tag(html);
  append_safe(html->text, text, characters);
}

void html_integer(struct html *html, int64_t value) {
  char digits[32];
  int length = snprintf(digits, sizeof digits, "%" PRId64, value);
  end_tag(html);
  for (int i = 0; i < length; i++) {
    if (value >= SPACED_FROM && i > 0 && (length - i) % 3 == 0)
      buffer_append_text(html->text, "\u202f"); /* U+202F: a narrow space at which no line breaks */
    buffer_append(html->text, digits + i, 1);
  }
}

void html_format_list(struct html *html, const char *format, va_list arguments) {
  char text[FORMATTED_BYTES];
  vsnprintf(text, sizeof text, format, arguments);
  html_words(html, text);
}

void html_format(struct html *html, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  html_format_list(html, format, arguments);
  va_end(arguments);
}

void html_style(struct html *html, const char *const rules[]) {
  html_open(html, "style");
  end_tag(html);
  for (int i = 0; rules[i] != NULL; i++)
    buffer_append_text(html->text, rules[i]);
  html_close(html);
}
