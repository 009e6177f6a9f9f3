/* The first page: what it says first, who comes first, what is found, and that nothing hostile gets out of its place. */
#include "monitor/page/index.h"
#include "monitor/page/style.h"
#include "unit/monitor/health_fixture.h"
#include <stdio.h>

static struct buffer text;

static const char *write_page(const struct patient *patient, const struct index_query *query) {
  struct html html;
  buffer_finish(&text);
  buffer_init(&text, 10 << 20);
  html_init(&html, &text);
  struct index_order *order = index_order_create(&patient->health);
  index_write(&patient->health, order, query, false, &html);
  index_order_destroy(order);
  cr_assert(buffer_fits(&text));
  cr_assert_eq(html.depth, 0);
  return text.bytes;
}

static struct patient admit(int count) {
  struct patient patient;
  patient_admit(&patient, count);
  for (int i = 0; i < count; i++) {
    char *name = malloc(32);
    snprintf(name, 32, "org%04d", i + 1);
    patient.organizations[i].name = name;
    patient_sweep(&patient, i, OUTCOME_UNCHANGED, 10);
    health_count_accounts(&patient.organizations[i], slice_of("google"), 3);
    patient.organizations[i].next_sweep_ms = patient.health.now_ms + 30000;
  }
  return patient;
}

static void release(struct patient *patient) {
  for (int i = 0; i < patient->health.organization_count; i++)
    free((char *)patient->organizations[i].name);
  patient_release(patient);
  buffer_finish(&text);
}

static void expect_order(const char *page, const char *const parts[]) {
  for (int i = 0; parts[i] != NULL; i++) {
    const char *found = strstr(page, parts[i]);
    cr_assert_not_null(found, "%s is missing, or comes too early", parts[i]);
    page = found + strlen(parts[i]);
  }
}

static void expect_verdict(const struct patient *patient, const char *words) {
  const char *page = write_page(patient, &(struct index_query){.page = 1});
  const char *line = strstr(page, "<h1"), *end = strstr(page, "</h1>");
  cr_assert_not_null(line);
  cr_assert_null(strstr(line + 1, "<h1"), "one verdict");
  const char *found = strstr(line, words);
  cr_assert(found != NULL && found < end, "%s in: %.300s", words, line);
}

Test(index, the_verdict_comes_first) {
  struct patient patient = admit(3);
  expect_verdict(&patient, "All 3 organizations are well");
  patient.organizations[1].broken = 1;
  expect_verdict(&patient, "All 3 organizations are mirrored; 1 account is broken");
  patient_sweep(&patient, 2, OUTCOME_FAILED, 10);
  expect_verdict(&patient, "1 of 3 organizations needs attention");
  patient_sweep(&patient, 0, OUTCOME_GUARDED, 10);
  expect_verdict(&patient, "2 of 3 organizations need attention");
  patient.health.database_up = false;
  patient.health.database_error = "could not connect: refused";
  expect_verdict(&patient, "The database is away; the mirror stands still");
  cr_assert_not_null(strstr(text.bytes, "could not connect: refused"));
  release(&patient);
  patient = admit(1);
  expect_verdict(&patient, "The organization is well");
  release(&patient);
  patient = admit(0);
  expect_verdict(&patient, "No organization is configured");
  patient.health.fleet = &(struct health_fleet){.member = "one", .foreign = 256};
  expect_verdict(&patient, "This daemon has no organization now");
  release(&patient);
}

Test(index, who_waits_for_the_first_sweep_is_not_in_trouble) {
  struct patient patient = admit(2);
  patient.organizations[1].last_success_s = 0;
  expect_verdict(&patient, "1 of 2 organizations waits for the first sweep");
  patient.organizations[1].error = "Close does not answer";
  patient.organizations[1].consecutive_failures = 1;
  expect_verdict(&patient, "1 of 2 organizations needs attention");
  release(&patient);
}

