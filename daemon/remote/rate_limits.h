#pragma once
/* One budget per key, however many organizations use it. */
#include "base/secret.h"
#include "remote/rate_limit.h"

struct budgets;

struct budgets *budgets_create(void);
void budgets_destroy(struct budgets *budgets); /* NULL is allowed */
/* The key's budget, made when it is new; it lives as long as `budgets`. */
struct budget *budgets_of(struct budgets *budgets, const struct secret *key);
