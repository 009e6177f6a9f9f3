#pragma once
/* How an organization gets in: exactly one way (contract section 7), and where what it takes is kept. */
#include "config/config.h"
#include "config/file.h"

enum { CREDENTIAL_KEY, CREDENTIAL_TOKEN, CREDENTIAL_CLIENT_SECRET, CREDENTIALS }; /* one of them is read */

struct config_credential {         /* as it is configured: at most one place */
  const char *file, *name;         /* name: under the credentials' folder */
  const struct config_entry *from; /* where a place is named last; NULL: nowhere */
  bool refused;                    /* the problem with a place is told */
};

struct config_draft;

/* Decides the way and tells what is missing or too much. Fills in organization.way. */
void config_judge_way(struct config_draft *draft, struct config_problems *problems);
/* What the way takes. */
const struct config_credential *config_credential_of(const struct config_draft *draft);
/* Reads it: organization.key, or key_problem; of an access token also its path. A disabled organization's is not read. */
void config_read_credential(struct config_draft *draft, struct slice folder, struct secret_room *room,
                            struct arena *arena);
