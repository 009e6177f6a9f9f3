#pragma once
/* Which path says what: /metrics, /healthz, /readyz, /status.json. */
#include "io/serve.h"
#include "monitor/health.h"

#define ROUTES_METRICS "/metrics"
#define ROUTES_HINT    "closesyncd answers /metrics, /healthz, /readyz and /status.json\n"

/* The scheduler's serve_fn: take a snapshot of its health, then call this. False: no such path. */
bool routes_answer(const struct health *health, const char *path, struct serve_reply *reply);
