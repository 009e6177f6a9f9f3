#pragma once
/* What went wrong, for the caller to decide by kind and for a person to read by text. */
#include <stdarg.h>
#include <stdbool.h>

enum error_kind {
  ERROR_NONE,
  ERROR_MEMORY,
  ERROR_LIMIT,       /* a bound of ours: bytes, depth, time for one sweep */
  ERROR_CONFIG,      /* the administrator has to change something: exit 78 */
  ERROR_NETWORK,     /* no answer: refused, broken, timed out */
  ERROR_TIMEOUT,     /* no answer in time; a NETWORK error that also moves the organization to the slow queue */
  ERROR_HTTP,        /* an answer that is no success */
  ERROR_RATE_LIMIT,  /* 429 */
  ERROR_AUTH,        /* 401, 403 */
  ERROR_CREDENTIAL,  /* nothing to ask with, or Close refused it for good: a person has to act */
  ERROR_SHAPE,       /* an answer that is not what was promised */
  ERROR_DATABASE,    /* PostgreSQL refused a statement */
  ERROR_UNREACHABLE, /* PostgreSQL could not be reached or the session was lost: exit 69 */
  ERROR_CONFLICT,    /* another process has the lock, or has written meanwhile */
  ERROR_CANCELLED,
  ERROR_BUG,
};

#define ERROR_TEXT_BYTES 512

struct error {
  enum error_kind kind;
  char code[8]; /* SQLSTATE or HTTP status where there is one, else "" */
  char text[ERROR_TEXT_BYTES];
};

/* Fill `error` (NULL is allowed) and return false, so that a caller can `return error_set(…)`.
 * The text is cut at a character boundary when it does not fit. */
bool error_set(struct error *error, enum error_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "context: " before the text; returns false. */
bool error_prefix(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

void error_clear(struct error *error);
