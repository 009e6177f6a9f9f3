/* A pipeline is fed only while little is on its way: what was sent and not answered is bounded in bytes and in number,
 * and before the feed pauses the server is asked to flush, or it would keep its answers until the sync for ever. Any
 * doubt (COPY, a statement that cannot be sent, silence) breaks the session: without the sync nothing is committed. */
#include "io/db_session.h"
#include "base/memory.h"
#include "io/db_parameters.h"
#include "io/db_result.h"
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#define UNANSWERED_BYTES (4 * 1024 * 1024) /* above it the feed waits; one more statement may be as large again */
#define UNANSWERED_COUNT 128
#define PREPARED_MAX     64

struct sent { /* one entry of libpq's command queue */
  int statement;
  int prepared; /* >= 0: this is the PREPARE of that slot */
  size_t bytes;
};

struct prepared {
  const char *sql; /* its address is its identity */
  bool ready;      /* answered well; false: sent in this pipeline */
  bool ran, done;  /* in this work; in one that was committed */
};

struct session {
  struct loop *loop;
  PGconn *connection;
  struct watcher *watcher;
  struct timer *timer; /* silence; or, when broken outside an event, the way back into the loop */
  int64_t answer_timeout_ms;
  struct session_events events;

  struct session_work work;
  bool busy, feeding, broken, failed; /* failed: `error` holds the first error of this work */
  bool rolling_back;
  struct error error;
  int next_statement;
  struct sent sent[UNANSWERED_COUNT];
  int sent_first, sent_count;
  size_t sent_bytes;
  struct parameters parameters;
  struct prepared prepared[PREPARED_MAX];
  int prepared_count;
};

static void break_with(struct session *session, const struct error *error) {
  if (session->broken)
    return;
  session->broken = true;
  session->error = *error;
  watcher_close(session->watcher);
  session->watcher = NULL;
  timer_start(session->timer, 0);
}

static void break_connection(struct session *session) {
  struct error error;
  connection_error(session->connection, &error);
  break_with(session, &error);
}

void session_break(struct session *session, const char *reason) {
  struct error error;
  error_set(&error, ERROR_UNREACHABLE, "%s", reason);
  break_with(session, &error);
}

static void note_error(struct session *session, const struct error *error) {
  if (session->failed || session->broken)
    return;
  session->failed = true;
  session->error = *error;
}

/* ---- sending ---- */

static void push_sent(struct session *session, struct sent sent) {
  session->sent[(session->sent_first + session->sent_count) % UNANSWERED_COUNT] = sent;
  session->sent_bytes += sent.bytes;
  if (session->sent_count++ == 0)
    PQsetSingleRowMode(session->connection); /* of the statement whose answer is read next */
}

/* The slot of a prepared statement, preparing it where needed; -1: send it unprepared. */
static int find_prepared(struct session *session, const struct db_statement *statement, char name[16]) {
  int slot = 0;
  while (slot < session->prepared_count && session->prepared[slot].sql != statement->sql)
    slot++;
  if (slot == PREPARED_MAX)
    return -1;
  snprintf(name, 16, "s%d", slot);
  if (slot < session->prepared_count)
    return slot;
  if (PQsendPrepare(session->connection, name, statement->sql, 0, NULL) != 1)
    return -1;
  session->prepared[session->prepared_count++] = (struct prepared){.sql = statement->sql};
  push_sent(session, (struct sent){.statement = -1, .prepared = slot, .bytes = strlen(statement->sql)});
  return slot;
}

static void send_statement(struct session *session, const struct db_statement *statement, int number) {
  PGconn *connection = session->connection;
  const char *const *values = session->parameters.values;
  char name[16];
  struct error error;
  if (!parameters_fill(&session->parameters, statement)) {
    error_set(&error, ERROR_BUG, "statement %d has a parameter with a NUL byte, or too many of them", number);
    break_with(session, &error);
    return;
  }
  int slot = statement->prepare ? find_prepared(session, statement, name) : -1;
  if (slot >= 0 && statement->once && session->prepared[slot].done)
    return;
  if (slot >= 0)
    session->prepared[slot].ran = true;
  int count = statement->count;
  int form = statement->binary ? 1 : 0;
  int sent = slot >= 0 ? PQsendQueryPrepared(connection, name, count, values, NULL, NULL, form)
                       : PQsendQueryParams(connection, statement->sql, count, NULL, values, NULL, NULL, form);
  if (sent != 1) {
    break_connection(session);
    return;
  }
  size_t bytes = parameters_bytes(&session->parameters) + (slot >= 0 ? 0 : strlen(statement->sql));
  push_sent(session, (struct sent){.statement = number, .prepared = -1, .bytes = bytes});
  parameters_release(&session->parameters);
}

