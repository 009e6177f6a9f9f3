/* HTML as it is written: nesting, attributes, addresses; and that no text gets out of its place. */
#include "monitor/html.h"
#include <criterion/criterion.h>
#include <string.h>

#define DOCTYPE "<!doctype html>\n"

static struct buffer text;
static struct html html;

static void begin(void) {
  buffer_init(&text, 100000);
  html_init(&html, &text);
}

static void expect(const char *expected) {
  cr_assert_eq(html.depth, 0);
  cr_assert(buffer_fits(&text));
  cr_assert_str_eq(text.bytes + strlen(DOCTYPE), expected);
  buffer_finish(&text);
}

Test(html, nests_and_closes_by_name) {
  begin();
  html_open_class(&html, "div", "a b");
  html_open(&html, "meta");
  html_attribute(&html, "name", slice_of("viewport"));
  html_void(&html);
  html_open(&html, "b");
  html_number(&html, "data-n", -7);
  html_words(&html, "x");
  html_close(&html);
  html_open(&html, "i");
  html_close(&html);
  html_element(&html, "em", NULL, "<y>");
  html_element(&html, "em", "c", "z");
  html_format(&html, "%d & %s", 5, "more");
  html_close(&html);
  expect("<div class=\"a b\"><meta name=\"viewport\"><b data-n=\"-7\">x</b><i></i>"
         "<em>&lt;y&gt;</em><em class=\"c\">z</em>5 &amp; more</div>");
}

Test(html, no_text_gets_out_of_its_place) {
  static const char hostile[] = "<script>alert(\"1\")</script> & 'x' -->]]>";
  begin();
  html_open(&html, "p");
  html_attribute(&html, "title", slice_of(hostile));
  html_words(&html, hostile);
  html_close(&html);
#define HARMLESS "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39; --&gt;]]&gt;"
  expect("<p title=\"" HARMLESS "\">" HARMLESS "</p>\n");
}

Test(html, what_steers_and_what_is_no_text_is_replaced) {
  begin();
  html_open(&html, "b");
  html_words(&html, "a\tb\nc\x01\x7f\xc2\x85z");
  html_words(&html, "\xe2\x80\xae"
                    "evil\xe2\x81\xa6\xe2\x80\x8f\xd8\x9c");
  html_text(&html, (struct slice){"\xff\xc3\0\xed\xa0\x80 \xf0\x9f\x98\x80 \xc3\xa9 \xd8\xa7", 16});
  html_close(&html);
#define R "\xef\xbf\xbd"
  expect("<b>a b c" R R R "z" R "evil" R R R R R R R R R " \xf0\x9f\x98\x80 \xc3\xa9 " R "</b>");
}

Test(html, an_address_keeps_its_parts) {
  begin();
  html_open(&html, "a");
  html_url(&html, "href", "/organization/");
  html_url_part(&html, slice_of("../a b?c=\"d\"&e#<\xc3\xa9"));
  html_url_more(&html, "?state=x&page=");
  html_url_part(&html, slice_of("2"));
  html_url_end(&html);
  html_close(&html);
  expect("<a href=\"/organization/..%2Fa%20b%3Fc%3D%22d%22%26e%23%3C%C3%A9?state=x&amp;page=2\"></a>");
}

Test(html, what_is_long_is_cut_between_characters) {
  begin();
  html_open(&html, "b");
  html_cut(&html, slice_of("abcdef"), 6);
  html_words(&html, "|");
  html_cut(&html, slice_of("abcdef"), 5);
  html_words(&html, "|");
  html_cut(&html, slice_of("\xc3\xa9\xc3\xa9<>"), 3);
  html_words(&html, "|");
  html_integer(&html, 1234);
  html_words(&html, "|");
  html_integer(&html, 1234567);
  html_close(&html);
  expect("<b>abcdef|abcde…|\xc3\xa9\xc3\xa9&lt;…|1234|1\u202f234\u202f567</b>");
}

Test(html, a_style_is_as_it_was_written) {
  static const char *const rules[] = {"a>b{c:\"d\"}", "e{}", NULL};
  begin();
  html_style(&html, rules);
  expect("<style>a>b{c:\"d\"}e{}</style>");
}

Test(html, what_does_not_fit_is_told_at_the_end) {
  struct buffer small;
  buffer_init(&small, 30);
  html_init(&html, &small);
  html_open(&html, "p");
  html_words(&html, "a text that is longer than that");
  html_close(&html);
  cr_assert_not(buffer_fits(&small));
  buffer_finish(&small);
}
