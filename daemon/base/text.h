#pragma once
/* Notations: percent-encoding, JSON strings, hexadecimal, UTF-8, text for a terminal, and what the configuration knows. */
#include "base/buffer.h"

bool text_equals(const char *left, const char *right); /* NULL equals NULL alone */
/* Percent-encoding of everything outside RFC 3986's unreserved characters. */
bool text_percent_encode(struct buffer *buffer, struct slice slice);
/* Append as a JSON string with quotes; NUL and bytes that are no UTF-8 become U+FFFD. */
bool text_append_json(struct buffer *buffer, struct slice slice);
void text_hex(const unsigned char *bytes, size_t length, char *ret_hex); /* writes 2 * length + 1 bytes */
int text_hex_digit(char digit);                                          /* 0 to 15, in either case; -1: it is none */
bool text_is_blank(char byte);                                           /* ASCII white space */
struct slice text_trim(struct slice text);                               /* without it at both ends */

/* Bytes of the UTF-8 character (1 to 4) that `slice` begins with. 0 when it begins with none (overlong, surrogate, past
 * U+10FFFF, cut short, or empty); then *ret_skip, which may be NULL, says how many bytes one U+FFFD stands for. */
size_t text_utf8_character(struct slice slice, size_t *ret_skip);
/* The greatest length <= `length` and <= slice.length that does not end inside a character. */
size_t text_utf8_floor(struct slice slice, size_t length);

/* How many bytes the next character, or what is none, has; harmless: it may be shown, for it steers neither a terminal nor a line. */
size_t text_step(struct slice text, bool *ret_harmless);

/* Text that came from elsewhere, for a terminal: control characters, what turns the direction of writing, and bytes that are no
 * UTF-8 become "?", so it stays one line. Never longer than before. */
bool text_append_clean(struct buffer *buffer, struct slice text);
size_t text_characters(struct slice text); /* of what text_append_clean() makes of it */

/* "500ms" "10s" "5m" "1h" "1d", a bare number is seconds. No sign, no fraction. */
bool text_parse_duration(const char *text, int64_t *ret_ms) __attribute__((warn_unused_result));
bool text_parse_size(const char *text, size_t *ret_bytes)
    __attribute__((warn_unused_result)); /* "64KiB" "32MiB" "4096" */
bool text_parse_share(const char *text, double *ret_share) __attribute__((warn_unused_result)); /* "20%" -> 0.2 */
bool text_parse_bool(const char *text, bool *ret_value)
    __attribute__((warn_unused_result)); /* yes no true false on off 1 0 */
