/* Heartbeats. One is sent each third of the ttl, on a session of its own, so that no long statement of a sweep delays it. Each says which
 * sessions this process has, for whoever will have to end them. A heartbeat that fails is repeated soon; when none was answered for half the
 * ttl, counted from the moment the last answered one was sent, by the monotonic clock, nothing new begins until one is: the database may hand
 * the slots out when the whole ttl is over. */
#include "schedule/fleet.h"
#include "base/memory.h"
#include "io/db_array.h"
#include "sql/embedded.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
  BEATS_A_TTL = 3,
  TRIES_A_TTL = 12,
  ANSWER_AT_LEAST_MS = 1000,
  UUID_BYTES = 37,
  HEX_BYTES = 2 + 2 * HASH_BYTES + 1,
  TELL_BYTES_MAX = 64 * 1024,
  ROLE_BYTES = 64
};

struct fleet {
  struct fleet_options options;
  const struct generation *generation;
  struct db *db;
  struct timer *beat, *silence;
  struct slots slots;
  char id[UUID_BYTES], digest[HEX_BYTES], ttl[32];
  int64_t sent_ms;
  int64_t share, ended;
  char kept_role[ROLE_BYTES]; /* whose sessions the last heartbeat could not end; or "" */
  struct error refused;       /* of the last heartbeat, which the database did not take; or ERROR_NONE */
  bool beating, returning, leaving, doomed;
  int under_way;                        /* statements that are not answered */
  struct health_daemon *daemons, *read; /* known, and being read */
  int daemon_count, read_count;
  struct health_fleet health;
  struct log_throttle failure, quiet, other;
  void (*left)(void *context);
  void *left_context;
};

static int64_t now_ms(const struct fleet *fleet) { return loop_now_ms(fleet->options.shared->loop); }

static void ask(struct fleet *fleet, const struct db_statement *statement, db_row_fn *rows, db_done_fn *done) {
  fleet->under_way++;
  db_query(fleet->db, statement, rows, done, fleet);
}

static void finish(struct fleet *fleet);

/* False: nobody is interested any more, and the fleet may be gone. */
static bool arrived(struct fleet *fleet) {
  if (--fleet->under_way == 0 && fleet->doomed)
    finish(fleet);
  else if (!fleet->doomed)
    return true;
  return false;
}

/* ---- who lives ---- */

static void forget_daemons(struct health_daemon *daemons, int count) {
  for (int i = 0; i < count; i++)
    memory_free(daemons[i].member);
  memory_free(daemons);
}

static void on_daemon_row(void *context, const struct db_row *row) {
  struct fleet *fleet = context;
  fleet->read = memory_resize(fleet->read, sizeof *fleet->read * ((size_t)fleet->read_count + 1));
  fleet->read[fleet->read_count++] =
      (struct health_daemon){.member = slice_copy(db_row_text(row, 1)),
                             .is_self = slice_equals(db_row_text(row, 0), fleet->id),
                             .is_other = !slice_equals(db_row_text(row, 2), fleet->digest),
                             .slots = db_row_int(row, 3)};
}

/* Daemons that do not agree on the work leave organizations to nobody, or change them back and forth. */
static void tell_others(struct fleet *fleet) {
  char note[LOG_THROTTLE_NOTE_BYTES];
  const char *member = NULL;
  for (int i = 0; i < fleet->daemon_count; i++)
    if (fleet->daemons[i].is_other && !fleet->daemons[i].is_self)
      member = fleet->daemons[i].member;
  if (member != NULL && log_throttle_failed(&fleet->other, now_ms(fleet), "", note))
    log_write(
        fleet->options.shared->log, LOG_LEVEL_WARNING,
        "the configuration of \"%s\" in the fleet differs from this daemon's in organizations or settings: give all "
        "daemons the same%s",
        member, note);
  else if (member == NULL && log_throttle_over(&fleet->other, now_ms(fleet), note))
    log_write(fleet->options.shared->log, LOG_LEVEL_WARNING, "all configurations in the fleet are the same again %s",
              note);
}

