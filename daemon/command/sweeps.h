#pragma once
/* What `sync` and `plan` share: every (or the named) organization swept once, told line by line as each ends, a summary, and
 * the exit status. */
#include "app.h"
#include "command/terminal.h"
#include "schedule/oneshot.h"

/* What a command tells of an organization behind its line, on stdout; the report is borrowed. */
typedef void sweeps_tell_fn(const struct terminal *terminal, const struct report *report);

struct sweeps_options {
  bool plan; /* compare and tell; nothing is written */
  bool verify, allow_removals;
  sweeps_tell_fn *tell_text;                                    /* or NULL */
  bool (*tell_json)(const struct report *report, FILE *stream); /* members behind the report's own; or NULL */
};

int sweeps_run(const struct arguments *arguments, const struct sweeps_options *options);
