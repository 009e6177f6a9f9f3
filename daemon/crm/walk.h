#pragma once
/* Looks into canonical text (crm/canonical), where each name is written in one way only. Nothing is built, nothing is copied. */
#include "base/text.h"

/* The value of the object's member `name`; false: there is none, or `object` is no object. `name` needs no escapes. */
bool walk_member(struct slice object, const char *name, struct slice *ret_value) __attribute__((warn_unused_result));
/* The array's elements, one after the other: `*rest` begins as the array's text. False: no more, or it is no array. */
bool walk_element(struct slice *rest, struct slice *ret_value) __attribute__((warn_unused_result));
/* A copy of what the string stands for, to be freed; NULL: it is no string. */
char *walk_text(struct slice value);
