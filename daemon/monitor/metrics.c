/* A slice is one metric of some organizations. */
#include "monitor/metrics.h"
#include "monitor/exposition.h"
#include "monitor/membership.h"
#include "monitor/organization_metrics.h"
#include "remote/api_request.h"
#include <stdio.h>

enum { SLICE_ORGANIZATIONS = 500 };

struct row {
  const char *words[3];
  double value; /* negative: not known */
};

static void write_rows(const struct row *rows, size_t count, struct buffer *text) {
  for (size_t i = 0; i < count; i++)
    if (rows[i].value >= 0)
      exposition_single(text, rows[i].words, rows[i].value);
}

/* Nothing before the database has told its time. */
static void write_clocks(const struct health *health, struct buffer *text) {
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
  for (size_t i = 0; health->database_us != 0 && i < sizeof rows / sizeof *rows; i++) {
    exposition_head(text, rows[i].words[0], rows[i].words[1], rows[i].words[2]);
    buffer_append_format(text, "%s %.6f\n", rows[i].words[0], (double)rows[i].value_us / 1e6);
  }
}

static void write_states(const struct health *health, struct buffer *text) {
  static const char name[] = "closesyncd_organizations";
  int64_t counts[HEALTH_STATES] = {0};
  for (int i = 0; i < health->organization_count; i++)
    counts[health_state(health, health->organizations[i])]++;
  exposition_head(text, name, "gauge", "Organizations by state; each counts once.");
  for (int i = 0; i < HEALTH_STATES; i++)
    exposition_sample(text, name, NULL, (const char *[]){"state", health_state_name((enum health_state)i)}, counts[i]);
}

static void write_daemon(const struct health *health, struct buffer *text) {
  const struct row rows[] = {
      {{"closesyncd_database_up", "gauge", "Whether PostgreSQL can be reached."}, health->database_up ? 1 : 0},
      {{"closesyncd_config_last_reload_successful", "gauge", "Whether the last reload was taken."},
       health->reload_refused ? 0 : 1},
      {{"closesyncd_config_last_reload_success_timestamp_seconds", "gauge",
        "When the configuration in force was read."},
       (double)health->reloaded_s},
      {{"closesyncd_loop_longest_turn_seconds", "gauge",
        "CPU time of the event loop's longest turn since the last scrape."},
       (double)health->longest_turn_us / 1e6},
  };
  exposition_head(text, "closesyncd_build_info", "gauge", "The version that runs; always 1.");
  buffer_append_text(text, "closesyncd_build_info{version=\"" CLOSESYNCD_VERSION "\"} 1\n");
  write_rows(rows, sizeof rows / sizeof *rows, text);
  write_clocks(health, text);
  write_states(health, text);
  membership_write_metrics(health->fleet, text);
  exposition_histogram(text, "closesyncd_sweep_duration_seconds", "How long sweeps took, all organizations together.",
                       health_bounds_ms, &health->sweeps);
  exposition_histogram(text, "closesyncd_request_duration_seconds",
                       "How long requests to Close took, all organizations together.", api_request_bounds_ms,
                       &health->requests);
}

static void write_process(const struct process_stats *process_stats, struct buffer *text) {
  const struct row rows[] = {
      {{"process_cpu_seconds_total", "counter", "User and system CPU time."}, process_stats->cpu_seconds},
      {{"process_resident_memory_bytes", "gauge", "Resident memory."}, (double)process_stats->resident_bytes},
      {{"process_virtual_memory_bytes", "gauge", "Virtual memory."}, (double)process_stats->virtual_bytes},
      {{"process_open_fds", "gauge", "Open file descriptors."}, (double)process_stats->open_fds},
      {{"process_max_fds", "gauge", "Most file descriptors that may be open."}, (double)process_stats->max_fds},
      {{"process_start_time_seconds", "gauge", "When the process started."}, process_stats->start_time_s},
  };
  write_rows(rows, sizeof rows / sizeof *rows, text);
}

/* Adds some organizations to the total; false: that were all. */
static bool add_slice(struct metrics *metrics) {
  const struct health *health = metrics->health;
  for (int i = 0; i < SLICE_ORGANIZATIONS && metrics->organization < health->organization_count; i++)
    organization_metrics_add(&metrics->total, health->organizations[metrics->organization++]);
  return metrics->organization < health->organization_count;
}

static void write_total(const struct health_organization *total, struct buffer *text) {
  const struct organization_metric *metric;
  for (size_t i = 0; (metric = organization_metric(i)) != NULL; i++)
    if (metric->adds_up) {
      exposition_head(text, metric->name, metric->type, metric->help);
      organization_metric_write(metric, total, text);
    }
}

/* Some organizations of one metric. */
static void write_slice(struct metrics *metrics, const struct organization_metric *metric, struct buffer *text) {
  const struct health *health = metrics->health;
  if (metrics->organization == 0)
    exposition_head(text, metric->name, metric->type, metric->help);
  for (int i = 0; i < SLICE_ORGANIZATIONS && metrics->organization < health->organization_count; i++)
    organization_metric_write(metric, health->organizations[metrics->organization++], text);
  if (metrics->organization < health->organization_count)
    return;
  metrics->organization = 0;
  metrics->metric++;
}

bool metrics_more(struct metrics *metrics, struct buffer *text) {
  const struct organization_metric *metric = metrics->totals ? NULL : organization_metric(metrics->metric);
  if (!metrics->begun) {
    metrics->begun = true;
    write_daemon(metrics->health, text);
    return true;
  }
  if (metric != NULL) {
    write_slice(metrics, metric, text);
    return true;
  }
  if (metrics->totals && add_slice(metrics))
    return true;
  if (metrics->totals)
    write_total(&metrics->total, text);
  if (metrics->process_stats != NULL)
    write_process(metrics->process_stats, text);
  return false;
}
