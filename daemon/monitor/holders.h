#pragma once
/* For `status`: which daemon of a fleet has which organization, as the database tells it. */
#include "config/config.h"
#include "io/db.h"

struct holders;

struct holders *holders_create(void);
void holders_destroy(struct holders *holders); /* NULL is allowed */
/* Asks; the answer is there when what is asked behind it is answered. A role that may not know is told of nobody. */
void holders_ask(struct holders *holders, struct db *db, const struct config *config);
int holders_width(const struct holders *holders); /* of the longest member's name; 0: there is no fleet */
/* NULL: nobody, or there is no fleet. */
const char *holders_find(const struct holders *holders, struct slice name);
/* A line for each daemon, and one when their configurations differ. */
void holders_print(const struct holders *holders);
/* The latter for a program: on stderr. */
void holders_warn(const struct holders *holders);
