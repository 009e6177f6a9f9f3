#include "sweep/report.h"
#include "base/memory.h"

/* What this file is for: the one place where a sweep's result becomes words. It promises that no address and no secret is in them:
 * names, ids and counts only. */

void report_finish(struct report *report) {
  memory_free(report->organization_id);
  changes_destroy(report->changes);
  *report = (struct report){0};
}

static bool append_text_or_null(struct buffer *text, const char *value) {
  return value == NULL ? buffer_append_text(text, "null") : text_append_json(text, slice_of(value));
}

bool report_begin_json(const struct report *report, struct buffer *text) {
  const char *error = report->error.kind == ERROR_NONE ? NULL : report->error.text;
  return buffer_append_text(text, "{\"organization\": ") && text_append_json(text, slice_of(report->organization)) &&
         buffer_append_text(text, ", \"organization_id\": ") && append_text_or_null(text, report->organization_id) &&
         buffer_append_format(
             text,
             ", \"outcome\": \"%s\", \"accounts\": %lld, \"added\": %lld, \"changed\": %lld, "
             "\"removed\": %lld, \"rejected\": %lld, \"repaired\": %lld, \"requests\": %d, \"error\": ",
             outcome_name(report->outcome), (long long)report->accounts, (long long)report->added,
             (long long)report->changed, (long long)report->removed, (long long)report->rejected,
             (long long)report->repaired, report->requests) &&
         append_text_or_null(text, error);
}

void report_log(const struct report *report, struct log *log) {
  enum log_level level = report->outcome >= OUTCOME_INCOMPLETE ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO;
  if (report->outcome == OUTCOME_FAILED)
    level = LOG_LEVEL_ERROR;
  else if (report->outcome == OUTCOME_UNCHANGED)
    level = LOG_LEVEL_DEBUG;
  log_write(log, level,
            "%s%ssweep %s organization=%s organization_id=%s accounts=%lld added=%lld changed=%lld removed=%lld "
            "rejected=%lld "
            "repaired=%lld requests=%d ms=%lld",
            report->error.kind == ERROR_NONE ? "" : report->error.text, report->error.kind == ERROR_NONE ? "" : ": ",
            outcome_name(report->outcome), report->organization,
            report->organization_id == NULL ? "-" : report->organization_id, (long long)report->accounts,
            (long long)report->added, (long long)report->changed, (long long)report->removed,
            (long long)report->rejected, (long long)report->repaired, report->requests, (long long)report->elapsed_ms);
}