static void end_feed(struct session *session) {
  session->feeding = false;
  if (!session->broken && PQpipelineSync(session->connection) != 1)
    break_connection(session);
}

static void feed(struct session *session) {
  bool asked = false;
  while (session->feeding && !session->broken && session->sent_bytes < UNANSWERED_BYTES &&
         session->sent_count + 2 <= UNANSWERED_COUNT) {
    struct db_statement statement = {.sql = NULL};
    if (session->failed || !session->work.feed(session->work.context, &statement)) {
      end_feed(session);
      return;
    }
    if (!session->broken)
      send_statement(session, &statement, session->next_statement++);
    asked = true;
  }
  if (asked && !session->broken)
    PQsendFlushRequest(session->connection);
}

static void flush(struct session *session) {
  if (session->broken)
    return;
  int left = PQflush(session->connection);
  /* While the socket is full, PQflush reads too; what it has read already wakes nobody. */
  bool unread = session->sent_count > 0 && PQisBusy(session->connection) == 0;
  if (left < 0)
    break_connection(session);
  else
    watcher_set(session->watcher, left > 0 || unread ? WATCH_READ | WATCH_WRITE : WATCH_READ);
}

/* ---- receiving ---- */

static void give_rows(struct session *session, const PGresult *result) {
  struct sent *head = &session->sent[session->sent_first];
  if (session->work.rows == NULL || session->sent_count == 0 || head->statement < 0 || session->failed)
    return;
  struct db_row row = {.result = result, .columns = PQnfields(result)};
  for (; row.row < PQntuples(result) && !session->broken; row.row++)
    session->work.rows(session->work.context, head->statement, &row);
}

static void statement_ended(struct session *session) {
  if (session->sent_count == 0)
    return;
  session->sent_bytes -= session->sent[session->sent_first].bytes;
  session->sent_first = (session->sent_first + 1) % UNANSWERED_COUNT;
  session->sent_count--;
  PQsetSingleRowMode(session->connection); /* possible only now, before the next answer is looked at */
}

static void take_failure(struct session *session, const PGresult *result) {
  struct error error;
  result_error(result, &error);
  note_error(session, &error);
  if (error.kind == ERROR_UNREACHABLE)
    break_with(session, &session->error);
}

/* True when this result was the end of the work. */
static bool take_result(struct session *session, const PGresult *result) {
  struct error error;
  struct sent *head = &session->sent[session->sent_first];
  switch (PQresultStatus(result)) {
  case PGRES_SINGLE_TUPLE:
#ifdef LIBPQ_HAS_CHUNK_MODE /* libpq 17 */
  case PGRES_TUPLES_CHUNK:
#endif
  case PGRES_TUPLES_OK:
    give_rows(session, result);
    return false;
  case PGRES_COMMAND_OK:
    if (session->sent_count > 0 && head->prepared >= 0)
      session->prepared[head->prepared].ready = true;
    return false;
  case PGRES_EMPTY_QUERY:
  case PGRES_NONFATAL_ERROR:
  case PGRES_PIPELINE_ABORTED:
    return false;
  case PGRES_BAD_RESPONSE:
  case PGRES_FATAL_ERROR:
    take_failure(session, result);
    return false;
  case PGRES_COPY_IN:
  case PGRES_COPY_OUT:
  case PGRES_COPY_BOTH:
    error_set(&error, ERROR_BUG, "could not copy: COPY is not possible on this session");
    break_with(session, &error);
    return false;
  case PGRES_PIPELINE_SYNC:
    return true;
  }
  return false;
}

/* A script that left its transaction open must not leave it to the next work. True: the work is not over yet. */
static bool roll_back(struct session *session) {
  if (session->rolling_back || PQtransactionStatus(session->connection) == PQTRANS_IDLE)
    return false;
  struct error error;
  error_set(&error, ERROR_BUG, "script left its transaction open, it was rolled back");
  note_error(session, &error);
  session->rolling_back = true;
  if (PQsendQuery(session->connection, "rollback") != 1)
    break_connection(session);
  return true;
}

/* What can be read without waiting. True when the work is over. A NULL ends one statement of a pipeline; with none
 * outstanding it may still precede the sync's result, but never twice. */
static bool take_results(struct session *session) {
  int empty = 0;
  while (session->busy && !session->broken && PQisBusy(session->connection) == 0) {
    PGresult *result = PQgetResult(session->connection);
    if (result != NULL) {
      bool over = take_result(session, result);
      PQclear(result);
      if (over)
        return true;
    } else if (session->work.script != NULL) {
      return !roll_back(session);
    } else if (session->sent_count > 0) {
      statement_ended(session);
    } else if (session->feeding || ++empty > 1) {
      return false;
    }
  }
  return false;
}

