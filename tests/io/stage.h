#pragma once
/* A server in a loop, and a client in a thread of its own that says and hears raw bytes. What the client found is judged after it. */
#include "io/stage_slices.h"
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STAGE_ANSWERS = 32, STAGE_ANSWER_BYTES = 4096 };

struct stage {
  struct loop *loop;
  struct serve *serve;
  struct watcher *watcher;
  struct serve_options options;
  void (*script)(struct stage *stage);
  int done[2], asked, port, clients; /* `clients` when the last request was answered */
  char path[64];                     /* of the last request that was answered */
  char argument[64];                 /* ?x= of it */
  struct stage_slices slices;
  char answers[STAGE_ANSWERS][STAGE_ANSWER_BYTES];
  int64_t took_ms[STAGE_ANSWERS];
  size_t received;
  int counts[4];
};

static inline bool stage_answer(void *context, const struct serve_request *request, struct serve_reply *reply) {
  struct stage *stage = context;
  const char *path = request->path, *argument = serve_argument(request, "x");
  snprintf(stage->argument, sizeof stage->argument, "%s", argument == NULL ? "(none)" : argument);
  stage->asked++;
  stage->clients = serve_clients(stage->serve);
  snprintf(stage->path, sizeof stage->path, "%s", path);
  if (strcmp(path, "/slices") == 0) {
    stage->slices.loop = stage->loop;
    stage_begin_slices(&stage->slices, reply);
    return true;
  }
  if (strcmp(path, "/big") == 0) {
    char block[1024];
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 8 * 1024; i++)
      if (!buffer_append(&reply->body, block, sizeof block))
        reply->status = 500;
    return true;
  }
  if (strcmp(path, "/busy") == 0) {
    reply->status = 503;
    reply->content_type = "application/json";
  }
  return strcmp(path, "/nowhere") != 0 && buffer_append_text(&reply->body, "hello\n");
}

static inline void *stage_client(void *context) {
  struct stage *stage = context;
  stage->script(stage);
  if (write(stage->done[1], "x", 1) != 1)
    abort();
  return NULL;
}

static inline void stage_on_done(void *context, int ready, bool broken) {
  struct stage *stage = context;
  (void)ready;
  (void)broken;
  serve_destroy(stage->serve);
  watcher_close(stage->watcher);
}

/* Runs the script against a server; the loop is empty when this returns. */
static inline void stage_play(struct stage *stage, void (*script)(struct stage *stage)) {
  struct error error = {0};
  pthread_t client;
  stage->script = script;
  stage->loop = loop_create();
  if (stage->options.listen == NULL)
    stage->options.listen = "127.0.0.1:0";
  stage->options.hint = "there is /hello\n";
  stage->options.answer = stage_answer;
  stage->options.context = stage;
  stage->serve = serve_create(stage->loop, &stage->options, &error);
  cr_assert_not_null(stage->serve, "%s", error.text);
  stage->port = serve_port(stage->serve);
  cr_assert_eq(pipe(stage->done), 0);
  stage->watcher = watcher_create(stage->loop, stage->done[0], stage_on_done, stage);
  watcher_set(stage->watcher, WATCH_READ);
  cr_assert_eq(pthread_create(&client, NULL, stage_client, stage), 0);
  loop_run(stage->loop);
  pthread_join(client, NULL);
  cr_assert(loop_destroy(stage->loop), "a handle was left open");
  close(stage->done[0]);
  close(stage->done[1]);
}
