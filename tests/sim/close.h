/* What Close itself would answer, after close-api.md: authentication, paging, single accounts, /me/. */
#pragma once

#include "sim/request.h"
#include "sim/scene.h"

/* What a rule bends in Close's own answer; all unset: nothing. */
struct bend {
  long skip;            /* -1: as asked */
  const char *has_more; /* NULL: the true one; "": absent; else this JSON text */
};

/* The organization whose key the request carries (Basic or Bearer); NULL when none has it. */
struct organization *close_authenticate(const struct scene *scene, const struct request *request);

/* The path after /api/v1; NULL when the path is elsewhere. */
const char *close_path(const struct request *request);

/* _skip and _limit as numbers; the name of the one that is none, or NULL. */
const char *close_paging(const struct request *request, size_t *skip, size_t *limit)
    __attribute__((warn_unused_result));

/* Fills answer; organization NULL is an unknown key. The scene is only read. */
void close_answer(const struct scene *scene, const struct organization *organization, const struct request *request,
                  const struct bend *bend, struct answer *answer);
