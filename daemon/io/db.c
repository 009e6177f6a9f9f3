/* The queue in front of a session: connects when there is work, hands over one job at a time, and ends each job once.
 * Names libpq nowhere: db_connect makes a connection, db_session talks on it. All decisions are made in step(), which
 * the loop calls; the public functions only take notes and ask for a step. */
#include "io/db.h"
#include "base/memory.h"
#include "io/db_connect.h"
#include "io/db_session.h"
#include <stdlib.h>
#include <sys/queue.h>

struct job {
  STAILQ_ENTRY(job) link;
  struct session_work work;
  db_done_fn *done;
  void *context;
  char *script;                    /* a copy; or NULL */
  struct db_statement *statements; /* copies; NULL: a script, or they are fed */
  int count, fed;
  db_row_fn *rows;
  db_pipeline_row_fn *numbered_rows;
};

struct db {
  struct loop *loop;
  struct db_options options; /* its texts and values are ours */
  struct timer *soon;
  struct timer *idle;          /* runs while a session has nothing to do */
  STAILQ_HEAD(jobs, job) jobs; /* the first one is under way while `running` */
  struct connecting *connecting;
  struct session *session;
  bool greeted; /* hello is done: the session is announced and takes jobs */
  bool running; /* the first job is on the session */
  bool dying;
  struct error dropped; /* why a connection that was being made is given up; kind NONE: it is not */
  bool hello_fed;
  db_notify_fn *notify;
  void *notify_context;
  db_state_fn *state;
  void *state_context;
};

static void step(struct db *db);

/* ---- copies ---- */

static struct db_statement *copy_statements(const struct db_statement *statements, int count) {
  struct db_statement *copies = memory_allocate(sizeof *copies * (size_t)count);
  for (int i = 0; i < count; i++) {
    copies[i] = statements[i];
    if (!copies[i].prepare) /* else the address is its identity */
      copies[i].sql = memory_copy_text(copies[i].sql);
    for (int k = 0; k < copies[i].count && k < DB_PARAMETERS_MAX; k++)
      copies[i].values[k].bytes = slice_copy(copies[i].values[k]);
  }
  return copies;
}

static void free_statements(struct db_statement *copies, int count) {
  for (int i = 0; i < count; i++) {
    if (!copies[i].prepare)
      free((void *)copies[i].sql);
    for (int k = 0; k < copies[i].count && k < DB_PARAMETERS_MAX; k++)
      free((void *)copies[i].values[k].bytes);
  }
  free(copies);
}

static void copy_options(struct db *db, const struct db_options *options) {
  db->options = *options;
  db->options.hello = options->hello == NULL ? NULL : copy_statements(options->hello, 1);
  db->options.conninfo = memory_copy_text(options->conninfo);
  db->options.application_name = memory_copy_text(options->application_name);
}

static void free_options(const struct db_options *options) {
  if (options->hello != NULL)
    free_statements((struct db_statement *)options->hello, 1);
  free((void *)options->conninfo);
  free((void *)options->application_name);
}

/* ---- jobs ---- */

static struct job *add_job(struct db *db, db_done_fn *done, void *context) {
  struct job *job = memory_allocate(sizeof *job);
  job->done = done;
  job->context = context;
  STAILQ_INSERT_TAIL(&db->jobs, job, link);
  timer_start(db->soon, 0);
  return job;
}

static struct job *take_first(struct db *db) {
  struct job *job = STAILQ_FIRST(&db->jobs);
  STAILQ_REMOVE_HEAD(&db->jobs, link);
  return job;
}

/* The one place that ends a job. */
static void end_job(struct job *job, const struct error *error) {
  if (job->done != NULL)
    job->done(job->context, error);
  free_statements(job->statements, job->count);
  free(job->script);
  free(job);
}

/* Only those that wait now: what their callbacks queue is tried anew. */
static void fail_all(struct db *db, const struct error *error) {
  struct jobs waiting = STAILQ_HEAD_INITIALIZER(waiting);
  struct job *job;
  STAILQ_CONCAT(&waiting, &db->jobs);
  while ((job = STAILQ_FIRST(&waiting)) != NULL) {
    STAILQ_REMOVE_HEAD(&waiting, link);
    end_job(job, error);
  }
}

static bool feed_statement(void *context, struct db_statement *ret_statement) {
  struct job *job = context;
  if (job->fed == job->count)
    return false;
  *ret_statement = job->statements[job->fed++];
  return true;
}

static void give_row(void *context, int statement, const struct db_row *row) {
  struct job *job = context;
  if (job->rows != NULL)
    job->rows(job->context, row);
  else if (job->numbered_rows != NULL)
    job->numbered_rows(job->context, statement, row);
}

static void set_statements(struct job *job, const struct db_statement *statements, int count, bool read_only) {
  job->statements = copy_statements(statements, count);
  job->count = count;
  job->work = (struct session_work){.feed = feed_statement, .rows = give_row, .context = job, .read_only = read_only};
}

void db_query(struct db *db, const struct db_statement *statement, db_row_fn *rows, db_done_fn *done, void *context) {
  struct job *job = add_job(db, done, context);
  job->rows = rows;
  set_statements(job, statement, 1, statement->read_only);
}

void db_script(struct db *db, const char *sql, db_done_fn *done, void *context) {
  struct job *job = add_job(db, done, context);
  job->script = memory_copy_text(sql);
  job->work = (struct session_work){.script = job->script};
}

