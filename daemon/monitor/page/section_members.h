#pragma once
/* The people of an organization. */
#include "monitor/page/section.h"

extern const struct section section_members;
