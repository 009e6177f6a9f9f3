#pragma once
/* What a command needs, built upward and torn down in reverse: configuration, log, loop, HTTP, the two database sessions. */
#include "sweep/connections.h"
#include "sweep/context.h"

struct arguments {         /* the command line, judged */
  const char *config_path; /* NULL: the default */
  bool verbose, help, version, words;
  bool json, verify, allow_removals, dry_run, head, offline, record;
  const char *roles;                                           /* migrate: their prefix; NULL: make none */
  const char *since;                                           /* verify: a file of heads; history: a time or a seq */
  const char *limit;                                           /* history: how many rows */
  bool follow;                                                 /* history: stay */
  const char *user_id, *account_id, *organization_id, *reason; /* erase */
  char **names;
  int name_count;
};

enum { EXIT_DIFFERENCES = 2, EXIT_GUARDED = 3, EXIT_USAGE = 64, EXIT_UNREACHABLE = 69, EXIT_CONFIG = 78 };

struct app {
  struct config *config;
  struct log *log;
  struct loop *loop;
  struct connections *connections;
  struct tokens *tokens;
  struct random random;
  struct sweep_context shared;
};

struct app_needs {
  enum config_keys keys; /* when they are read, Close can be asked */
  bool patient;          /* a statement may take as long as the tables are large: statement_timeout is for sweeps */
  /* Not NULL: the configuration's problems go here instead of stderr, and the app opens with what was understood (check). */
  struct buffer *problems;
};

/* Returns 0, or the exit status after every problem was told on stderr. */
int app_open(const struct arguments *arguments, const struct app_needs *needs, struct app *ret_app);
/* The tokens that a configuration names are looked after from now on; its requests go to `queue` (NULL: Close is not asked). */
void app_adopt(struct app *app, const struct config *config, struct request_queue *queue);
/* Begins to close everything that lives in the loop; call when the command has its result, from a callback or before the run. */
void app_close(struct app *app);
/* Runs the loop until it is empty, and frees the rest. */
void app_run(struct app *app);

/* The organizations named on the command line, or all enabled ones; the caller frees the array. NULL: told on stderr, and
 * *ret_status is 64 (an unknown NAME) or 78 (none to work on). */
const struct config_organization **app_select(const struct app *app, const struct arguments *arguments, int *ret_count,
                                              int *ret_status);

/* Level and format as configured; at the start, and at a reload. */
void app_configure_log(struct log *log, const struct arguments *arguments, const struct config *config);

/* "no organization NAME is <where>", and what to do. */
void app_complain_name(const struct config *config, const char *name, const char *where);
extern const char app_roles_preset[];   /* "closesync": of --roles without a PREFIX; known by its address */
extern const char app_nobody_enabled[]; /* what is said of a configuration in which no organization is enabled */

/* "closesyncd: …" on stderr. */
void app_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
int app_exit_status(const struct error *error);
