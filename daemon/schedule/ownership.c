/* From slots to sweeps. When a slot becomes ours, its organizations are planned: what the database knows of them says when they were swept
 * last, so that a change of hands asks Close for no more than it must. When a slot drains, its organizations are not due any more and
 * their sweeps are stopped; when it departs, what they owe is written, and nothing of them is remembered. A departing slot is drained when
 * none of its sweeps is under way and nothing is being paid. */
#include "schedule/ownership.h"
#include "base/memory.h"
#include "io/db_array.h"
#include "schedule/known.h"
#include "sql/embedded.h"
#include <string.h>

enum { NAMES_BYTES_MAX = 16 * 1024 * 1024, SLOTS_BYTES_MAX = 4096 };

struct placing {               /* the question which slots NAMEs are in; lives beside the ownership */
  struct ownership *ownership; /* NULL: gone */
};

struct ownership {
  struct ownership_options options;
  struct generation *generation;
  struct fleet *fleet;  /* NULL: all is ours */
  struct fleet *former; /* is leaving, for another configuration asks for another one; or NULL */
  struct placing *placing;
  struct walk assigning, replanning;
  struct log_throttle unplaced;
  bool placed; /* of every NAME it is known which slot it is in */
  bool begun;  /* by this walk, or one that began again: some are ours that were not */
  bool leaving, abandoned;
  enum slot_state walked[SLOTS]; /* as the last walk has them, or has it under way */
};

static int64_t now_ms(const struct ownership *ownership) { return loop_now_ms(ownership->options.shared->loop); }

static void forget_placing(struct ownership *ownership) {
  if (ownership->placing != NULL)
    ownership->placing->ownership = NULL;
  ownership->placing = NULL;
}

/* ---- ours, and not any more ---- */

static void begin(struct ownership *ownership, struct job *job, int64_t span_ms) {
  const struct config_organization *organization = job->organization;
  int64_t at_ms = now_ms(ownership) + random_between(ownership->options.shared->random, 0, span_ms);
  job->foreign = job->asked = false;
  job->taken_over = true;
  job->health.succeeded_at_ms = now_ms(ownership);
  rate_limit_doubt(job->way_in.rate_limit, now_ms(ownership));
  pace_init(&job->pace, organization->interval_ms, ownership->generation->config->sync.jitter, at_ms);
  if (job->sweep == NULL)
    queue_plan(job, at_ms);
}

/* What the database refused it is for its next daemon to find out. */
static void drain(struct ownership *ownership, struct job *job) {
  job->foreign = true;
  roster_note_trouble(ownership->options.roster, job, false);
  queue_withdraw(job);
  if (job->sweep != NULL)
    sweep_stop(job->sweep);
}

/* When the daemon before swept it last, it is due an interval later; who was asked for is not put off. */
static void replan(void *context, struct job *job) {
  int64_t due_ms = job->health.succeeded_at_ms + job->health.interval_ms;
  (void)context;
  if (!job->taken_over || job->foreign || job->asked || job->sweep != NULL || job->queued ||
      job->health.last_success_s == 0 || due_ms <= job->health.next_sweep_ms)
    return;
  pace_init(&job->pace, job->health.interval_ms, job->pace.jitter, due_ms);
  queue_plan(job, due_ms);
}

static void on_replanned(void *context) {
  struct ownership *ownership = context;
  ownership->options.known(ownership->options.context);
  ownership->options.changed(ownership->options.context);
}

static void on_known(void *context) {
  struct ownership *ownership = context;
  walk_begin(&ownership->replanning);
}

static void pay(struct ownership *ownership, struct job *job, struct generation *generation) {
  if (job->foreign && job->sweep == NULL && slots_departs(fleet_slots(ownership->fleet), job->slot))
    shutdown_pay(ownership->options.shutdown, job, generation);
}

/* Is it ours now, or not any more? */
static void assign(void *context, struct job *job) {
  struct ownership *ownership = context;
  if (job->organization == NULL)
    return;
  bool ours = ownership->fleet == NULL || slots_sweeps(fleet_slots(ownership->fleet), job->slot);
  if (ours && job->foreign) {
    begin(ownership, job, pace_spread_ms(ownership->options.roster->job_count, job->organization->interval_ms));
    ownership->begun = true;
  } else if (!ours && !job->foreign) {
    drain(ownership, job);
  }
  if (ownership->fleet != NULL)
    pay(ownership, job, ownership->generation);
}

static void begin_assigning(struct ownership *ownership) {
  if (ownership->fleet != NULL)
    memcpy(ownership->walked, fleet_slots(ownership->fleet)->states, sizeof ownership->walked);
  walk_begin(&ownership->assigning);
}

