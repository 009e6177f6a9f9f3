#pragma once
/* The keywords that libpq takes in a connection string, known here so that an unknown one is told with its line, before any connecting. */
#include <stdbool.h>
#include <stddef.h>

/* NULL behind the last one. */
const char *config_keyword_at(size_t index);
/* As libpq compares: byte by byte. */
bool config_keyword_is_known(const char *keyword);
/* The known one that was most likely meant; NULL when none is close. */
const char *config_keyword_nearest(const char *keyword);
