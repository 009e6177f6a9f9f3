#pragma once
/* The known word that a misspelt one was most likely meant to be: of commands, options, sections, keys, libpq's keywords. */
#include <stddef.h>

/* The known words by number; NULL behind the last one. */
typedef const char *nearest_word_fn(const void *context, size_t index);

/* NULL when none is close. Capitals, and "-" or "_", make no difference. */
const char *nearest_word(const char *word, nearest_word_fn *at, const void *context);