static void on_daemons(void *context, const struct error *error) {
  struct fleet *fleet = context;
  struct health_daemon *dropped = error == NULL ? fleet->daemons : fleet->read;
  int dropped_count = error == NULL ? fleet->daemon_count : fleet->read_count;
  if (error == NULL) {
    fleet->daemons = fleet->read;
    fleet->daemon_count = fleet->read_count;
  }
  forget_daemons(dropped, dropped_count);
  fleet->read = NULL;
  fleet->read_count = 0;
  if (arrived(fleet) && error == NULL && !fleet->leaving)
    tell_others(fleet);
}

/* ---- heartbeats ---- */

static void on_beat_row(void *context, const struct db_row *row) {
  struct fleet *fleet = context;
  fleet->share = db_row_int(row, 2);
  fleet->ended = db_row_int(row, 3);
  db_row_put(row, 4, fleet->kept_role, sizeof fleet->kept_role);
  if (!db_row_is_null(row, 0))
    slots_tell(&fleet->slots, (int)db_row_int(row, 0), db_row_int(row, 1));
}

static void tell_moved(struct fleet *fleet, const struct slots_moved *moved) {
  struct log *log = fleet->options.shared->log;
  if (fleet->ended > 0)
    log_write(log, LOG_LEVEL_WARNING, "a daemon of the fleet is gone: its sessions were ended sessions=%" PRId64,
              fleet->ended);
  if (fleet->kept_role[0] != '\0')
    log_write(
        log, LOG_LEVEL_WARNING,
        "a daemon of the fleet is gone, and its sessions are of the role \"%s\", which this daemon's may not end: "
        "what they hold is free within 30 s; grant \"%s\" to it, or give all daemons one role",
        fleet->kept_role, fleet->kept_role);
  if (moved->taken + moved->leaving + moved->lost > 0)
    log_write(log, LOG_LEVEL_INFO, "slots of the fleet move taken=%d given_back=%d lost=%d owned=%d", moved->taken,
              moved->leaving, moved->lost, slots_count(&fleet->slots, "owned"));
}

static void note_failure(struct fleet *fleet, const struct error *error) {
  char note[LOG_THROTTLE_NOTE_BYTES];
  if (strcmp(error->code, "25006") == 0)
    db_drop(fleet->db, "the server is read-only");
  /* While the database is away, that is the monitor's to tell. */
  bool ours = error->kind != ERROR_UNREACHABLE || database_monitor_is_open(fleet->options.database_monitor);
  fleet->refused = ours ? *error : (struct error){.kind = ERROR_NONE};
  if (ours && log_throttle_failed(&fleet->failure, now_ms(fleet), error->text, note))
    log_write(fleet->options.shared->log, LOG_LEVEL_ERROR, "could not give the fleet a sign of life: %s%s", error->text,
              note);
}

static void note_success(struct fleet *fleet) {
  char note[LOG_THROTTLE_NOTE_BYTES];
  fleet->refused.kind = ERROR_NONE;
  if (log_throttle_over(&fleet->failure, now_ms(fleet), note))
    log_write(fleet->options.shared->log, LOG_LEVEL_WARNING, "the fleet gets signs of life again %s", note);
  if (log_throttle_over(&fleet->quiet, now_ms(fleet), note))
    log_write(fleet->options.shared->log, LOG_LEVEL_WARNING, "a heartbeat was answered again %s", note);
}

static void on_beat_done(void *context, const struct error *error) {
  struct fleet *fleet = context;
  int64_t ttl_ms = fleet->slots.ttl_ms;
  fleet->beating = false;
  if (!arrived(fleet) || fleet->leaving)
    return;
  if (error != NULL) {
    note_failure(fleet, error);
    timer_start(fleet->beat, ttl_ms / TRIES_A_TTL);
    return;
  }
  struct slots_moved moved = slots_hear(&fleet->slots, fleet->sent_ms, (int)fleet->share);
  note_success(fleet);
  tell_moved(fleet, &moved);
  int64_t next_ms = fleet->sent_ms + ttl_ms / BEATS_A_TTL - now_ms(fleet);
  timer_start(fleet->beat, next_ms > 0 ? next_ms : 0);
  timer_start(fleet->silence, slots_silent_at_ms(&fleet->slots) - now_ms(fleet));
  fleet->options.moved(fleet->options.context);
}

