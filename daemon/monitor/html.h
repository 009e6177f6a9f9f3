#pragma once
/* Writes HTML into a buffer that nothing foreign can break out of: names of elements and attributes are literals (the compiler refuses
 * anything else), every other text is escaped on its way, and an element that was opened is closed by its own name. Whether it all
 * fitted is asked of the buffer at the end. */
#include "base/text.h"
#include <stdarg.h>

enum { HTML_DEPTH = 32 };

struct html {
  struct buffer *text;           /* borrowed */
  const char *names[HTML_DEPTH]; /* of the elements that are open; literals */
  int depth;
  bool in_tag; /* attributes of the innermost one may follow */
};

void html_init(struct html *html, struct buffer *text); /* writes the doctype */

/* An element; its attributes come before anything inside it. */
#define html_open(html, name) html_open_literal(html, "" name "")
void html_open_literal(struct html *html, const char *name);
void html_close(struct html *html); /* the innermost one */
void html_void(struct html *html);  /* the innermost one, which HTML knows without an end: meta, input, br */

#define html_attribute(html, name, value) html_attribute_literal(html, "" name "", value)
void html_attribute_literal(struct html *html, const char *name, struct slice value);
#define html_number(html, name, value) html_number_literal(html, "" name "", value)
void html_number_literal(struct html *html, const char *name, int64_t value);
/* Of the elements that most have: <td class="…">. */
#define html_open_class(html, name, class) \
  (html_open_literal(html, "" name ""), html_attribute_literal(html, "class", slice_of(class)))

/* A whole one that holds these words; `class` NULL: none. */
#define html_element(html, name, class, words) html_element_literal(html, "" name "", class, words)
void html_element_literal(struct html *html, const char *name, const char *class, const char *words);

/* An address: begun with the literal that it begins with, then parts (percent-encoded whole) and literals between them. */
#define html_url(html, name, literal) html_url_literal(html, "" name "", "" literal "")
void html_url_literal(struct html *html, const char *name, const char *literal);
void html_url_part(struct html *html, struct slice part);
#define html_url_more(html, literal) html_url_more_literal(html, "" literal "")
void html_url_more_literal(struct html *html, const char *literal);
void html_url_end(struct html *html);

/* White space is kept as it is; what steers (control characters, the direction of writing) and what is no UTF-8 becomes U+FFFD. */
void html_text(struct html *html, struct slice text);
void html_words(struct html *html, const char *text);
/* At most so many characters, then "…". */
void html_cut(struct html *html, struct slice text, size_t characters);
/* From 10,000 on with a thin space between each three digits. */
void html_integer(struct html *html, int64_t value);
void html_format(struct html *html, const char *format, ...) __attribute__((format(printf, 2, 3)));
void html_format_list(struct html *html, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));
/* <style> with these rules, up to a NULL: constants of ours, which hold no "<". */
void html_style(struct html *html, const char *const rules[]);
