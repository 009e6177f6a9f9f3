#include "monitor/metrics.h"
#include "monitor/membership.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What this file is for: every number under a stable name. It promises that all samples of a metric stand together, as the format
 * demands, so it walks the organizations once per metric; numbers and labels are put together by hand, for there may be 200,000. */

static bool append_label_value(struct buffer *text, const char *value) {
  struct slice rest = slice_of(value);
  bool fits = true;
  while (fits && rest.length > 0) {
    size_t skip, length = text_utf8_character(rest, &skip);
    if (length == 0)
      fits = buffer_append(text, "\xef\xbf\xbd", 3);
    else if (*rest.bytes == '\n')
      fits = buffer_append(text, "\\n", 2);
    else if (*rest.bytes == '"' || *rest.bytes == '\\')
      fits = buffer_append(text, (char[]){'\\', *rest.bytes}, 2);
    else
      fits = buffer_append(text, rest.bytes, length);
    rest.bytes += length ? length : skip;
    rest.length -= length ? length : skip;
  }
  return fits;
}

static bool append_number(struct buffer *text, int64_t number) {
  char digits[24];
  char *at = digits + sizeof digits;
  uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
  *--at = '\n';
  do
    *--at = (char)('0' + rest % 10);
  while ((rest /= 10) > 0);
  if (number < 0)
    *--at = '-';
  return buffer_append(text, at, (size_t)(digits + sizeof digits - at));
}

