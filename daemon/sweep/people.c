/* One question about people. PostgreSQL takes the answer apart, not json-c: an organization of thousands is a large answer, and what is in
 * it beside the lists is nobody's concern. It is made safe for PostgreSQL on a thread of its own, for eight MiB take a while. */
#include "sweep/people.h"
#include "base/memory.h"
#include "crm/answer.h"
#include "crm/request.h"
#include "remote/api_request.h"
#include "sql/embedded.h"
#include "sweep/way_in.h"

enum { ANSWER_BYTES_MAX = 8 * 1024 * 1024 };

struct people {
  struct people_options options;
  people_done_fn *done;
  void *context;
  char *organization_id;
  struct api_request *api_request;
  struct api_request_traffic traffic; /* its own: the sweep's `requests` does not count it */
  struct timer *timer;
  bool asked, cancelled, good;
};

static void conclude(struct people *people, const struct error *error) {
  timer_close(people->timer);
  people->done(people->context, people->asked, error);
  memory_free(people->organization_id);
  memory_free(people);
}

static void fail(struct people *people, enum error_kind kind, const char *text) {
  struct error error;
  error_set(&error, kind, "%s", text);
  conclude(people, &error);
}

static bool is_cancelled(struct people *people) {
  bool cancelled = people->cancelled;
  if (cancelled)
    fail(people, ERROR_CANCELLED, "the question about the members was abandoned"); /* which frees it */
  return cancelled;
}

static void on_row(void *context, const struct db_row *row) {
  struct people *people = context;
  people->good = db_row_bool(row, 0);
}

static void on_kept(void *context, const struct error *error) {
  struct people *people = context;
  if (error != NULL)
    conclude(people, error);
  else if (!people->good)
    fail(people, ERROR_SHAPE, "the answer names another organization or lacks a list of memberships");
  else
    conclude(people, NULL);
}

/* ---- the answer, on a thread ---- */

struct reading {
  struct people *people; /* for the loop alone; it waits for the thread */
  struct buffer body;
  struct canonical *canonical;
  struct slice text; /* in the latter */
  bool good;
  struct error error;
};

static void read_answer(void *work) {
  struct reading *reading = work;
  reading->good = answer_read(reading->canonical, buffer_slice(&reading->body), ANSWER_BYTES_MAX, &reading->text);
  if (!reading->good)
    error_set(&reading->error, ERROR_SHAPE, "the answer is no JSON object, or larger than 8 MiB");
}

static void on_read(void *work) {
  struct reading *reading = work;
  struct people *people = reading->people;
  struct db_statement statement = {.sql = sql_query_member, .count = 3, .prepare = true};
  if (is_cancelled(people))
    return;
  if (!reading->good) {
    conclude(people, &reading->error);
    return;
  }
  statement.values[0] = slice_of(people->organization_id);
  statement.values[1] = reading->text;
  statement.values[2] = slice_of(people->options.organization->user_id);
  db_query(people->options.shared->write, &statement, on_row, on_kept, people);
}

static void release_reading(void *work) {
  struct reading *reading = work;
  buffer_finish(&reading->body);
  canonical_destroy(reading->canonical);
  memory_free(reading);
}

static void keep(struct people *people, struct buffer *memory) {
  static const struct errand_kind kind = {read_answer, on_read, release_reading};
  struct reading *reading = memory_allocate(sizeof *reading);
  *reading = (struct reading){.people = people, .body = buffer_take(memory), .canonical = canonical_create()};
  error_set(&reading->error, ERROR_LIMIT, "no thread to read the answer on");
  errand_start(people->options.shared->loop, &kind, reading);
}

static void on_answer(void *context, const struct api_request_answer *answer) {
  struct people *people = context;
  struct error error;
  people->api_request = NULL;
  if (is_cancelled(people))
    return;
  if (answer->verdict == VERDICT_TAKE) {
    keep(people, answer->memory);
    return;
  }
  if (answer->verdict == VERDICT_REFUSED) /* the key's listing has just been taken */
    error_set(&error, ERROR_AUTH, "Close refuses them to the key's user (HTTP %d): sync.members = no asks no more",
              answer->status);
  else if (answer->error != NULL)
    error = *answer->error;
  else
    error_set(&error, ERROR_HTTP, "HTTP %d", answer->status);
  conclude(people, &error);
}

static void ask_close(struct people *people) {
  const struct sweep_context *shared = people->options.shared;
  struct api_request_options options = way_in_options(shared, people->options.organization, &people->traffic);
  struct buffer url = request_organization_url(shared->config->api.base_url, slice_of(people->organization_id));
  people->asked = true;
  people->api_request = api_request_start(&options, url, on_answer, people);
}

static void on_unknown(void *context, const struct error *error) {
  struct people *people = context;
  if (is_cancelled(people))
    return;
  if (error != NULL || !people->good)
    conclude(people, error);
  else
    ask_close(people);
}

static void on_forgotten(void *context, const struct error *error) { conclude(context, error); }

static void begin(void *context) {
  struct people *people = context;
  struct slice id = slice_of(people->organization_id);
  struct db_statement unknown = {.sql = sql_query_member_unknown,
                                 .count = 2,
                                 .values = {id, slice_of(people->options.organization->user_id)},
                                 .prepare = true};
  struct db_statement forget = {.sql = sql_query_member_forget, .count = 1, .values = {id}, .prepare = true};
  if (is_cancelled(people))
    return;
  if (!people->options.shared->config->sync.members)
    db_query(people->options.shared->write, &forget, NULL, on_forgotten, people);
  else if (people->options.unknown_alone)
    db_query(people->options.shared->watch, &unknown, on_row, on_unknown, people);
  else
    ask_close(people);
}

struct people *people_start(const struct people_options *options, people_done_fn *done, void *context) {
  struct people *people = memory_allocate(sizeof *people);
  *people = (struct people){.options = *options,
                            .done = done,
                            .context = context,
                            .organization_id = memory_copy_text(options->organization_id)};
  people->timer = timer_open(options->shared->loop, begin, people);
  timer_start(people->timer, 0);
  return people;
}

void people_cancel(struct people *people) {
  people->cancelled = true;
  if (people->api_request != NULL)
    api_request_cancel(people->api_request);
}
