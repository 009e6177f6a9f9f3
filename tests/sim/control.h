/* The control API under /_sim/ (README.md): tests change the pretended Close while it runs. */
#pragma once

#include "sim/request.h"
#include "sim/scene.h"

/* Fills answer; takes sim's locks itself. */
void control_answer(struct sim *sim, const struct request *request, struct answer *answer);