static void append_pid(struct buffer *pids, const struct db *db) {
  int pid = db_backend_pid(db);
  if (pid != 0)
    db_array_append_number(pids, pid);
}

void fleet_beat(struct fleet *fleet) {
  const struct sweep_context *shared = &fleet->generation->shared;
  struct buffer pids;
  timer_start(fleet->beat, fleet->slots.ttl_ms / BEATS_A_TTL); /* in any case */
  if (fleet->beating || fleet->leaving || !database_monitor_is_open(fleet->options.database_monitor))
    return;
  buffer_init(&pids, TELL_BYTES_MAX);
  append_pid(&pids, fleet->db);
  append_pid(&pids, shared->watch);
  for (int i = 0; i < shared->writer_count; i++)
    if (shared->writers[i] != shared->watch)
      append_pid(&pids, shared->writers[i]);
  db_array_close(&pids);
  struct db_statement heartbeat = {.sql = sql_query_fleet_heartbeat,
                                   .count = 5,
                                   .values = {slice_of(fleet->id), slice_of(fleet->generation->config->fleet.member),
                                              slice_of(fleet->digest), slice_of(fleet->ttl), buffer_slice(&pids)},
                                   .prepare = true};
  struct db_statement daemons = {.sql = sql_query_fleet_daemons, .prepare = true};
  fleet->beating = true;
  fleet->sent_ms = now_ms(fleet);
  slots_ask(&fleet->slots);
  ask(fleet, &heartbeat, on_beat_row, on_beat_done);
  ask(fleet, &daemons, on_daemon_row, on_daemons);
  buffer_finish(&pids);
}

static void on_beat(void *context) { fleet_beat(context); }

static void on_silence(void *context) {
  struct fleet *fleet = context;
  char note[LOG_THROTTLE_NOTE_BYTES];
  if (fleet->leaving || !slots_listen(&fleet->slots, now_ms(fleet)))
    return;
  if (log_throttle_failed(&fleet->quiet, now_ms(fleet), "", note))
    log_write(fleet->options.shared->log, LOG_LEVEL_WARNING,
              "no heartbeat was answered for half of \"fleet.ttl\": nothing new is begun until one is%s", note);
  fleet->options.moved(fleet->options.context);
}

/* ---- what is given back ---- */

static void on_given_back(void *context, const struct error *error) {
  struct fleet *fleet = context;
  fleet->returning = false;
  if (arrived(fleet))
    slots_given_back(&fleet->slots, error == NULL);
}

void fleet_release(struct fleet *fleet, const bool drained[SLOTS]) {
  struct buffer list;
  if (fleet->returning || fleet->leaving)
    return;
  buffer_init(&list, TELL_BYTES_MAX);
  for (int slot = 0; slot < SLOTS; slot++)
    if (drained[slot] && slots_departs(&fleet->slots, slot) && slots_release(&fleet->slots, slot))
      db_array_append_number(&list, slot);
  fleet->returning = list.length > 0;
  db_array_close(&list);
  struct db_statement statement = {.sql = sql_query_fleet_give_back,
                                   .count = 2,
                                   .values = {slice_of(fleet->id), buffer_slice(&list)},
                                   .prepare = true};
  if (fleet->returning)
    ask(fleet, &statement, NULL, on_given_back);
  buffer_finish(&list);
}

/* ---- the whole ---- */

static void name_self(struct fleet *fleet) {
  struct random *random = fleet->options.shared->random;
  uint64_t high = (uint64_t)random_between(random, INT64_MIN, INT64_MAX),
           low = (uint64_t)random_between(random, INT64_MIN, INT64_MAX);
  snprintf(fleet->id, sizeof fleet->id, "%08x-%04x-4%03x-%04x-%012" PRIx64, (unsigned)(high >> 32),
           (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xfff), (unsigned)(low >> 48 & 0x3fff) | 0x8000,
           low & 0xffffffffffff);
}

