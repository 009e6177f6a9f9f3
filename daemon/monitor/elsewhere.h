#pragma once
/* /readyz of an organization that another daemon sweeps: what the database says of it. */
#include "io/db.h"
#include "io/serve.h"

/* Begins the reply, which waits for the database. */
void elsewhere_answer(struct db *db, const char *organization, struct serve_reply *reply);
