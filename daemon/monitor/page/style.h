#pragma once
/* The page's one style, and the policy under which a browser takes it. */
#include <stdint.h>

extern const char *const style_rules[]; /* up to a NULL */

enum { STYLE_POLICY_BYTES = 256 };
/* Content-Security-Policy: this style alone, nothing from anywhere, forms to us. */
void style_policy(char ret_policy[STYLE_POLICY_BYTES]);
