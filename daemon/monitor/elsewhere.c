/* One short query between a request and its reply, either of which may go before the other. */
#include "monitor/elsewhere.h"
#include "base/memory.h"
#include "monitor/ready.h"
#include "sql/embedded.h"

struct question {
  struct serve_reply *reply; /* NULL: nobody waits any more */
  char *organization, *error;
  bool done;
  const char *reason; /* NULL: it is ready */
  int64_t seconds;    /* since it was last swept; negative: not known */
};

static void forget(struct question *question) {
  memory_free(question->organization);
  memory_free(question->error);
  memory_free(question);
}

static void on_row(void *context, const struct db_row *row) {
  struct question *question = context;
  question->reason = db_row_bool(row, 0) ? READY_LATE : NULL;
  question->seconds = db_row_is_null(row, 1) ? -1 : db_row_int(row, 1);
  if (question->error == NULL)
    question->error = slice_copy(db_row_optional(row, 2));
}

static void on_done(void *context, const struct error *error) {
  struct question *question = context;
  question->done = true;
  if (error != NULL) {
    memory_free(question->error);
    question->error = memory_copy_text(error->text);
    question->reason = "the database could not be asked";
  }
  if (question->reply == NULL)
    forget(question);
  else
    serve_go_on(question->reply);
}

static enum serve_progress more(void *work, struct serve_reply *reply) {
  const struct question *question = work;
  if (!question->done)
    return SERVE_WAITS;
  reply->status = question->reason == NULL ? 200 : 503;
  ready_write_other(&reply->body, question->organization, question->reason, question->seconds, question->error);
  return SERVE_WHOLE;
}

static void drop(void *work) {
  struct question *question = work;
  question->reply = NULL;
  if (question->done)
    forget(question);
}

void elsewhere_answer(struct db *db, const char *organization, struct serve_reply *reply) {
  struct question *question = memory_allocate(sizeof *question);
  *question = (struct question){
      .reply = reply, .organization = memory_copy_text(organization), .reason = "never swept", .seconds = -1};
  struct db_statement statement = {
      .sql = sql_query_elsewhere, .count = 1, .values = {slice_of(organization)}, .prepare = true, .read_only = true};
  reply->content_type = "application/json";
  reply->more = more;
  reply->drop = drop;
  reply->work = question;
  db_query(db, &statement, on_row, on_done, question);
}
