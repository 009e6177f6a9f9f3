#pragma once
/* One limit per key or token, however many organizations use it. */
#include "base/text.h"
#include "remote/rate_limit.h"

struct rate_limits;

struct rate_limits *rate_limits_create(void);
void rate_limits_destroy(struct rate_limits *rate_limits); /* NULL is allowed */
/* Of whoever `credential` is (a key, or the path of a token), made when it is new; it lives as long as `rate_limits`. */
struct rate_limit *rate_limits_of(struct rate_limits *rate_limits, struct slice credential);