void fleet_use(struct fleet *fleet, const struct generation *generation) {
  fleet->generation = generation;
  strcpy(fleet->digest, "\\x"); /* as PostgreSQL reads and writes a bytea */
  text_hex(generation->digest, HASH_BYTES, fleet->digest + 2);
}

bool fleet_serves_both(const struct config *left, const struct config *right) {
  return left->fleet.enabled == right->fleet.enabled && left->fleet.ttl_ms == right->fleet.ttl_ms &&
         connections_same_sessions(left, right);
}

/* A heartbeat that hangs is given up while there is time for another one. */
static int64_t answer_timeout_ms(int64_t ttl_ms) {
  return ttl_ms / BEATS_A_TTL > ANSWER_AT_LEAST_MS ? ttl_ms / BEATS_A_TTL : ANSWER_AT_LEAST_MS;
}

struct fleet *fleet_create(const struct fleet_options *options, const struct generation *generation) {
  struct fleet *fleet = memory_allocate(sizeof *fleet);
  *fleet = (struct fleet){.options = *options};
  name_self(fleet);
  fleet_use(fleet, generation);
  slots_init(&fleet->slots, generation->config->fleet.ttl_ms);
  snprintf(fleet->ttl, sizeof fleet->ttl, "%" PRId64 " ms", fleet->slots.ttl_ms);
  fleet->db =
      connections_open_session(options->shared->loop, generation->config, answer_timeout_ms(fleet->slots.ttl_ms));
  fleet->beat = timer_open(options->shared->loop, on_beat, fleet);
  fleet->silence = timer_open(options->shared->loop, on_silence, fleet);
  return fleet;
}

static void finish(struct fleet *fleet) {
  forget_daemons(fleet->daemons, fleet->daemon_count);
  forget_daemons(fleet->read, fleet->read_count);
  memory_free(fleet);
}

void fleet_destroy(struct fleet *fleet) {
  if (fleet == NULL)
    return;
  fleet->leaving = fleet->doomed = true;
  timer_close(fleet->beat);
  timer_close(fleet->silence);
  db_destroy(fleet->db);
  if (fleet->under_way == 0)
    finish(fleet);
}

static void on_left(void *context, const struct error *error) {
  struct fleet *fleet = context;
  void (*left)(void *) = fleet->left;
  void *left_context = fleet->left_context;
  if (!arrived(fleet))
    return;
  if (error != NULL)
    log_write(fleet->options.shared->log, LOG_LEVEL_WARNING, "could not give the slots of the fleet back: %s",
              error->text);
  fleet_destroy(fleet);
  if (left != NULL)
    left(left_context);
}

void fleet_leave(struct fleet *fleet, void (*done)(void *context), void *context) {
  struct db_statement leave = {.sql = sql_query_fleet_leave, .count = 1, .values = {slice_of(fleet->id)}};
  fleet->leaving = true;
  fleet->left = done;
  fleet->left_context = context;
  timer_stop(fleet->beat);
  timer_stop(fleet->silence);
  ask(fleet, &leave, NULL, on_left);
}

void fleet_abandon(struct fleet *fleet) { db_drop(fleet->db, "stopping"); }

bool fleet_is_known(const struct fleet *fleet) { return fleet->slots.heard; }
const struct slots *fleet_slots(const struct fleet *fleet) { return &fleet->slots; }
struct db *fleet_session(const struct fleet *fleet) {
  return fleet->db;
}

const struct health_fleet *fleet_health(struct fleet *fleet) {
  fleet->health = (struct health_fleet){.member = fleet->generation->config->fleet.member,
                                        .owned = slots_count(&fleet->slots, "owned"),
                                        .draining = slots_count(&fleet->slots, "draining"),
                                        .foreign = slots_count(&fleet->slots, "foreign"),
                                        .daemons = fleet->daemons,
                                        .daemon_count = fleet->daemon_count};
  return &fleet->health;
}

const char *fleet_refusal(const struct fleet *fleet) {
  bool silent = now_ms(fleet) >= slots_silent_at_ms(&fleet->slots);
  return silent && fleet->refused.kind != ERROR_NONE ? fleet->refused.text : NULL;
}
