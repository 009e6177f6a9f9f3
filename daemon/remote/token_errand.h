#pragma once
/* A token's two errands to the disk. */
#include "remote/token_drive.h"

void token_open(struct token *token);    /* leads to GOOD, READY, BUSY, DENIED, TROUBLE or SPARED */
void token_persist(struct token *token); /* leads to SAVED or KEPT_OFF */