static void look_for_drained(struct ownership *ownership) {
  bool drained[SLOTS];
  const struct slots *slots = ownership->fleet == NULL ? NULL : fleet_slots(ownership->fleet);
  if (slots == NULL || ownership->assigning.going || !slots_any_departs(slots) ||
      shutdown_is_paying(ownership->options.shutdown))
    return;
  for (int slot = 0; slot < SLOTS; slot++)
    drained[slot] = slots_departs(slots, slot);
  for (struct job *job = NULL; (job = queue_next_running(ownership->options.queue, job)) != NULL;)
    if (job->slot >= 0)
      drained[job->slot] = false;
  fleet_release(ownership->fleet, drained);
}

/* Their evidence is ours to tell. */
static void tell_slots(const struct ownership *ownership) {
  struct buffer list;
  buffer_init(&list, SLOTS_BYTES_MAX);
  for (int slot = 0; ownership->fleet != NULL && slot < SLOTS; slot++)
    if (slots_sweeps(fleet_slots(ownership->fleet), slot))
      db_array_append_number(&list, slot);
  if (ownership->fleet != NULL)
    db_array_close(&list);
  shutdown_use_slots(ownership->options.shutdown, buffer_slice(&list));
  buffer_finish(&list);
}

static void on_assigned(void *context) {
  struct ownership *ownership = context;
  tell_slots(ownership);
  if (ownership->begun)
    known_read_taken_over(ownership->options.roster, ownership->generation, on_known, ownership);
  else if (ownership->fleet != NULL && ownership_is_known(ownership))
    ownership->options.known(ownership->options.context); /* none is ours: there is nothing to read */
  ownership->begun = false;
  look_for_drained(ownership);
  ownership->options.changed(ownership->options.context);
}

void ownership_ended(struct ownership *ownership, struct job *job, struct generation *generation) {
  job->taken_over = false;
  if (ownership->fleet != NULL && job->organization != NULL)
    pay(ownership, job, generation);
  look_for_drained(ownership);
}

void ownership_settled(struct ownership *ownership) { look_for_drained(ownership); }

/* ---- which slot is a NAME in ---- */

static void on_place(void *context, const struct db_row *row) {
  struct placing *placing = context;
  struct job *job =
      placing->ownership == NULL ? NULL : roster_find(placing->ownership->options.roster, db_row_text(row, 0));
  if (job != NULL)
    job->slot = (int)db_row_int(row, 1);
}

static void tell_placed(struct ownership *ownership, const struct error *error) {
  char note[LOG_THROTTLE_NOTE_BYTES];
  if (error == NULL && log_throttle_over(&ownership->unplaced, now_ms(ownership), note))
    log_write(ownership->options.shared->log, LOG_LEVEL_WARNING, "the slots of all organizations are known again %s",
              note);
  if (error != NULL && error->kind != ERROR_UNREACHABLE && error->kind != ERROR_CANCELLED &&
      log_throttle_failed(&ownership->unplaced, now_ms(ownership), error->text, note))
    log_write(ownership->options.shared->log, LOG_LEVEL_ERROR, "could not ask which slots organizations are in: %s%s",
              error->text, note);
}

static void on_placed(void *context, const struct error *error) {
  struct placing *placing = context;
  struct ownership *ownership = placing->ownership;
  memory_free(placing);
  if (ownership == NULL)
    return;
  ownership->placing = NULL;
  ownership->placed = error == NULL;
  tell_placed(ownership, error);
  if (ownership->placed)
    begin_assigning(ownership);
}

/* Those of whom it is not known yet. */
static void place(struct ownership *ownership) {
  struct roster *roster = ownership->options.roster;
  struct buffer names;
  bool any = false;
  forget_placing(ownership);
  buffer_init(&names, NAMES_BYTES_MAX);
  for (int i = 0; i < roster->job_count; i++)
    if (roster->jobs[i]->slot < 0)
      any = db_array_append(&names, slice_of(roster->jobs[i]->name));
  ownership->placed = !any || !db_array_close(&names);
  if (!ownership->placed) {
    struct db_statement statement = {
        .sql = sql_query_fleet_place, .count = 1, .values = {buffer_slice(&names)}, .prepare = true};
    ownership->placing = memory_allocate(sizeof *ownership->placing);
    ownership->placing->ownership = ownership;
    db_query(fleet_session(ownership->fleet), &statement, on_place, on_placed, ownership->placing);
  }
  buffer_finish(&names);
}

/* A place that could not be asked for is asked for again: the fleet's session may fail alone. Where no slot is another than it was, nobody has to
 * be told. */
