#pragma once
/* What a single value of the configuration may be. Each judge fills its target or says what the value must be. */
#include "base/arena.h"
#include "config/config.h"

struct config_rule {        /* what a judge may need besides the text */
  const char *least, *most; /* bounds in the value's own notation, NULL: none */
  struct arena *arena;      /* strings are kept here */
};

/* NULL: *target is filled. Otherwise a sentence that follows `"section.key" must be`; the target is as before. */
typedef const char *config_judge_fn(const struct config_rule *rule, const char *text, void *target);

/* Such a sentence, in the arena; cut where it is far too long. */
const char *config_say(const struct config_rule *rule, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The first `length` bytes of the text, in the arena; NULL when there are none. As a judge. */
const char *config_keep(const struct config_rule *rule, const char *text, size_t length, const char **target);

config_judge_fn config_judge_text;       /* const char *, NULL when empty */
config_judge_fn config_judge_id;         /* the same, of at most 500 bytes */
config_judge_fn config_judge_path;       /* const char *, NULL when empty */
config_judge_fn config_judge_duration;   /* int64_t, ms */
config_judge_fn config_judge_retention;  /* int64_t, ms; 0: forever */
config_judge_fn config_judge_size;       /* size_t, bytes */
config_judge_fn config_judge_share;      /* double */
config_judge_fn config_judge_number;     /* int */
config_judge_fn config_judge_bool;       /* bool */
config_judge_fn config_judge_level;      /* enum log_level */
config_judge_fn config_judge_format;     /* enum log_format */
config_judge_fn config_judge_names;      /* struct config_names */
config_judge_fn config_judge_schema;     /* const char * */
config_judge_fn config_judge_credential; /* const char *, NULL when empty */
