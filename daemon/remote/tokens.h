#pragma once
/* One token per file, however many organizations and generations of the configuration use it. Outlives every sweep. */
#include "base/log.h"
#include "remote/token.h"

struct tokens;

struct tokens *tokens_create(struct loop *loop, struct log *log);
/* The requests go there from now on; borrowed until the next call, but for what is in flight. NULL: Close is not asked. */
void tokens_use(struct tokens *tokens, struct request_queue *queue);
/* Between these two: what the configuration in force names. What it does not name is not looked after any more. */
void tokens_begin(struct tokens *tokens);
void tokens_add(struct tokens *tokens, const struct token_settings *settings);
/* NULL: nobody has added it. */
struct token *tokens_find(const struct tokens *tokens, enum token_kind kind, const char *path);

/* From now on each second: who waits for a person and has another file is told by NAME. */
typedef void tokens_changed_fn(void *context, const char *name);
void tokens_watch(struct tokens *tokens, tokens_changed_fn *changed, void *context);

/* No refresh is begun any more; what is in flight may take so long. May be said twice. */
void tokens_stop(struct tokens *tokens);
/* Nobody asks any more: all leave the loop when nothing is in flight. Says tokens_stop(). */
void tokens_close(struct tokens *tokens);
void tokens_destroy(struct tokens *tokens); /* the loop has ended; NULL is allowed */