static void take_notifications(struct session *session) {
  PGnotify *notify;
  while (!session->broken && (notify = PQnotifies(session->connection)) != NULL) {
    if (session->events.notified != NULL)
      session->events.notified(session->events.context, notify->relname, notify->extra);
    PQfreemem(notify);
  }
}

/* ---- the life of a work ---- */

static void settle_prepared(struct session *session) {
  for (int i = 0; i < session->prepared_count; i++) {
    session->prepared[i].done |= session->prepared[i].ran && !session->failed;
    session->prepared[i].ran = false;
  }
  int kept = session->prepared_count;
  while (kept > 0 && !session->prepared[kept - 1].ready) /* answers come in order: only the last can be missing */
    kept--;
  session->prepared_count = kept;
  session->sent_count = 0;
  session->sent_bytes = 0;
}

static void finish_work(struct session *session) {
  if (PQtransactionStatus(session->connection) != PQTRANS_IDLE) {
    session_break(session, "a statement left its transaction open");
    return;
  }
  timer_stop(session->timer);
  settle_prepared(session);
  session->busy = false;
  struct error error = session->error;
  session->events.finished(session->events.context, session->failed ? &error : NULL);
}

static void on_timer(void *context) {
  struct session *session = context;
  if (!session->broken) {
    struct error error;
    error_set(&error, ERROR_UNREACHABLE, "no answer from PostgreSQL within %g s, the session was dropped",
              (double)session->answer_timeout_ms / 1000.0);
    break_with(session, &error);
    timer_stop(session->timer);
  }
  struct error error = session->error;
  session->events.lost(session->events.context, &error);
}

static void wait_for_answer(struct session *session) {
  if (!session->broken && session->busy && session->answer_timeout_ms > 0)
    timer_start(session->timer, session->answer_timeout_ms);
}

static void on_ready(void *context, int ready, bool broken) {
  struct session *session = context;
  wait_for_answer(session);
  bool alive = true, over = false;
  if (broken || (ready & WATCH_READ) != 0)
    alive = PQconsumeInput(session->connection) == 1;
  take_notifications(session);
  over = take_results(session);
  if (over) /* libpq reads on only now: one that came in the same bytes, behind the answer, would wait for the next ones */
    take_notifications(session);
  if (!alive || (PQstatus(session->connection) == CONNECTION_BAD && !session->broken)) {
    break_connection(session);
  } else if (!over) {
    if (session->busy && session->work.script == NULL)
      feed(session);
    flush(session);
  }
  if (!session->broken && over)
    finish_work(session);
}

void session_start(struct session *session, const struct session_work *work) {
  session->work = *work;
  session->busy = true;
  session->failed = session->rolling_back = false;
  session->feeding = work->script == NULL;
  session->next_statement = 0;
  wait_for_answer(session);
  if (work->script != NULL) {
    if (PQexitPipelineMode(session->connection) != 1 || PQsendQuery(session->connection, work->script) != 1)
      break_connection(session);
    else
      PQsetSingleRowMode(session->connection);
  } else if (PQenterPipelineMode(session->connection) != 1) {
    break_connection(session);
  } else {
    if (work->read_only) {
      struct db_statement statement = {.sql = "select set_config('transaction_read_only', 'on', true)"};
      send_statement(session, &statement, -1);
    }
    feed(session);
  }
  flush(session);
}

struct session *session_create(struct loop *loop, struct pg_conn *connection, int64_t answer_timeout_ms,
                               const struct session_events *events) {
  struct session *session = memory_allocate(sizeof *session);
  session->loop = loop;
  session->connection = connection;
  session->answer_timeout_ms = answer_timeout_ms;
  session->events = *events;
  session->timer = timer_open(loop, on_timer, session);
  parameters_init(&session->parameters);
  session->watcher = watcher_create(loop, PQsocket(connection), on_ready, session);
  if (session->watcher == NULL || PQsetnonblocking(connection, 1) != 0)
    session_break(session, "the connection's socket cannot be watched");
  else
    watcher_set(session->watcher, WATCH_READ);
  return session;
}

void session_destroy(struct session *session) {
  if (session == NULL)
    return;
  watcher_close(session->watcher);
  timer_close(session->timer);
  PQfinish(session->connection); /* after its socket is no longer watched */
  parameters_finish(&session->parameters);
  free(session);
}

bool session_usable(const struct session *session) { return !session->broken && !session->busy; }

int session_backend_pid(const struct session *session) { return PQbackendPID(session->connection); }
