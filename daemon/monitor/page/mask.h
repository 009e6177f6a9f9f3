#pragma once
/* What Close says, as a page may show it: whole, or without what could name a person. */
#include "monitor/html.h"

/* An address, a name, any value. Masked: "•••". */
void mask_value(struct html *html, struct slice value, bool show);
/* A status or why a server refused. Masked, only words of a list are left (ok, error, 535, refused, timeout, …). */
void mask_reason(struct html *html, struct slice reason, bool show);
/* A sentence of ours, which may quote Close. Masked, words that hold "@" are "•••", and so is the last one of a text that was cut before:
 * it ends in "…". */
void mask_sentence(struct html *html, struct slice sentence, bool show);