Test(index, the_worst_come_first) {
  struct patient patient = admit(6);
  patient.organizations[1].broken = 2;
  patient_sweep(&patient, 2, OUTCOME_GUARDED, 10);
  patient.organizations[3].succeeded_at_ms -= 181000;
  patient_sweep(&patient, 4, OUTCOME_FAILED, 10);
  patient.organizations[5].last_success_s = 0;
  patient.organizations[5].error = "HTTP 401 for bob@example.com <b>";
  patient.organizations[5].error_kind = ERROR_AUTH;
  const char *page = write_page(&patient, &(struct index_query){.page = 1});
  expect_order(page, (const char *const[]){"/organization/org0006\"", ">never<", "HTTP 401 for ••• &lt;b&gt;",
                                           "put another key into its file", "/organization/org0005\"", ">failing<",
                                           "/organization/org0004\"", ">late<", "/organization/org0003\"", ">guarded<",
                                           "--allow-removals", "/organization/org0002\"", ">well<",
                                           "/organization/org0001\"", NULL});
  cr_assert_null(strstr(page, "example.com"), "an address is masked");
  release(&patient);
}

Test(index, two_hundred_at_once_and_links_to_more) {
  struct patient patient = admit(450);
  patient_sweep(&patient, 449, OUTCOME_FAILED, 10);
  const char *page = write_page(&patient, &(struct index_query){.page = 1});
  expect_order(page, (const char *const[]){"org0450\"", "org0001\"", "org0199\"", "</table>",
                                           "href=\"/?state=&amp;name=&amp;page=2\"", NULL});
  cr_assert_null(strstr(page, "org0200\""));
  page = write_page(&patient, &(struct index_query){.page = 3});
  expect_order(page, (const char *const[]){"org0400\"", "org0449\"", "</table>", NULL});
  cr_assert_null(strstr(page, "org0399\""));
  page = write_page(&patient, &(struct index_query){.page = 99});
  cr_assert_not_null(strstr(page, "org0449\""), "behind the last page is the last page");
  page = write_page(&patient, &(struct index_query){.page = -1, .state = "failing"});
  cr_assert_not_null(strstr(page, "org0450\""));
  cr_assert_null(strstr(page, "org0001\""));
  page = write_page(&patient, &(struct index_query){.page = 1, .name = "044"});
  expect_order(page, (const char *const[]){"org0044\"", "org0440\"", "org0449\"", NULL});
  cr_assert_null(strstr(page, "org0045\""));
  release(&patient);
}

Test(index, pages_that_are_the_same_are_asked_for_in_one_way) {
  struct patient patient = admit(450);
  struct index_order *order = index_order_create(&patient.health);
  struct index_query query = {.page = 2147483647, .state = "nonsense"};
  cr_assert_eq(index_order_count(order), 450);
  index_clamp(order, &query);
  cr_assert(query.page == 3 && query.state == NULL, "%d", query.page);
  query = (struct index_query){.page = -5, .state = "late"};
  index_clamp(order, &query);
  cr_assert(query.page == 1 && strcmp(query.state, "late") == 0);
  index_order_destroy(order);
  release(&patient);
}

Test(index, what_is_asked_for_stays_in_its_place) {
  struct patient patient = admit(2);
  const char *page = write_page(&patient, &(struct index_query){.name = "\"><script>&", .state = "<b>", .page = 1});
  cr_assert_null(strstr(page, "<script"));
  cr_assert_null(strstr(page, "<b>"));
  cr_assert_not_null(strstr(page, "value=\"&quot;&gt;&lt;script&gt;&amp;\""));
  cr_assert_not_null(strstr(page, "No organization is like this."));
  release(&patient);
}

Test(index, two_thousand_are_less_than_300_kb) {
  struct patient patient = admit(2000);
  for (int i = 0; i < 2000; i++) {
    patient.organizations[i].error =
        "could not resolve api.close.com: the name server does not answer within 10 seconds";
    patient.organizations[i].consecutive_failures = 100;
  }
  write_page(&patient, &(struct index_query){.page = 1});
  cr_assert_lt(text.length, 300000, "%zu bytes", text.length);
  release(&patient);
}

Test(index, the_policy_names_the_style) {
  char policy[STYLE_POLICY_BYTES];
  style_policy(policy);
  cr_assert_eq(strncmp(policy, "default-src 'none'; style-src 'sha256-", 38), 0, "%s", policy);
  cr_assert_eq(policy[38 + 43], '=', "%s", policy);
  cr_assert_str_eq(policy + 38 + 44, "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
}
