#pragma once
/* Ninety days of coverage: a strip, and its gaps in words. */
#include "monitor/page/section.h"

extern const struct section section_coverage;
