#pragma once
/* A token's question to Close. */
#include "remote/token_drive.h"

void token_ask(struct token *token); /* leads to GRANTED, DENIED, LOST, TROUBLE or SPARED */
void token_cancel_request(struct token *token);
