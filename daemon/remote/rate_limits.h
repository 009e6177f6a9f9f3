#pragma once
/* One budget per key, however many organizations use it. */
#include "base/secret.h"
#include "remote/rate_limit.h"

struct rate_limits;

struct rate_limits *rate_limits_create(void);
void rate_limits_destroy(struct rate_limits *rate_limits); /* NULL is allowed */
/* The key's budget, made when it is new; it lives as long as `budgets`. */
/* `key` NULL: that of all who have none. */
struct rate_limit *rate_limits_of(struct rate_limits *rate_limits, const struct secret *key);