void db_transaction(struct db *db, const struct db_pipeline *pipeline) {
  struct job *job = add_job(db, pipeline->done, pipeline->context);
  job->numbered_rows = pipeline->rows;
  if (pipeline->feed == NULL)
    set_statements(job, pipeline->statements, pipeline->count, pipeline->read_only);
  else
    job->work = (struct session_work){
        .feed = pipeline->feed, .rows = pipeline->rows, .context = pipeline->context, .read_only = pipeline->read_only};
}

/* ---- the session's events ---- */

static bool feed_hello(void *context, struct db_statement *ret_statement) {
  struct db *db = context;
  bool next = db->options.hello != NULL && !db->hello_fed;
  if (next)
    *ret_statement = *db->options.hello;
  db->hello_fed = true;
  return next;
}

static void close_session(struct db *db) {
  timer_stop(db->idle);
  session_destroy(db->session);
  db->session = NULL;
  db->greeted = db->running = false;
}

static void announce(struct db *db, bool connected, const struct error *error) {
  db->greeted = connected;
  if (db->state != NULL && !db->dying)
    db->state(db->state_context, connected, error);
}

static void on_finished(void *context, const struct error *error) {
  struct db *db = context;
  bool hello = !db->greeted;
  db->running = false;
  if (!hello) {
    end_job(take_first(db), error);
  } else if (error == NULL) {
    announce(db, true, NULL);
  } else {
    close_session(db);
    fail_all(db, error);
  }
  step(db);
}

static void on_lost(void *context, const struct error *error) {
  struct db *db = context;
  bool hello = !db->greeted, running = db->running;
  close_session(db);
  if (db->dying) {
    step(db);
    return;
  }
  if (hello) {
    fail_all(db, error);
  } else {
    struct job *job = running ? take_first(db) : NULL;
    announce(db, false, error);
    if (job != NULL)
      end_job(job, error);
  }
  step(db);
}

static void on_notified(void *context, const char *channel, const char *payload) {
  struct db *db = context;
  if (db->notify != NULL && !db->dying)
    db->notify(db->notify_context, channel, payload);
}

static void on_connected(void *context, struct pg_conn *connection, const struct error *error) {
  struct db *db = context;
  db->connecting = NULL;
  db->dropped = (struct error){0};
  if (error != NULL) {
    fail_all(db, error);
  } else {
    struct session_events events = {.finished = on_finished, .lost = on_lost, .notified = on_notified, .context = db};
    db->session = session_create(db->loop, connection, db->options.answer_timeout_ms, &events);
  }
  step(db);
}

/* ---- deciding ---- */

static void tear_down(struct db *db) {
  const struct error error = {.kind = ERROR_CANCELLED, .text = "the database session is being closed"};
  connecting_cancel(db->connecting);
  close_session(db);
  while (!STAILQ_EMPTY(&db->jobs))
    end_job(take_first(db), &error);
  timer_close(db->soon);
  timer_close(db->idle);
  free_options(&db->options);
  free(db);
}

static void give_up_connecting(struct db *db) {
  struct error error = db->dropped;
  db->dropped = (struct error){0};
  connecting_cancel(db->connecting);
  db->connecting = NULL;
  fail_all(db, &error);
}

/* What is next? Always the last call of an event: it may free the whole. */
static void step(struct db *db) {
  if (!db->dying && db->dropped.kind != ERROR_NONE && db->connecting != NULL)
    give_up_connecting(db);
  if (db->dying) {
    tear_down(db);
  } else if (db->session == NULL) {
    if (!STAILQ_EMPTY(&db->jobs) && db->connecting == NULL)
      db->connecting = connecting_start(db->loop, &db->options, on_connected, db);
  } else if (!session_usable(db->session)) {
    return; /* its next event decides */
  } else if (!db->greeted) {
    struct session_work hello = {.feed = feed_hello, .context = db};
    db->hello_fed = false;
    session_start(db->session, &hello);
  } else if (!STAILQ_EMPTY(&db->jobs)) {
    timer_stop(db->idle);
    db->running = true;
    session_start(db->session, &STAILQ_FIRST(&db->jobs)->work);
  } else if (db->options.ask_every_ms > 0) {
    timer_start(db->idle, db->options.ask_every_ms);
  }
}

static void on_soon(void *context) { step(context); }

void db_open(struct db *db) {
  static const char question[] = "select";
  struct db_statement statement = {.sql = question, .prepare = true};
  db_query(db, &statement, NULL, NULL, NULL);
}

static void on_idle(void *context) { db_open(context); }

/* ---- the whole ---- */

struct db *db_create(struct loop *loop, const struct db_options *options) {
  struct db *db = memory_allocate(sizeof *db);
  db->loop = loop;
  STAILQ_INIT(&db->jobs);
  db->soon = timer_open(loop, on_soon, db);
  db->idle = timer_open(loop, on_idle, db);
  copy_options(db, options);
  return db;
}

void db_destroy(struct db *db) {
  if (db == NULL)
    return;
  db->dying = true;
  db_drop(db, "the database session is being closed"); /* no more rows */
  timer_start(db->soon, 0);
}

void db_drop(struct db *db, const char *reason) {
  if (db->session != NULL) {
    session_break(db->session, reason);
  } else if (db->connecting != NULL) {
    error_set(&db->dropped, ERROR_UNREACHABLE, "%s", reason);
    timer_start(db->soon, 0);
  }
}

void db_on_notify(struct db *db, db_notify_fn *fn, void *context) {
  db->notify = fn;
  db->notify_context = context;
}

void db_on_state(struct db *db, db_state_fn *fn, void *context) {
  db->state = fn;
  db->state_context = context;
}

int db_backend_pid(const struct db *db) { return db->session == NULL ? 0 : session_backend_pid(db->session); }
