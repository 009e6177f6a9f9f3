/* The Prometheus text: golden, escaped, bounded, quick; and what promtool says of it, where it is installed. */
#include "monitor/metrics.h"
#include "monitor/routes.h"
#include "unit/monitor/health_fixture.h"
#include <stdio.h>
#include <unistd.h>

static bool write_as(const struct patient *patient, const struct process_stats *process_stats, bool totals,
                     struct buffer *text) {
  struct metrics metrics = {.health = &patient->health, .process_stats = process_stats, .totals = totals};
  while (metrics_more(&metrics, text))
    ;
  return buffer_fits(text);
}

static void write_all(const struct patient *patient, struct buffer *text, size_t limit) {
  struct process_stats process_stats;
  process_stats_read(&process_stats);
  buffer_init(text, limit);
  cr_assert(write_as(patient, &process_stats, false, text));
}

static void expect_line(const struct buffer *text, const char *line) {
  char wanted[512];
  snprintf(wanted, sizeof wanted, "\n%s\n", line);
  cr_assert_not_null(strstr(text->bytes, wanted), "%s\nin\n%s", line, text->bytes);
}

static void fill(struct patient *patient, int number) {
  struct health_organization *organization = &patient->organizations[number];
  health_count_accounts(organization, slice_of("google"), 12);
  health_count_accounts(organization, slice_of("custom_email"), 7);
  health_count_accounts(organization, slice_of(""), 1);
  for (int i = 0; i < 12; i++)
    health_count_requests(organization, i < 9 ? 200 : 420 + i, 1);
  health_count_requests(organization, 0, 1);
  for (int i = 0; i < 12; i++)
    health_count_requests(organization, 510 + i, 1);
  organization->rate_limit_remaining = 42;
  organization->removals_held = number;
  organization->skipped_turns = 3;
  organization->in_error[HEALTH_CALENDAR] = 6;
  organization->verified_at_s = 1789999200;
  organization->ahead_us = 7000000;
  organization->interval_ms = 60500;
  organization->history_verified_s = 1789999300;
  organization->history_is_proven = true;
  organization->authorize_needed = true;
  organization->token_expires_s = 1790003600;
  patient->health.longest_turn_us = 12500;
  patient->health.reloaded_s = 1789990000;
  histogram_count(&patient->health.requests,
                  (const int64_t[HISTOGRAM_BUCKETS]){10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000},
                  120);
  patient->health.database_us = 1790000000250000;
  patient->health.machine_us = 1790000000750000;
  patient_sweep(patient, number, OUTCOME_CHANGED, 1500);
}

