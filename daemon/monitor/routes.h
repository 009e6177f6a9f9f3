#pragma once
/* Which path says what: /metrics, /healthz, /readyz, /status.json. */
#include "io/serve.h"
#include "monitor/health.h"

#define ROUTES_HINT "closesyncd answers /, /organization/NAME, /metrics, /healthz, /readyz and /status.json\n"

struct routes {
  /* As of now. `scraped`: for /metrics, whose longest turn begins anew. */
  const struct health *(*health)(void *context, bool scraped);
  /* /readyz of an organization that is none of this daemon's: begins the reply. False: nobody knows the NAME. */
  bool (*elsewhere)(void *context, const char *organization, struct serve_reply *reply);
  void *context;
  bool totals; /* of all organizations together, instead of each one's metrics */
};

/* False: no such path. `routes` is used until the reply is whole, or dropped. */
bool routes_answer(const struct routes *routes, const struct serve_request *request, struct serve_reply *reply);
