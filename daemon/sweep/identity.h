#pragma once
/* Whose organization is it? What is recorded under a NAME, what the configuration says and what Close shows must agree (contract 5.7). */
#include "sweep/drive.h"

/* Each is false with error->kind CONFIG and the words for the administrator. */
bool identity_is_configured(const struct sweep *sweep, struct error *error) /* what is recorded is what is asked for */
    __attribute__((warn_unused_result));
bool identity_is_listed(const struct sweep *sweep,
                        struct error *error) /* the listing is of one organization, the recorded one */
    __attribute__((warn_unused_result));
/* `sign`: how it was found out that the key is another organization's. Always false. */
bool identity_refuse(const struct sweep *sweep, const char *sign, const char *other, struct error *error);
/* Accounts that are new or changed and do not say whose they are: the key may have become another organization's. */
bool identity_is_in_doubt(const struct sweep *sweep);
void identity_forget_claims(struct sweep *sweep); /* of NAMEs that are not configured any more; no event */
