#pragma once
/* One function per command: takes the judged command line, returns the exit status (contract section 2). */
#include "app.h"

int command_authorize(const struct arguments *arguments);
int command_check(const struct arguments *arguments);
int command_erase(const struct arguments *arguments);
int command_history(const struct arguments *arguments);
int command_migrate(const struct arguments *arguments);
int command_plan(const struct arguments *arguments);
int command_prune(const struct arguments *arguments);
int command_run(const struct arguments *arguments);
int command_status(const struct arguments *arguments);
int command_sync(const struct arguments *arguments);
int command_verify(const struct arguments *arguments);
