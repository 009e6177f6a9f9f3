#pragma once
/* `GET /me/`: whom the key acts as, and for which organizations. Only these ids are read; the reply may hold secrets (close-api.md 1.5)
 * and is never stored. */
#include "base/error.h"
#include "base/text.h"

struct principal {
  char *user_id;           /* never NULL after a good read */
  char **organization_ids; /* sorted, each once */
  int organization_count;  /* 0: the reply names none */
};

/* Errors: SHAPE. The principal is the caller's to finish. */
bool principal_read(struct slice body, struct principal *ret_principal, struct error *error)
    __attribute__((warn_unused_result));
void principal_finish(struct principal *principal);

/* True when the reply names the organization, or names none at all. */
bool principal_may_belong(const struct principal *principal, const char *organization_id);
