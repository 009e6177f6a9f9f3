/* Finds the token of a file, looks after files that a person has to change, and ends all tokens in time. */
#include "remote/tokens.h"
#include "base/index.h"
#include "base/memory.h"
#include <stddef.h>
#include <string.h>

enum { WATCH_MS = 1000, STOP_PATIENCE_MS = 4 * 1000 /* of the 5 s a stop may take */ };

struct entry {
  struct token *token;
  char *name;  /* the kind and the path */
  bool wanted; /* by the configuration in force */
};

struct tokens {
  struct token_host host; /* first, so that a host leads back here */
  struct index *index;
  struct entry *entries;
  uint32_t count, capacity, open; /* open: still in the loop */
  struct timer *watch, *patience;
  tokens_changed_fn *changed;
  void *context;
  bool stopping, closing;
};

static struct slice entry_key(const void *context, uint32_t number) {
  const struct tokens *tokens = context;
  return slice_of(tokens->entries[number].name);
}

static void close_timers(struct tokens *tokens) {
  if (!tokens->closing || tokens->open > 0)
    return;
  timer_close(tokens->watch);
  timer_close(tokens->patience);
  tokens->watch = tokens->patience = NULL;
}

static void on_closed(struct token_host *host) {
  struct tokens *tokens = (struct tokens *)host;
  tokens->open--;
  close_timers(tokens);
}

static void on_watch(void *context) {
  struct tokens *tokens = context;
  for (uint32_t i = 0; i < tokens->count && !tokens->stopping; i++)
    if (tokens->entries[i].wanted && token_look_at_file(tokens->entries[i].token))
      tokens->changed(tokens->context, token_name(tokens->entries[i].token));
  timer_start(tokens->watch, WATCH_MS);
}

static void on_patience(void *context) {
  struct tokens *tokens = context;
  for (uint32_t i = 0; i < tokens->count; i++)
    token_abandon(tokens->entries[i].token);
}

struct tokens *tokens_create(struct loop *loop, struct log *log) {
  struct tokens *tokens = memory_allocate(sizeof *tokens);
  tokens->host = (struct token_host){.loop = loop, .log = log, .closed = on_closed};
  tokens->index = index_create(entry_key, tokens, 0);
  tokens->watch = timer_open(loop, on_watch, tokens);
  tokens->patience = timer_open(loop, on_patience, tokens);
  return tokens;
}

void tokens_use(struct tokens *tokens, struct request_queue *queue) { tokens->host.queue = queue; }

void tokens_begin(struct tokens *tokens) {
  for (uint32_t i = 0; i < tokens->count; i++)
    tokens->entries[i].wanted = false;
}

static char *name_of(enum token_kind kind, const char *path) {
  char *name = memory_allocate(strlen(path) + 2);
  *name = kind == TOKEN_OF_OAUTH ? 'o' : 'f';
  strcpy(name + 1, path);
  return name;
}

void tokens_add(struct tokens *tokens, const struct token_settings *settings) {
  char *name = name_of(settings->kind, settings->path);
  uint32_t number;
  if (index_find(tokens->index, slice_of(name), &number)) {
    memory_free(name);
    if (!tokens->entries[number].wanted)
      token_configure(tokens->entries[number].token, settings);
    tokens->entries[number].wanted = true;
    return;
  }
  if (tokens->count == tokens->capacity) {
    tokens->capacity = tokens->capacity == 0 ? 8 : 2 * tokens->capacity;
    tokens->entries = memory_resize(tokens->entries, sizeof *tokens->entries * tokens->capacity);
  }
  bool is_new;
  tokens->entries[tokens->count++] = (struct entry){token_create(&tokens->host, settings), name, true};
  tokens->open++;
  index_add(tokens->index, slice_of(name), &is_new);
}

struct token *tokens_find(const struct tokens *tokens, enum token_kind kind, const char *path) {
  char *name = name_of(kind, path);
  uint32_t number;
  bool found = index_find(tokens->index, slice_of(name), &number);
  memory_free(name);
  return found ? tokens->entries[number].token : NULL;
}

void tokens_watch(struct tokens *tokens, tokens_changed_fn *changed, void *context) {
  tokens->changed = changed;
  tokens->context = context;
  timer_start(tokens->watch, WATCH_MS);
}

void tokens_stop(struct tokens *tokens) {
  if (tokens->stopping)
    return;
  tokens->stopping = true;
  timer_stop(tokens->watch);
  timer_start(tokens->patience, STOP_PATIENCE_MS);
  for (uint32_t i = 0; i < tokens->count; i++)
    token_stop(tokens->entries[i].token);
}

void tokens_close(struct tokens *tokens) {
  if (tokens->closing)
    return;
  tokens_stop(tokens);
  tokens->closing = true;
  for (uint32_t i = 0; i < tokens->count; i++)
    token_close(tokens->entries[i].token);
  close_timers(tokens);
}

void tokens_destroy(struct tokens *tokens) {
  if (tokens == NULL)
    return;
  for (uint32_t i = 0; i < tokens->count; i++) {
    token_destroy(tokens->entries[i].token);
    memory_free(tokens->entries[i].name);
  }
  memory_free(tokens->entries);
  index_destroy(tokens->index);
  memory_free(tokens);
}