static void on_moved(void *context) {
  struct ownership *ownership = context;
  if (!ownership->placed && ownership->placing == NULL)
    place(ownership);
  if (memcmp(ownership->walked, fleet_slots(ownership->fleet)->states, sizeof ownership->walked) != 0)
    begin_assigning(ownership);
  else {
    look_for_drained(ownership);
    ownership->options.changed(ownership->options.context);
  }
}

/* In this order, on one session: the heartbeat's answer finds the places known. */
static void join_in(struct ownership *ownership) {
  place(ownership);
  fleet_beat(ownership->fleet);
}

void ownership_opened(struct ownership *ownership) {
  if (ownership->fleet != NULL)
    join_in(ownership);
}

/* ---- the whole ---- */

struct ownership *ownership_create(const struct ownership_options *options) {
  struct ownership *ownership = memory_allocate(sizeof *ownership);
  *ownership = (struct ownership){.options = *options};
  walk_open(&ownership->assigning, options->roster, &(struct walk_options){assign, on_assigned, ownership});
  walk_open(&ownership->replanning, options->roster, &(struct walk_options){replan, on_replanned, ownership});
  return ownership;
}

void ownership_destroy(struct ownership *ownership) {
  if (ownership == NULL)
    return;
  forget_placing(ownership);
  walk_close(&ownership->assigning);
  walk_close(&ownership->replanning);
  fleet_destroy(ownership->fleet);
  fleet_destroy(ownership->former);
  memory_free(ownership);
}

static void join(struct ownership *ownership) {
  const struct ownership_options *options = &ownership->options;
  ownership->fleet = fleet_create(&(struct fleet_options){.shared = options->shared,
                                                          .database_monitor = options->database_monitor,
                                                          .moved = on_moved,
                                                          .context = ownership},
                                  ownership->generation);
}

static void on_former_left(void *context) {
  struct ownership *ownership = context;
  ownership->former = NULL;
  if (ownership->leaving)
    ownership_leave(ownership);
}

/* One that still waits for the database's answer is not waited for by the next. */
static void leave(struct ownership *ownership, bool reachable) {
  struct fleet *fleet = ownership->fleet;
  ownership->fleet = NULL;
  forget_placing(ownership);
  if (fleet == NULL)
    return;
  fleet_destroy(ownership->former);
  ownership->former = reachable ? fleet : NULL;
  if (reachable)
    fleet_leave(fleet, on_former_left, ownership);
  else
    fleet_destroy(fleet);
}

void ownership_use(struct ownership *ownership, struct generation *generation) {
  const struct generation *before = ownership->generation;
  bool stays = before != NULL && fleet_serves_both(before->config, generation->config);
  ownership->generation = generation;
  if (!stays)
    leave(ownership, before != NULL && before->was_open);
  if (generation->config->fleet.enabled && ownership->fleet == NULL)
    join(ownership);
  begin_assigning(ownership);
  if (ownership->fleet == NULL)
    return;
  fleet_use(ownership->fleet, generation);
  if (database_monitor_is_open(ownership->options.database_monitor))
    join_in(ownership);
  else
    ownership->placed = false;
}

bool ownership_is_known(const struct ownership *ownership) {
  return ownership->fleet == NULL ||
         (ownership->placed && fleet_is_known(ownership->fleet) && !ownership->assigning.going);
}

void ownership_read_known(struct ownership *ownership) {
  if (ownership_is_known(ownership))
    known_read_all(ownership->options.roster, ownership->generation, ownership->options.known,
                   ownership->options.context);
}

const struct health_fleet *ownership_health(const struct ownership *ownership) {
  return ownership->fleet == NULL ? NULL : fleet_health(ownership->fleet);
}

const char *ownership_refusal(const struct ownership *ownership) {
  return ownership->fleet == NULL ? NULL : fleet_refusal(ownership->fleet);
}

static void on_left(void *context) {
  struct ownership *ownership = context;
  ownership->fleet = NULL;
  shutdown_tell_heads(ownership->options.shutdown);
}

void ownership_leave(struct ownership *ownership) {
  ownership->leaving = true;
  if (ownership->former != NULL)
    return;
  bool reachable = !ownership->abandoned && database_monitor_is_open(ownership->options.database_monitor);
  forget_placing(ownership);
  walk_stop(&ownership->assigning);
  walk_stop(&ownership->replanning);
  if (ownership->fleet != NULL && reachable)
    fleet_leave(ownership->fleet, on_left, ownership);
  else
    shutdown_tell_heads(ownership->options.shutdown);
}

void ownership_abandon(struct ownership *ownership) {
  ownership->abandoned = true;
  if (ownership->fleet != NULL)
    fleet_abandon(ownership->fleet);
  if (ownership->former != NULL)
    fleet_abandon(ownership->former);
}
