#pragma once
/* A token on a real disk and a real loop, at a Close that answers when the test says so. */
#include "remote/tokens.h"
#include "unit/remote/http_fixture.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct loop *loop;
static struct tokens *tokens;
static struct request_queue *queue;
static struct secret *client_secret;
static char folder[32], path[64];

static inline void read_refresh(char ret_text[32]) {
  struct oauth_token token;
  struct error error = {0};
  strcpy(ret_text, "none");
  if (!token_file_read(path, &token, &error))
    return;
  snprintf(ret_text, 32, "%s", secret_expose(token.refresh));
  oauth_token_finish(&token);
}

/* A token file whose access token is so old and lives so long. */
static inline void write_file(const char *access, const char *refresh, int age_s, int life_s) {
  FILE *file = fopen(path, "w");
  long long obtained = (long long)time(NULL) - age_s;
  cr_assert_not_null(file);
  fprintf(file, "{\"access_token\": \"%s\", \"refresh_token\": \"%s\", \"obtained_at\": %lld, \"expires_at\": %lld}",
          access, refresh, obtained, obtained + life_s);
  fclose(file);
  cr_assert_eq(chmod(path, 0600), 0);
}

static inline void add(enum token_kind kind) {
  struct token_settings settings = {.name = "acme", .kind = kind, .path = path, .url = "https://h/token/"};
  settings.client = (struct oauth_client){.id = "client", .secret = client_secret};
  tokens_begin(tokens);
  tokens_add(tokens, &settings);
}

static inline struct token *token(void) {
  struct token *found = tokens_find(tokens, TOKEN_OF_OAUTH, path);
  return found != NULL ? found : tokens_find(tokens, TOKEN_OF_FILE, path);
}

static inline void set_up(void) {
  strcpy(folder, "/tmp/token-XXXXXX");
  cr_assert_not_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/acme.oauth", folder);
  loop = loop_create();
  tokens = tokens_create(loop, NULL);
  queue = request_queue_create(loop, NULL, 8);
  client_secret = secret_create("cs", 2);
  tokens_use(tokens, queue);
}

static inline void tear_down(void) {
  char name[96];
  tokens_close(tokens);
  request_queue_leave(queue);
  loop_run(loop);
  tokens_destroy(tokens);
  secret_destroy(client_secret);
  cr_assert(loop_destroy(loop), "a handle was left open");
  static const char *const endings[] = {"", ".lock", ".new"};
  for (int i = 0; i < 3; i++) {
    snprintf(name, sizeof name, "%s%s", path, endings[i]);
    unlink(name);
  }
  rmdir(folder);
}
