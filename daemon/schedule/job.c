#include "schedule/job.h"
#include "base/memory.h"

/* What this file is for: what is known of one organization beside its mirror. It promises one log line per event, and that a
 * failure that repeats is said once and then counted. */

void post_list_push(struct post_list *list, struct post *post) {
  post->next = NULL;
  post->previous = list->last;
  *(list->last == NULL ? &list->first : &list->last->next) = post;
  list->last = post;
  list->count++;
}

void post_list_remove(struct post_list *list, struct post *post) {
  *(post->previous == NULL ? &list->first : &post->previous->next) = post->next;
  *(post->next == NULL ? &list->last : &post->next->previous) = post->previous;
  list->count--;
}

struct post *post_create(struct scheduler *scheduler, const struct config_organization *organization, int64_t now_ms) {
  struct post *post = memory_allocate(sizeof *post);
  *post =
      (struct post){.scheduler = scheduler, .organization = organization, .name = memory_copy_text(organization->name)};
  ledger_init(&post->ledger);
  health_organization_init(&post->health, post->name, organization->interval_ms, now_ms);
  return post;
}

void post_destroy(struct post *post) {
  timer_close(post->timer);
  ledger_finish(&post->ledger);
  memory_free(post->name);
  memory_free(post->organization_id);
  memory_free(post->error);
  memory_free(post);
}

static void keep_text(char **place, const char *text) {
  memory_free(*place);
  *place = text == NULL ? NULL : memory_copy_text(text);
}

static void count_requests(struct health_organization *health, const struct exchange_traffic *traffic) {
  for (int i = 0; i < EXCHANGE_CODES && traffic->codes[i].status != 0; i++)
    for (int j = 0; j < traffic->codes[i].requests; j++)
      health_count_request(health, traffic->codes[i].status);
  for (int i = 0; i < traffic->unanswered; i++)
    health_count_request(health, 0);
}

static void log_trouble(struct post *post, struct log *log, const struct report *report, int64_t now_ms) {
  char note[OUTAGE_NOTE_BYTES];
  if (outage_failed(&post->outage, now_ms, report->error.text, note))
    log_write(log, report->outcome == OUTCOME_FAILED ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
              "%s%s organization=%s organization_id=%s outcome=%s", report->error.text, note, post->name,
              post->organization_id == NULL ? "-" : post->organization_id, outcome_name(report->outcome));
}

/* Another process is at it: this turn is skipped, which is no failure (contract 5.10). */
static void skip_turn(struct post *post, struct log *log, const struct report *report, int64_t now_ms) {
  char note[OUTAGE_NOTE_BYTES];
  if (outage_failed(&post->skipped, now_ms, "busy", note))
    log_write(log, LOG_LEVEL_WARNING, "a turn is skipped: %s%s organization=%s", report->error.text, note, post->name);
}

enum pace_ending post_take(struct post *post, struct log *log, struct health *health, const struct report *report,
                           const struct exchange_traffic *traffic) {
  char note[OUTAGE_NOTE_BYTES];
  bool well = report->error.kind == ERROR_NONE;
  bool database = report->error.kind == ERROR_DATABASE || report->error.kind == ERROR_UNREACHABLE;
  if (report->busy || report->error.kind == ERROR_CANCELLED) {
    if (report->busy)
      skip_turn(post, log, report, health->now_ms);
    return PACE_WELL;
  }
  post->skipped = (struct outage){0};
  if (report->organization_id != NULL)
    keep_text(&post->organization_id, report->organization_id);
  keep_text(&post->error, well ? NULL : report->error.text);
  post->health.organization_id = post->organization_id;
  post->health.error = post->error;
  post->health.removals_held = report->held;
  health_count_sweep(health, &post->health, report);
  count_requests(&post->health, traffic);
  if (!well && !database) /* the database's trouble is told once, by access */
    log_trouble(post, log, report, health->now_ms);
  else if (well && outage_over(&post->outage, health->now_ms, note))
    log_write(log, LOG_LEVEL_WARNING, "sweeps are well again %s organization=%s", note, post->name);
  if (well)
    report_log(report, log);
  if (report->outcome == OUTCOME_FAILED || report->outcome == OUTCOME_INCOMPLETE)
    return report->key_dead ? PACE_DEAD_KEY : PACE_FAILED;
  return PACE_WELL;
}
