#pragma once
/* The accounts: by type and status, and who is broken since when and why. */
#include "monitor/page/section.h"

extern const struct section section_types, section_broken;
