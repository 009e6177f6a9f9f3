#pragma once
/* What a plan found: each addition, change and rescoping (field by field) and removal, account after account, in flat memory. */
#include "base/error.h"
#include "base/text.h"
#include <stdio.h>

struct changes;

enum change_kind { CHANGE_ADDED, CHANGE_CHANGED, CHANGE_REMOVED, CHANGE_RESCOPED, CHANGE_KINDS };

/* One field of a changed account, or an added or removed account as a whole. Where bytes are NULL: null, or absent. */
struct change {
  enum change_kind kind;
  bool begins; /* the first of its account and kind */
  struct slice account_id, type, email;
  struct slice field, before, after; /* of a changed account: its name, and JSON texts */
};

struct changes *changes_create(void);
void changes_destroy(struct changes *changes); /* NULL is allowed */

/* `begins` is found out here: an account's fields come one behind the other. Errors: LIMIT, as of a spool. */
bool changes_add(struct changes *changes, const struct change *change, struct error *error)
    __attribute__((warn_unused_result));
int64_t changes_count(const struct changes *changes, enum change_kind kind); /* accounts */

/* Reading starts at the first one again; nothing may be added after it. */
bool changes_rewind(struct changes *changes, struct error *error) __attribute__((warn_unused_result));
/* The next one, borrowed until the next call. False: no more (error untouched), or it could not be read (error set). */
bool changes_next(struct changes *changes, struct change *ret_change, struct error *error);

bool change_parse(struct slice text, enum change_kind *ret_kind) __attribute__((warn_unused_result));
/* "[{"change", "account_id", "type", "email", "fields": {name: [old, new]}}, …]"; an absent value is null. */
bool changes_print_json(struct changes *changes, FILE *stream, struct error *error) __attribute__((warn_unused_result));
