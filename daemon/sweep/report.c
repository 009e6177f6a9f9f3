/* The one place where a sweep's result becomes words. It promises that no address and no secret is in them: names, ids and counts only. */
#include "sweep/report.h"
#include "base/memory.h"

void report_finish(struct report *report) {
  memory_free(report->organization_id);
  changes_destroy(report->changes);
  *report = (struct report){0};
}

void report_write_json(const struct report *report, struct json *json) {
  json_text(json, "organization", report->organization);
  json_text(json, "organization_id", report->organization_id);
  json_text(json, "outcome", outcome_name(report->outcome));
  json_integer(json, "accounts", report->accounts);
  json_integer(json, "added", report->added);
  json_integer(json, "changed", report->changed);
  json_integer(json, "removed", report->removed);
  json_integer(json, "rejected", report->rejected);
  json_integer(json, "repaired", report->repaired);
  json_integer(json, "rescoped", report->rescoped);
  json_integer(json, "requests", report->requests);
  json_text(json, "error", report->error.kind == ERROR_NONE ? NULL : report->error.text);
}

enum log_event report_event(const struct report *report) {
  static const enum log_event events[] = {[OUTCOME_UNCHANGED] = LOG_EVENT_NONE,
                                          [OUTCOME_CHANGED] = LOG_EVENT_CHANGED,
                                          [OUTCOME_INCOMPLETE] = LOG_EVENT_INCOMPLETE,
                                          [OUTCOME_GUARDED] = LOG_EVENT_GUARDED,
                                          [OUTCOME_FAILED] = LOG_EVENT_FAILED};
  return report->key_dead ? LOG_EVENT_KEY_REFUSED : events[report->outcome];
}

void report_log(const struct report *report, struct log *log) {
  enum log_level level = report->outcome >= OUTCOME_INCOMPLETE ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO;
  if (report->outcome == OUTCOME_FAILED)
    level = LOG_LEVEL_ERROR;
  else if (report->outcome == OUTCOME_UNCHANGED)
    level = LOG_LEVEL_DEBUG;
  log_event(log, report_event(report), level,
            "%s%ssweep %s organization=%s organization_id=%s accounts=%lld added=%lld changed=%lld removed=%lld "
            "rejected=%lld "
            "repaired=%lld rescoped=%lld requests=%d ms=%lld",
            report->error.kind == ERROR_NONE ? "" : report->error.text, report->error.kind == ERROR_NONE ? "" : ": ",
            outcome_name(report->outcome), report->organization,
            report->organization_id == NULL ? "-" : report->organization_id, (long long)report->accounts,
            (long long)report->added, (long long)report->changed, (long long)report->removed,
            (long long)report->rejected, (long long)report->repaired, (long long)report->rescoped, report->requests,
            (long long)report->elapsed_ms);
}
