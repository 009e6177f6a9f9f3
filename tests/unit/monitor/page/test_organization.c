/* What an organization's page tells without the database. */
#include "monitor/page/organization.h"
#include "unit/monitor/health_fixture.h"

Test(organization, accounts_are_told_by_type_and_add_up) {
  struct patient patient;
  struct buffer text;
  struct html html;
  patient_admit(&patient, 1);
  patient.health.database_up = false;
  health_count_accounts(&patient.organizations[0], slice_of("google"), 3);
  patient.organizations[0].other_accounts = 4;
  patient.organizations[0].interval_ms = 2500;
  buffer_init(&text, 1 << 20);
  html_init(&html, &text);
  organization_begin(&patient.health, &patient.organizations[0], false, &html);
  organization_end(&html);
  cr_assert_not_null(strstr(text.bytes, ">google</th><td data-label=\"Accounts\" class=\"n\">3</td>"), "%s",
                     text.bytes);
  cr_assert_not_null(strstr(text.bytes, ">others</th><td data-label=\"Accounts\" class=\"n\">4</td>"), "%s",
                     text.bytes);
  cr_assert_not_null(strstr(text.bytes, "<dt>Interval</dt><dd>2500 ms</dd>"), "%s", text.bytes);
  buffer_finish(&text);
  patient_release(&patient);
}
