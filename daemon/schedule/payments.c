/* A hundred thousand organizations owe something, and there are seconds. It promises that they are written down some thousand in a
 * transaction, on several sessions at once, and that what is written when time is up stays written.
 *
 * A transaction takes the organizations' rows first (contract 5.10), but waits for none: what another transaction has is left out, and
 * tried again a moment later, as long as database.lock_timeout. So nobody is held up by an organization that somebody else has, and no
 * two daemons wait for each other. */
#include "schedule/payments.h"
#include "base/memory.h"
#include "store/flush.h"

enum { AT_ONCE = 2000, AGAIN_MS = 200, BUSY_BYTES_MAX = 16 * 1024 };

struct payment {
  LIST_ENTRY(payment) link;
  struct payments *payments;
  struct generation *generation; /* held until the database has answered */
  struct timer *timer;           /* sends it, again where some were busy */
  struct flush flush;
  struct db_statement statement; /* of it, when it was sent once */
  int count;
  int64_t begun_ms;   /* sent first; 0: not yet */
  struct buffer busy; /* which are left: as the last transaction told, nothing before the first */
};

struct payments {
  struct payments_options options;
  LIST_HEAD(payment_list, payment) list;
  struct payment *open; /* takes more; or NULL */
  int under_way;
  unsigned turn; /* whose turn it is of the sessions */
  bool all_sessions, gathering, abandoned;
  int lost;         /* organizations, not told yet */
  struct error why; /* the last ones were */
};

struct payments *payments_create(const struct payments_options *options) {
  struct payments *payments = memory_allocate(sizeof *payments);
  *payments = (struct payments){.options = *options};
  LIST_INIT(&payments->list);
  return payments;
}

void payments_destroy(struct payments *payments) { memory_free(payments); }

/* ---- one transaction ---- */

static int64_t now_ms(const struct payment *payment) { return loop_now_ms(payment->payments->options.shared->loop); }

static void tell_lost(struct payments *payments) {
  if (payments->lost == 0 || payments->under_way > 0)
    return; /* who is under way may lose more */
  log_write(payments->options.shared->log, LOG_LEVEL_WARNING,
            "could not write down the last unchanged sweeps of %d organizations: %s", payments->lost,
            payments->why.text);
  payments->lost = 0;
}

void payments_lose(struct payments *payments, int organizations, const char *why) {
  payments->lost += organizations;
  error_set(&payments->why, ERROR_CANCELLED, "%s", why);
  tell_lost(payments);
}

static void finish(struct payment *payment) {
  struct payments *payments = payment->payments;
  LIST_REMOVE(payment, link);
  payments->under_way--;
  timer_close(payment->timer);
  flush_finish(&payment->flush);
  buffer_finish(&payment->busy);
  generation_release(payment->generation);
  memory_free(payment);
  tell_lost(payments);
  payments->options.settled(payments->options.context);
}

static int count_busy(const struct payment *payment) {
  int count = 0;
  for (size_t i = 0; i < payment->busy.length; i++)
    count += payment->busy.bytes[i] == 't' ? 1 : 0;
  return count;
}

static void lose(struct payment *payment, const char *why) {
  struct payments *payments = payment->payments;
  if (payments->open == payment)
    payments->open = NULL;
  payments_lose(payments, payment->busy.length == 0 ? payment->count : count_busy(payment), why);
  finish(payment);
}

static void on_row(void *context, int statement, const struct db_row *row) {
  struct payment *payment = context;
  struct slice busy = db_row_text(row, 1);
  if (statement != 0)
    return;
  buffer_clear(&payment->busy);
  buffer_append(&payment->busy, busy.bytes, busy.length);
}

static void on_written(void *context, const struct error *error) {
  struct payment *payment = context;
  int64_t patience_ms = payment->generation->config->database.lock_timeout_ms;
  if (error != NULL)
    lose(payment, error->text);
  else if (count_busy(payment) == 0)
    finish(payment);
  else if (payment->payments->abandoned || now_ms(payment) - payment->begun_ms > patience_ms)
    lose(payment, "another transaction has their rows");
  else
    timer_start(payment->timer, AGAIN_MS);
}

static struct db *next_session(struct payments *payments, const struct sweep_context *shared) {
  bool more = payments->all_sessions && shared->writers[0] != shared->watch; /* which is behind the others */
  return shared->writers[payments->turn++ % ((unsigned)shared->writer_count + (more ? 1 : 0))];
}

static void send(struct payment *payment) {
  struct payments *payments = payment->payments;
  if (payments->open == payment)
    payments->open = NULL;
  if (payment->begun_ms == 0) {
    payment->statement = flush_statement(&payment->flush);
    payment->begun_ms = now_ms(payment);
  }
  const struct db_statement statements[] = {flush_hold_statement(&payment->flush, buffer_slice(&payment->busy)),
                                            payment->statement};
  db_transaction(next_session(payments, &payment->generation->shared),
                 &(struct db_pipeline){
                     .statements = statements, .count = 2, .rows = on_row, .done = on_written, .context = payment});
}

static void on_timer(void *context) {
  struct payment *payment = context;
  if (payment->payments->abandoned)
    lose(payment, "stopping");
  else
    send(payment);
}

/* ---- all of them ---- */

static struct payment *begin(struct payments *payments, struct generation *generation) {
  struct payment *payment = memory_allocate(sizeof *payment);
  *payment = (struct payment){.payments = payments, .generation = generation_hold(generation)};
  payment->timer = timer_open(payments->options.shared->loop, on_timer, payment);
  flush_init(&payment->flush);
  buffer_init(&payment->busy, BUSY_BYTES_MAX);
  LIST_INSERT_HEAD(&payments->list, payment, link);
  payments->under_way++;
  if (!payments->gathering)
    timer_start(payment->timer, 0);
  return payment;
}

void payments_send(struct payments *payments) {
  struct payment *open = payments->open;
  if (open == NULL)
    return;
  timer_stop(open->timer);
  on_timer(open);
}

void payments_add(struct payments *payments, const struct job *job, struct generation *generation) {
  if (payments->open != NULL && payments->open->generation != generation)
    payments_send(payments);
  if (payments->open == NULL)
    payments->open = begin(payments, generation);
  flush_add(&payments->open->flush, &job->write_behind, job->organization_id, job_gap_us(job, generation->config));
  if (++payments->open->count == AT_ONCE)
    payments_send(payments);
}

int payments_under_way(const struct payments *payments) { return payments->under_way; }

void payments_gather(struct payments *payments) { payments->gathering = true; }

void payments_use_all_sessions(struct payments *payments) { payments->all_sessions = true; }

void payments_abandon(struct payments *payments) {
  const struct payment *payment;
  payments->abandoned = true;
  if (payments->open != NULL)
    timer_start(payments->open->timer, 0);
  LIST_FOREACH(payment, &payments->list, link)
  connections_drop_sessions(&payment->generation->shared, "stopping");
}
