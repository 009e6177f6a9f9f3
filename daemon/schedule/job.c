/* What is known of one organization beside its mirror. It promises one log line per event, and that a failure that repeats is said
 * once and then counted. */
#include "schedule/job.h"
#include "base/memory.h"
#include "base/moment.h"

enum { STEP_TOLERATED_US = 1000 * 1000 };

struct job *job_create(struct scheduler *scheduler, const struct config_organization *organization, int64_t now_ms) {
  struct job *job = memory_allocate(sizeof *job);
  *job = (struct job){
      .scheduler = scheduler, .organization = organization, .slot = -1, .name = memory_copy_text(organization->name)};
  write_behind_init(&job->write_behind);
  health_organization_init(&job->health, job->name, organization->interval_ms, now_ms);
  return job;
}

void job_destroy(struct job *job) {
  timer_close(job->timer);
  write_behind_forget_digests(&job->write_behind);
  memory_free(job->name);
  memory_free(job->organization_id);
  memory_free(job->error);
  memory_free(job);
}

void job_name_organization(struct job *job, struct slice id) {
  memory_free(job->organization_id);
  job->organization_id = slice_copy(id);
  job->health.organization_id = job->organization_id;
}

int64_t job_gap_us(const struct job *job, const struct config *config) {
  return (config->sync.gap_ms > 0 ? config->sync.gap_ms : 3 * job->health.interval_ms) * 1000;
}

void job_tell_error(struct job *job, struct slice text) {
  memory_free(job->error);
  job->error = text.length == 0 ? NULL : slice_copy(text);
  job->health.error = job->error;
}

static void count_requests(struct health_organization *health, const struct api_request_traffic *traffic) {
  for (int i = 0; i < API_REQUEST_CODES && traffic->codes[i].status != 0; i++)
    health_count_requests(health, traffic->codes[i].status, traffic->codes[i].requests);
  health->other_requests += traffic->others;
  health_count_requests(health, 0, traffic->unanswered);
}

void job_look_at_token(struct job *job) {
  const struct token *token = job->way_in.token;
  struct token_view view = {0};
  job->health.has_token = token != NULL;
  if (token != NULL)
    view = token_look(token);
  job->health.authorize_needed = view.authorize_needed;
  job->health.token_expires_s = view.expires_s;
  job->health.token_refreshed_s = view.refreshed_s;
}

static void log_trouble(struct job *job, struct log *log, const struct report *report, int64_t now_ms) {
  char note[LOG_THROTTLE_NOTE_BYTES];
  if (log_throttle_failed(&job->log_throttle, now_ms, report->error.text, note))
    log_event(log, report_event(report), report->outcome == OUTCOME_FAILED ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
              "%s%s organization=%s organization_id=%s outcome=%s", report->error.text, note, job->name,
              job->organization_id == NULL ? "-" : job->organization_id, outcome_name(report->outcome));
}

/* Another process is at it: this turn is skipped, which is no failure (contract 5.10). */
static void skip_turn(struct job *job, struct log *log, const struct report *report, int64_t now_ms) {
  char note[LOG_THROTTLE_NOTE_BYTES];
  if (log_throttle_failed(&job->skipped, now_ms, "busy", note))
    log_event(log, LOG_EVENT_SKIPPED, LOG_LEVEL_WARNING, "a turn is skipped: %s%s organization=%s", report->error.text,
              note, job->name);
}

/* observed_at never goes back, so until the clock has passed what was recorded last, it stands still. */
static void note_clock(struct job *job, struct log *log, struct health *health, const struct report *report) {
  char database[MOMENT_TEXT_BYTES], newest[MOMENT_TEXT_BYTES], note[LOG_THROTTLE_NOTE_BYTES];
  if (report->database_us == 0)
    return;
  int64_t ahead_us = report->newest_us - report->database_us;
  health->database_us = report->database_us;
  health->machine_us = report->machine_us;
  job->health.ahead_us = ahead_us > STEP_TOLERATED_US ? ahead_us : 0;
  moment_format(report->database_us, database);
  moment_format(report->newest_us, newest);
  if (job->health.ahead_us > 0) {
    if (log_throttle_failed(&job->back, health->now_ms, "", note))
      log_write(log, LOG_LEVEL_WARNING,
                "the database's clock went back: it is %s, what was recorded last is of %s, and observed_at stands "
                "still until "
                "then%s organization=%s",
                database, newest, note, job->name);
  } else if (log_throttle_over(&job->back, health->now_ms, note)) {
    log_write(log, LOG_LEVEL_WARNING, "the database's clock has passed what was recorded last %s organization=%s", note,
              job->name);
  }
}

enum pace_ending job_take(struct job *job, struct log *log, struct health *health, const struct report *report,
                          const struct api_request_traffic *traffic) {
  char note[LOG_THROTTLE_NOTE_BYTES];
  bool well = report->error.kind == ERROR_NONE;
  bool database = report->error.kind == ERROR_DATABASE || report->error.kind == ERROR_UNREACHABLE;
  note_clock(job, log, health, report);
  histogram_add(&health->requests, &traffic->durations);
  if (report->database_us != 0) { /* the database told where the organization stands */
    job->health.history_verified_s = report->history_verified_s;
    job->health.history_is_proven = report->history_is_proven;
  }
  if (report->busy || report->error.kind == ERROR_CANCELLED) {
    if (report->busy) {
      job->health.skipped_turns++;
      skip_turn(job, log, report, health->now_ms);
    }
    return PACE_WELL;
  }
  job->skipped = (struct log_throttle){0};
  job->key_dead = job->health.key_refused = report->key_dead;
  if (report->organization_id != NULL)
    job_name_organization(job, slice_of(report->organization_id));
  job_tell_error(job, slice_of(well ? "" : report->error.text));
  job->health.error_kind = report->error.kind;
  job->health.removals_held = report->held;
  health_count_sweep(health, &job->health, report);
  count_requests(&job->health, traffic);
  if (!well && !database) /* the database's trouble is told once, by the monitor */
    log_trouble(job, log, report, health->now_ms);
  else if (well && log_throttle_over(&job->log_throttle, health->now_ms, note))
    log_event(log, LOG_EVENT_RECOVERED, LOG_LEVEL_WARNING, "sweeps are well again %s organization=%s", note, job->name);
  if (well)
    report_log(report, log);
  if (report->outcome == OUTCOME_FAILED || report->outcome == OUTCOME_INCOMPLETE)
    return report->key_dead ? PACE_DEAD_KEY : PACE_FAILED;
  return PACE_WELL;
}
