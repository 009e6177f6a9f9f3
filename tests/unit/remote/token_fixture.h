#pragma once
/* Those who wait for a token, and what they were told. */
#include "unit/remote/token_place.h"

enum { WAITS = 4 };

struct told { /* what somebody who waited was told */
  int calls;
  char access[32], error[512];
  enum error_kind kind;
  char on_disk[32]; /* the refresh token in the file at that moment */
  struct bearer *bearer;
};

static struct told told[WAITS];

static inline void finish(void) {
  for (int i = 0; i < WAITS; i++)
    bearer_leave(told[i].bearer);
  tear_down();
}

static inline void on_token(void *context, struct bearer *bearer, const struct error *error) {
  struct told *of = context;
  of->calls++;
  bearer_leave(of->bearer);
  of->bearer = bearer;
  read_refresh(of->on_disk);
  snprintf(of->access, sizeof of->access, "%s", bearer == NULL ? "" : secret_expose(bearer_secret(bearer)));
  snprintf(of->error, sizeof of->error, "%s", error == NULL ? "" : error->text);
  of->kind = error == NULL ? ERROR_NONE : error->kind;
}

/* Somebody asks, and what can happen by itself happens. */
static inline struct token_wait *ask(int number, struct bearer *refused) {
  struct token_wait *wait = token_wait(token(), refused, on_token, &told[number]);
  return wait;
}

static inline void ask_and_run(int number, struct bearer *refused) {
  int before = told[number].calls;
  ask(number, refused);
  cr_assert_eq(told[number].calls, before, "a completion came from inside the call");
  loop_run(loop);
}

#define GRANT(access, refresh)                                       \
  "{\"access_token\": \"" access "\", \"refresh_token\": \"" refresh \
  "\", \"expires_in\": 3600, \"token_type\": \"Bearer\"}"

static inline void grant(int number, const char *body) {
  answer_with(number, 200, body);
  loop_run(loop);
}

#define expect_served(number, token)              \
  do {                                            \
    cr_assert_str_eq(told[number].error, "");     \
    cr_assert_str_eq(told[number].access, token); \
  } while (0)
