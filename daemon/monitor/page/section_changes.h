#pragma once
/* The last 50 changes, field by field. */
#include "monitor/page/section.h"

extern const struct section section_changes;
