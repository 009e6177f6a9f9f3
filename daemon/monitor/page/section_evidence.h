#pragma once
/* What the history can prove, who altered it, and what could not be taken. */
#include "monitor/page/section.h"

extern const struct section section_evidence, section_altered, section_set_aside;
