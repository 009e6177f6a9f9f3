#include "schedule/job.h"
#include "base/memory.h"

/* What this file is for: what is known of one organization beside its mirror. It promises one log line per event, and that a
 * failure that repeats is said once and then counted. */

struct job *job_create(struct scheduler *scheduler, const struct config_organization *organization, int64_t now_ms) {
  struct job *job = memory_allocate(sizeof *job);
  *job =
      (struct job){.scheduler = scheduler, .organization = organization, .name = memory_copy_text(organization->name)};
  write_behind_init(&job->write_behind);
  health_organization_init(&job->health, job->name, organization->interval_ms, now_ms);
  return job;
}

void job_destroy(struct job *job) {
  timer_close(job->timer);
  write_behind_finish(&job->write_behind);
  memory_free(job->name);
  memory_free(job->organization_id);
  memory_free(job->error);
  memory_free(job);
}

static void keep_text(char **place, const char *text) {
  memory_free(*place);
  *place = text == NULL ? NULL : memory_copy_text(text);
}

static void count_requests(struct health_organization *health, const struct api_request_traffic *traffic) {
  for (int i = 0; i < API_REQUEST_CODES && traffic->codes[i].status != 0; i++)
    for (int j = 0; j < traffic->codes[i].requests; j++)
      health_count_request(health, traffic->codes[i].status);
  health->other_requests += traffic->others;
  for (int i = 0; i < traffic->unanswered; i++)
    health_count_request(health, 0);
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

enum pace_ending job_take(struct job *job, struct log *log, struct health *health, const struct report *report,
                          const struct api_request_traffic *traffic) {
  char note[LOG_THROTTLE_NOTE_BYTES];
  bool well = report->error.kind == ERROR_NONE;
  bool database = report->error.kind == ERROR_DATABASE || report->error.kind == ERROR_UNREACHABLE;
  if (report->busy || report->error.kind == ERROR_CANCELLED) {
    if (report->busy)
      skip_turn(job, log, report, health->now_ms);
    return PACE_WELL;
  }
  job->skipped = (struct log_throttle){0};
  job->key_dead = report->key_dead;
  if (report->organization_id != NULL)
    keep_text(&job->organization_id, report->organization_id);
  keep_text(&job->error, well ? NULL : report->error.text);
  job->health.organization_id = job->organization_id;
  job->health.error = job->error;
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
