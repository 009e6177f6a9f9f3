#pragma once
/* Judge of database.conninfo: a password has no place in it. Reads both of libpq's notations without libpq. */
#include "config/value.h"

config_judge_fn config_judge_conninfo; /* const char *, "" when empty; its words never repeat the value */
