#pragma once
/* What a command shows to a person: colour on a terminal only, progress on a terminal only, columns that line up, and nothing that
 * could steer the terminal out of what Close said. */
#include "base/text.h"
#include "io/loop.h"
#include <stdio.h>

struct terminal;

enum tone { TONE_PLAIN, TONE_QUIET, TONE_GOOD, TONE_CHANGE, TONE_WARNING, TONE_BAD, TONE_STRONG };

/* Colour: stdout is a terminal, TERM is not dumb, NO_COLOR is empty. Progress: stderr is such a terminal and `loop` is not NULL. */
struct terminal *terminal_open(struct loop *loop);
/* Ends the progress and lets the loop become empty; freed at once. NULL is allowed. */
void terminal_close(struct terminal *terminal);

/* A word on stdout in its tone, padded with blanks to `width` columns. */
void terminal_word(const struct terminal *terminal, enum tone tone, int width, const char *word);
/* Text that came from elsewhere, on stdout: control characters and bytes that are no UTF-8 become "?". Padded likewise. */
void terminal_clean(int width, struct slice text);
int terminal_columns(struct slice text); /* of text printed by terminal_clean() */

/* `write` puts one line into `text` every now and then, from the loop, until the terminal is closed. Work that is soon done shows
 * none of it. */
typedef void terminal_progress_fn(void *context, char *text, size_t size);
void terminal_progress(struct terminal *terminal, terminal_progress_fn *write, void *context);
/* Takes the progress line away; before anything else is written to stdout or stderr. It comes back by itself. */
void terminal_clear(struct terminal *terminal);

enum { TERMINAL_SPAN_BYTES = 32 };
void terminal_age(int64_t seconds, char ret_text[TERMINAL_SPAN_BYTES]);          /* "just now", "3 min ago" */
void terminal_duration(int64_t duration_ms, char ret_text[TERMINAL_SPAN_BYTES]); /* "120 ms", "2.1 s", "3 min 5 s" */
const char *terminal_plural(int64_t count, const char *singular, const char *plural);
