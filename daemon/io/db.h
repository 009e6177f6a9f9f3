#pragma once
/* One PostgreSQL session (libpq, asynchronous, pipeline mode); only io/db*.c includes libpq. Knows nothing of Close.
 *
 * Work is queued and done in order. The session connects when there is work, and again when it was lost; work that was
 * under way when a session broke completes with UNREACHABLE and is never repeated here. Each completion comes exactly
 * once, from the loop, never from inside the call that queued the work. Statements are bounded by the server's
 * statement_timeout; on a local deadline the session is dropped. */
#include "base/error.h"
#include "base/text.h"
#include "io/loop.h"

struct db;

struct db_options {
  const char *conninfo; /* keyword=value or URI, several hosts allowed; target_session_attrs added when absent */
  const char *application_name;
  int64_t connect_timeout_ms; /* for all hosts of one attempt together, DNS included */
  int64_t answer_timeout_ms;  /* the longest silence while statements are under way */
  int64_t
      ask_every_ms; /* a session with nothing to do asks something that often, so that it is known to live; 0: never */
  const struct db_statement *hello; /* sent first on every new session, or NULL; a failure fails the connect */
};

#define DB_PARAMETERS_MAX         20
#define DB_INSUFFICIENT_PRIVILEGE "42501" /* the code of an error */
#define DB_LOCK_NOT_AVAILABLE     "55P03"

struct db_statement {
  const char *sql;
  int count; /* parameters, all in text format */
  /* bytes NULL: SQL NULL. Need not be NUL-terminated, hold no NUL, are copied when sent. */
  struct slice values[DB_PARAMETERS_MAX];
  bool prepare; /* worth a named prepared statement (sql's address is its identity) */
  bool binary;  /* the columns of its rows come in PostgreSQL's binary form: db_row_text() gives the bytes of a bytea */
  bool
      once; /* with `prepare`: left out where this session has run that sql before, in a transaction that was committed */
  bool read_only; /* for db_query(): the server refuses to write anything */
};

struct db_row { /* borrowed until the callback returns */
  const void *result;
  int row, columns;
};
bool db_row_is_null(const struct db_row *row, int column);
struct slice db_row_text(const struct db_row *row, int column);                     /* empty when NULL */
struct slice db_row_optional(const struct db_row *row, int column);                 /* bytes NULL when NULL */
void db_row_put(const struct db_row *row, int column, char *ret_text, size_t size); /* cut; "" when NULL */
int64_t db_row_int(const struct db_row *row, int column);                           /* 0 when NULL or no number */
bool db_row_bool(const struct db_row *row, int column);

typedef void db_row_fn(void *context, const struct db_row *row);
/* error NULL: well. error->kind: DATABASE (code holds the SQLSTATE), UNREACHABLE, CONFIG (conninfo, a server older than
 * 15), CANCELLED, BUG (COPY, a NUL byte in a value, a script that leaves its transaction open). `done` may be NULL. */
typedef void db_done_fn(void *context, const struct error *error);

struct db *db_create(struct loop *loop, const struct db_options *options); /* options are copied */
void db_open(
    struct db *db); /* connect now, not with the first work; whether that succeeds is told to db_on_state() alone */
/* Pending work completes with CANCELLED from the loop, then it frees itself. NULL is allowed. */
void db_destroy(struct db *db);

/* One statement, its own transaction; rows are streamed one by one. `rows` may be NULL. The statement is copied, except
 * for the sql of a prepared one, which lives as long as the session. */
void db_query(struct db *db, const struct db_statement *statement, db_row_fn *rows, db_done_fn *done, void *context);

/* One script of several statements without parameters (migrations): the simple protocol. */
void db_script(struct db *db, const char *sql, db_done_fn *done, void *context);

/* One transaction = one pipeline. `feed` is asked for the next statement whenever there is room on the wire (less than
 * 4 MiB sent and not answered; a statement's size is its caller's choice). It fills `ret_statement`, whose values must
 * live until the next call of feed, and returns true; or returns false when there is no more. `rows` gets each row with
 * the statement's number, from 0. An error in one rolls all back; `done` says so once. */
typedef bool db_feed_fn(void *context, struct db_statement *ret_statement);
typedef void db_pipeline_row_fn(void *context, int statement, const struct db_row *row);
struct db_pipeline {
  db_feed_fn *feed; /* NULL: these statements, copied as by db_query() */
  const struct db_statement *statements;
  int count;
  db_pipeline_row_fn *rows;
  db_done_fn *done;
  void *context;
  bool read_only; /* the server refuses to write anything */
};
void db_transaction(struct db *db, const struct db_pipeline *pipeline);

/* LISTEN: notifications arrive while the session lives; listen again after each reconnect. `connected` is told when
 * hello was answered, the loss only of a session that was told so; a connect that fails is the work's error. While a
 * session lives, also idle, its socket keeps the loop busy. */
typedef void db_notify_fn(void *context, const char *channel, const char *payload);
typedef void db_state_fn(void *context, bool connected, const struct error *error);
void db_on_notify(struct db *db, db_notify_fn *fn, void *context);
void db_on_state(struct db *db, db_state_fn *fn, void *context);

int db_backend_pid(const struct db *db); /* as told at connect; a pooler tells its own number; 0: no session */
void db_drop(
    struct db *db,
    const char *reason); /* forget this session, made or being made: what it would do completes with UNREACHABLE */

int db_library_version(void); /* 150013 is 15.13 */