static const char *const all_lines[] = {
    "closesyncd_build_info{version=\"" CLOSESYNCD_VERSION "\"} 1",
    "closesyncd_database_up 1",
    "closesyncd_organizations{state=\"never\"} 0",
    "closesyncd_organizations{state=\"failing\"} 0",
    "closesyncd_organizations{state=\"late\"} 0",
    "closesyncd_organizations{state=\"guarded\"} 0",
    "closesyncd_organizations{state=\"well\"} 1",
    "closesyncd_config_last_reload_successful 1",
    "closesyncd_config_last_reload_success_timestamp_seconds 1789990000",
    "closesyncd_loop_longest_turn_seconds 0.0125",
    "closesyncd_request_duration_seconds_bucket{le=\"0.1\"} 0",
    "closesyncd_request_duration_seconds_bucket{le=\"0.25\"} 1",
    "closesyncd_request_duration_seconds_sum 0.120",
    "closesyncd_sweep_interval_seconds{organization=\"acme\"} 60.5",
    "closesyncd_repaired_total{organization=\"acme\"} 4",
    "closesyncd_rejected_accounts{organization=\"acme\"} 5",
    "closesyncd_coverage_gaps_total{organization=\"acme\"} 1",
    "closesyncd_key_refused{organization=\"acme\"} 0",
    "closesyncd_authorize_needed{organization=\"acme\"} 1",
    "closesyncd_token_expires_timestamp_seconds{organization=\"acme\"} 1790003600",
    "closesyncd_history_verified{organization=\"acme\"} 1",
    "closesyncd_history_verify_timestamp_seconds{organization=\"acme\"} 1789999300",
    "closesyncd_accounts{organization=\"acme\",type=\"google\"} 12",
    "closesyncd_accounts{organization=\"acme\",type=\"_other\"} 1",
    "closesyncd_sweeps_total{organization=\"acme\",outcome=\"changed\"} 1",
    "closesyncd_sweeps_total{organization=\"acme\",outcome=\"failed\"} 0",
    "closesyncd_changes_total{organization=\"acme\",change=\"added\"} 3",
    "closesyncd_changes_total{organization=\"acme\",change=\"changed\"} 2",
    "closesyncd_changes_total{organization=\"acme\",change=\"removed\"} 1",
    "closesyncd_last_success_timestamp_seconds{organization=\"acme\"} 1790000000",
    "closesyncd_consecutive_failures{organization=\"acme\"} 0",
    "closesyncd_removals_held{organization=\"acme\"} 0",
    "closesyncd_skipped_turns_total{organization=\"acme\"} 3",
    "closesyncd_accounts_in_error{organization=\"acme\",direction=\"send\"} 0",
    "closesyncd_accounts_in_error{organization=\"acme\",direction=\"receive\"} 0",
    "closesyncd_accounts_in_error{organization=\"acme\",direction=\"calendar\"} 6",
    "closesyncd_mirror_verify_timestamp_seconds{organization=\"acme\"} 1789999200",
    "closesyncd_database_clock_skew_seconds -0.500000",
    "closesyncd_database_clock_timestamp_seconds 1790000000.250000",
    "closesyncd_machine_clock_timestamp_seconds 1790000000.750000",
    "closesyncd_database_clock_behind_seconds 7.000000",
    "closesyncd_http_requests_total{organization=\"acme\",code=\"200\"} 9",
    "closesyncd_http_requests_total{organization=\"acme\",code=\"none\"} 1",
    "closesyncd_http_requests_total{organization=\"acme\",code=\"other\"} 8",
    "closesyncd_rate_limit_remaining{organization=\"acme\"} 42",
    "closesyncd_sweep_duration_seconds_bucket{le=\"1\"} 0",
    "closesyncd_sweep_duration_seconds_bucket{le=\"2.5\"} 1",
    "closesyncd_sweep_duration_seconds_bucket{le=\"+Inf\"} 1",
    "closesyncd_sweep_duration_seconds_sum 1.500",
    "closesyncd_sweep_duration_seconds_count 1",
    "# TYPE process_cpu_seconds_total counter",
    "# TYPE process_resident_memory_bytes gauge",
    "# TYPE process_virtual_memory_bytes gauge",
    "# TYPE process_open_fds gauge",
    "# TYPE process_max_fds gauge",
    "# TYPE process_start_time_seconds gauge",
};

Test(metrics, every_metric_is_there) {
  struct patient patient;
  struct buffer text;
  patient_admit(&patient, 1);
  fill(&patient, 0);
  write_all(&patient, &text, 1 << 20);
  for (size_t i = 0; i < sizeof all_lines / sizeof *all_lines; i++)
    expect_line(&text, all_lines[i]);
  buffer_finish(&text);
  patient_release(&patient);
}

Test(metrics, unknown_is_left_out) {
  struct patient patient;
  struct buffer text;
  const struct process_stats unknown = {-1, -1, -1, -1, -1, -1};
  patient_admit(&patient, 1);
  patient.health.database_up = false;
  buffer_init(&text, 1 << 20);
  cr_assert(write_as(&patient, &unknown, false, &text));
  expect_line(&text, "closesyncd_database_up 0");
  cr_assert_null(strstr(text.bytes, "rate_limit_remaining{"));
  cr_assert_null(strstr(text.bytes, "token_expires_timestamp_seconds{"));
  cr_assert_null(strstr(text.bytes, "process_"));
  buffer_finish(&text);
  patient_release(&patient);
}

Test(metrics, labels_are_escaped) {
  struct patient patient;
  struct buffer text;
  patient_admit(&patient, 1);
  health_count_accounts(&patient.organizations[0],
                        slice_of("a\"b\\c\nd\xff"
                                 "e"),
                        5);
  write_all(&patient, &text, 1 << 20);
  expect_line(&text, "closesyncd_accounts{organization=\"acme\",type=\"a\\\"b\\\\c\\nd\xef\xbf\xbd"
                     "e\"} 5");
  buffer_finish(&text);
  patient_release(&patient);
}

