/* What could name a person is hidden, what tells why a server refuses is not. */
#include "monitor/page/mask.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void expect(void (*mask)(struct html *html, struct slice text, bool show), bool show, const char *value,
                   const char *expected) {
  struct buffer text;
  struct html html;
  buffer_init(&text, 10000);
  html_init(&html, &text);
  buffer_clear(&text);
  mask(&html, slice_of(value), show);
  cr_assert_str_eq(text.length == 0 ? "" : text.bytes, expected, "%s", value);
  buffer_finish(&text);
}

Test(mask, a_reason_shows_known_words_alone) {
  expect(mask_reason, false, "ok", "ok");
  expect(mask_reason, false, "error", "error");
  expect(mask_reason, false, "bob@example.com", "•••");
  expect(mask_reason, false, "Alice Liddell", "•••");
  expect(mask_reason, false, "535 5.7.8 Authentication failed for bob@example.com: token expired.",
         "535 5.7.8 Authentication failed for ••• token expired.");
  expect(mask_reason, false, "Mailbox of Alice Liddell is full", "Mailbox of ••• is full");
  expect(mask_reason, false, "+4930123456 call 15551234", "•••");
  expect(mask_reason, false, "smtp.example.com", "•••");
  expect(mask_reason, false, "<script>alert(1)</script>", "•••");
  expect(mask_reason, false, "{\"password\": \"x\"}", "{&quot;password&quot;: •••");
  expect(mask_reason, false, "", "");
  expect(mask_reason, true, "Alice <b>", "Alice &lt;b&gt;");
}

Test(mask, a_value_is_hidden_whole) {
  expect(mask_value, false, "ok", "•••");
  expect(mask_value, false, "Grant Read", "•••");
  expect(mask_value, false, "true", "true");
  expect(mask_value, false, "", "");
  expect(mask_value, true, "Grant <Read>", "Grant &lt;Read&gt;");
}

Test(mask, a_sentence_hides_addresses) {
  expect(mask_sentence, false, "could not ask for bob@example.com now", "could not ask for ••• now");
  expect(mask_sentence, false, "HTTP 401 <b>", "HTTP 401 &lt;b&gt;");
  expect(mask_sentence, true, "bob@example.com", "bob@example.com");
}

Test(mask, what_is_long_is_cut) {
  char text[11000];
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  expect(mask_reason, false, text, "•••");
}

/* An address over the end of what is shown, at each place it can have there. */
Test(mask, no_word_is_judged_by_a_part_of_it) {
  char text[1000];
  for (int start = 280; start < 320; start++) {
    struct buffer shown;
    struct html html;
    memset(text, 'x', (size_t)start);
    text[100] = text[start - 1] = ' ';
    snprintf(text + start, sizeof text - (size_t)start, "bob.somebody@example.com and more");
    for (int i = 0; i < 2; i++) {
      buffer_init(&shown, 10000);
      html_init(&html, &shown);
      buffer_clear(&shown);
      (i == 0 ? mask_sentence : mask_reason)(&html, slice_of(text), false);
      cr_assert_null(strstr(shown.bytes, "bob"), "%d: %s", start, shown.bytes);
      cr_assert(i == 1 || strstr(shown.bytes, start < 300 ? "•••" : "x …") != NULL, "%d: %s", start, shown.bytes);
      buffer_finish(&shown);
    }
  }
}

Test(mask, half_a_word_is_masked) {
  expect(mask_sentence, false, "no server for bob.some…", "no server for •••");
  expect(mask_sentence, false, "and so on …", "and so on …");
  expect(mask_sentence, true, "for bob.some…", "for bob.some…");
  expect(mask_reason, false, "call 155…", "•••");
  expect(mask_reason, false, "authentication failed for a…", "authentication failed for •••");
}