static bool append_head(struct buffer *text, const char *name, const char *type, const char *help) {
  return buffer_append_format(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* name{organization="acme",LABEL="VALUE"} NUMBER; `label` NULL: organization only. */
static bool append_sample(struct buffer *text, const char *name, const struct health_organization *organization,
                          const char *const label[2], int64_t number) {
  bool fits = buffer_append_text(text, name) && buffer_append_text(text, "{organization=\"") &&
              append_label_value(text, organization->name);
  if (label != NULL)
    fits = fits && buffer_append_text(text, "\",") && buffer_append_text(text, label[0]) &&
           buffer_append_text(text, "=\"") && append_label_value(text, label[1]);
  return fits && buffer_append_text(text, "\"} ") && append_number(text, number);
}

typedef bool samples_fn(const struct health_organization *organization, const char *name, struct buffer *text);

static bool write_accounts(const struct health_organization *organization, const char *name, struct buffer *text) {
  bool fits = true;
  for (int i = 0; fits && i < HEALTH_TYPES && organization->types[i].name[0] != '\0'; i++)
    fits = append_sample(text, name, organization, (const char *[]){"type", organization->types[i].name},
                         organization->types[i].accounts);
  if (organization->other_accounts > 0) /* Close has no type of this name */
    fits = fits &&
           append_sample(text, name, organization, (const char *[]){"type", "_other"}, organization->other_accounts);
  return fits;
}

static bool write_sweeps(const struct health_organization *organization, const char *name, struct buffer *text) {
  bool fits = true;
  for (int i = 0; fits && i < HEALTH_OUTCOMES; i++)
    fits = append_sample(text, name, organization, (const char *[]){"outcome", outcome_name((enum outcome)i)},
                         organization->sweeps[i]);
  return fits;
}

static bool write_changes(const struct health_organization *organization, const char *name, struct buffer *text) {
  return append_sample(text, name, organization, (const char *[]){"change", "added"}, organization->added) &&
         append_sample(text, name, organization, (const char *[]){"change", "changed"}, organization->changed) &&
         append_sample(text, name, organization, (const char *[]){"change", "removed"}, organization->removed);
}

static bool write_requests(const struct health_organization *organization, const char *name, struct buffer *text) {
  bool fits = true;
  for (int i = 0; fits && i < HEALTH_CODES && organization->codes[i].status != 0; i++) {
    char code[16];
    snprintf(code, sizeof code, "%d", organization->codes[i].status);
    fits = append_sample(text, name, organization, (const char *[]){"code", code}, organization->codes[i].requests);
  }
  if (organization->other_requests > 0)
    fits = fits &&
           append_sample(text, name, organization, (const char *[]){"code", "other"}, organization->other_requests);
  return fits &&
         append_sample(text, name, organization, (const char *[]){"code", "none"}, organization->unanswered_requests);
}

static bool write_last_success(const struct health_organization *organization, const char *name, struct buffer *text) {
  return append_sample(text, name, organization, NULL, organization->last_success_s);
}

static bool write_failures(const struct health_organization *organization, const char *name, struct buffer *text) {
  return append_sample(text, name, organization, NULL, organization->consecutive_failures);
}

static bool write_in_error(const struct health_organization *organization, const char *name, struct buffer *text) {
  bool fits = true;
  for (int i = 0; fits && i < HEALTH_DIRECTIONS; i++)
    fits = append_sample(text, name, organization,
                         (const char *[]){"direction", health_direction_name((enum health_direction)i)},
                         organization->in_error[i]);
  return fits;
}

static bool write_verified(const struct health_organization *organization, const char *name, struct buffer *text) {
  return append_sample(text, name, organization, NULL, organization->verified_at_s);
}

static bool write_skipped(const struct health_organization *organization, const char *name, struct buffer *text) {
  return append_sample(text, name, organization, NULL, organization->skipped_turns);
}

static bool write_held(const struct health_organization *organization, const char *name, struct buffer *text) {
  return append_sample(text, name, organization, NULL, organization->removals_held);
}

static bool write_rate_limit(const struct health_organization *organization, const char *name, struct buffer *text) {
  return organization->rate_limit_remaining < 0 ||
         append_sample(text, name, organization, NULL, organization->rate_limit_remaining);
}

static const struct {
  const char *name, *type, *help;
  samples_fn *write;
} families[] = {
    {"closesyncd_accounts", "gauge", "Connected accounts in the mirror.", write_accounts},
    {"closesyncd_accounts_in_error", "gauge", "Connected accounts that cannot send, receive or reach their calendar.",
     write_in_error},
    {"closesyncd_sweeps_total", "counter", "Sweeps that ended, by outcome.", write_sweeps},
    {"closesyncd_changes_total", "counter", "Changes written to the history.", write_changes},
    {"closesyncd_last_success_timestamp_seconds", "gauge", "When a sweep last ended well; 0 is never.",
     write_last_success},
    {"closesyncd_mirror_verify_timestamp_seconds", "gauge", "When a sweep last compared everything; 0 is never.",
     write_verified},
    {"closesyncd_consecutive_failures", "gauge", "Failed and incomplete sweeps since the last good one.",
     write_failures},
    {"closesyncd_skipped_turns_total", "counter", "Turns that were skipped because another process had the lock.",
     write_skipped},
    {"closesyncd_removals_held", "gauge", "Accounts that the removal guard holds back.", write_held},
    {"closesyncd_http_requests_total", "counter", "Requests to Close by status; none is no answer.", write_requests},
    {"closesyncd_rate_limit_remaining", "gauge", "Requests left in the present window, where known.", write_rate_limit},
};

static bool write_durations(const struct health *health, struct buffer *text) {
  static const char name[] = "closesyncd_sweep_duration_seconds";
  int64_t count = 0;
  bool fits = append_head(text, name, "histogram", "How long sweeps took, all organizations together.");
  for (int i = 0; fits && i < HEALTH_BUCKETS; i++) {
    count += health->durations[i];
    fits = buffer_append_format(text, "%s_bucket{le=\"%g\"} %" PRId64 "\n", name, (double)health_bounds_ms[i] / 1000,
                                count);
  }
  count += health->durations[HEALTH_BUCKETS];
  return fits && buffer_append_format(text, "%s_bucket{le=\"+Inf\"} %" PRId64 "\n%s_sum %.3f\n%s_count %" PRId64 "\n",
                                      name, count, name, (double)health->duration_sum_ms / 1000, name, count);
}

static bool write_single(struct buffer *text, const char *const words[3], double value) {
  return value < 0 ||
         (append_head(text, words[0], words[1], words[2]) && buffer_append_format(text, "%s %.15g\n", words[0], value));
}

/* Nothing before the database has told its time. */
static bool write_clocks(const struct health *health, struct buffer *text) {
  const struct {
    const char *words[3];
    int64_t value_us;
  } rows[] = {
      {{"closesyncd_database_clock_skew_seconds", "gauge", "How far the database's clock is ahead of this machine's."},
       health->database_us - health->machine_us},
      {{"closesyncd_database_clock_timestamp_seconds", "gauge", "The database's clock when it was last read."},
       health->database_us},
      {{"closesyncd_machine_clock_timestamp_seconds", "gauge", "This machine's clock at that moment."},
       health->machine_us},
      {{"closesyncd_database_clock_behind_seconds", "gauge",
        "How far it is behind what is recorded last; 0: it is not."},
       health_ahead_us(health)},
  };
  bool fits = true;
  for (size_t i = 0; health->database_us != 0 && fits && i < sizeof rows / sizeof *rows; i++)
    fits = append_head(text, rows[i].words[0], rows[i].words[1], rows[i].words[2]) &&
           buffer_append_format(text, "%s %.6f\n", rows[i].words[0], (double)rows[i].value_us / 1e6);
  return fits;
}

static bool write_process(const struct process_stats *process_stats, struct buffer *text) {
  const struct {
    const char *words[3];
    double value;
  } rows[] = {
      {{"process_cpu_seconds_total", "counter", "User and system CPU time."}, process_stats->cpu_seconds},
      {{"process_resident_memory_bytes", "gauge", "Resident memory."}, (double)process_stats->resident_bytes},
      {{"process_virtual_memory_bytes", "gauge", "Virtual memory."}, (double)process_stats->virtual_bytes},
      {{"process_open_fds", "gauge", "Open file descriptors."}, (double)process_stats->open_fds},
      {{"process_max_fds", "gauge", "Most file descriptors that may be open."}, (double)process_stats->max_fds},
      {{"process_start_time_seconds", "gauge", "When the process started."}, process_stats->start_time_s},
  };
  bool fits = true;
  for (size_t i = 0; fits && i < sizeof rows / sizeof *rows; i++)
    fits = write_single(text, rows[i].words, rows[i].value);
  return fits;
}

bool metrics_write(const struct health *health, const struct process_stats *process_stats, struct buffer *text) {
  bool fits =
      append_head(text, "closesyncd_build_info", "gauge", "The version that runs; always 1.") &&
      buffer_append_text(text, "closesyncd_build_info{version=\"" CLOSESYNCD_VERSION "\"} 1\n") &&
      write_single(text, (const char *[]){"closesyncd_database_up", "gauge", "Whether PostgreSQL can be reached."},
                   health->database_up ? 1 : 0) &&
      write_single(text,
                   (const char *[]){"closesyncd_loop_longest_turn_seconds", "gauge",
                                    "CPU time of the event loop's longest turn since the last scrape."},
                   (double)health->longest_turn_us / 1e6) &&
      write_clocks(health, text) && membership_write_metrics(health->fleet, text) && write_durations(health, text);
  for (size_t i = 0; fits && i < sizeof families / sizeof *families; i++) {
    fits = append_head(text, families[i].name, families[i].type, families[i].help);
    for (int k = 0; fits && k < health->organization_count; k++)
      fits = families[i].write(health->organizations[k], families[i].name, text);
  }
  return fits && (process_stats == NULL || write_process(process_stats, text));
}