/* Every sample stands under its own metric's TYPE line, and no metric comes twice. */
Test(metrics, samples_of_a_metric_stand_together) {
  struct patient patient;
  struct buffer text;
  char family[128] = "", seen[4096] = "";
  patient_admit(&patient, 3);
  for (int i = 0; i < 3; i++)
    fill(&patient, i);
  write_all(&patient, &text, 1 << 20);
  for (char *save, *line = strtok_r(text.bytes, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
    if (sscanf(line, "# TYPE %127s", family) == 1) {
      char word[130];
      snprintf(word, sizeof word, " %s ", family);
      cr_assert_null(strstr(seen, word), "%s twice", family);
      strcat(seen, word);
    } else if (line[0] != '#') {
      cr_assert_eq(strncmp(line, family, strlen(family)), 0, "%s under %s", line, family);
    }
  }
  buffer_finish(&text);
  patient_release(&patient);
}

Test(metrics, ten_thousand_organizations_are_bounded) {
  struct patient patient;
  struct buffer text;
  patient_admit(&patient, 10000);
  char(*names)[64] = calloc(10000, sizeof *names);
  for (int i = 0; i < 10000; i++) {
    snprintf(names[i], sizeof names[i], "organization-%d", i);
    patient.organizations[i].name = names[i];
    fill(&patient, i);
  }
  write_all(&patient, &text, (size_t)64 << 20);
  cr_assert_lt(text.length, (size_t)40 << 20);
  buffer_finish(&text);
  free(names);
  patient_release(&patient);
}

Test(metrics, ten_thousand_are_added_up_in_slices) {
  struct patient patient;
  struct buffer text;
  int slices = 1;
  patient_admit(&patient, 10000);
  for (int i = 0; i < 10000; i++)
    fill(&patient, i);
  struct metrics metrics = {.health = &patient.health, .totals = true};
  buffer_init(&text, 1 << 20);
  for (; metrics_more(&metrics, &text); slices++)
    ;
  cr_assert_geq(slices, 20);
  expect_line(&text, "closesyncd_accounts{type=\"google\"} 120000");
  buffer_finish(&text);
  patient_release(&patient);
}

Test(metrics, what_does_not_fit_is_told) {
  struct patient patient;
  struct buffer text;
  patient_admit(&patient, 3);
  for (size_t limit = 0; limit < 2000; limit += 7) {
    buffer_init(&text, limit);
    cr_assert_not(write_as(&patient, NULL, false, &text), "%zu", limit);
    cr_assert_leq(text.length, limit);
    buffer_finish(&text);
  }
  patient_release(&patient);
}

Test(metrics, promtool_finds_nothing) {
  struct patient patient;
  struct buffer text;
  char path[] = "/tmp/metrics-XXXXXX", command[128];
  if (system("command -v promtool >/dev/null") != 0) {
    cr_assert_null(getenv("CI"), "promtool is missing; tests/run installs it");
    cr_skip_test("promtool is not installed");
  }
  patient_admit(&patient, 3);
  for (int i = 0; i < 3; i++)
    fill(&patient, i);
  patient.organizations[1].name = "second";
  patient.organizations[2].name = "third";
  write_all(&patient, &text, 1 << 20);
  int fd = mkstemp(path);
  cr_assert_eq(write(fd, text.bytes, text.length), (ssize_t)text.length);
  close(fd);
  snprintf(command, sizeof command, "promtool check metrics < %s 1>&2", path);
  int status = system(command);
  unlink(path);
  cr_assert_eq(status, 0, "promtool complained");
  buffer_finish(&text);
  patient_release(&patient);
}

Test(metrics, totals_alone) {
  static const char *const lines[] = {
      "closesyncd_organizations{state=\"well\"} 3",
      "closesyncd_accounts{type=\"google\"} 36",
      "closesyncd_accounts{type=\"_other\"} 3",
      "closesyncd_accounts_in_error{direction=\"calendar\"} 18",
      "closesyncd_sweeps_total{outcome=\"changed\"} 3",
      "closesyncd_changes_total{change=\"added\"} 9",
      "closesyncd_repaired_total 12",
      "closesyncd_skipped_turns_total 9",
      "closesyncd_removals_held 3",
      "closesyncd_http_requests_total{code=\"200\"} 27",
      "closesyncd_http_requests_total{code=\"none\"} 3",
  };
  struct patient patient;
  struct buffer text;
  patient_admit(&patient, 3);
  for (int i = 0; i < 3; i++)
    fill(&patient, i);
  buffer_init(&text, 1 << 20);
  cr_assert(write_as(&patient, NULL, true, &text));
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    expect_line(&text, lines[i]);
  cr_assert_null(strstr(text.bytes, "organization=\""));
  cr_assert_null(strstr(text.bytes, "_timestamp_seconds 0"), "a time adds up to nothing");
  buffer_finish(&text);
  patient_release(&patient);
}
