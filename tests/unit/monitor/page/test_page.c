/* How often people make the daemon look at all organizations. */
#include "monitor/page/page.h"
#include "unit/monitor/health_fixture.h"

struct looks {
  struct patient patient;
  int count;
};

static const struct health *look(void *context, bool scraped) {
  struct looks *looks = context;
  cr_assert_not(scraped);
  looks->count++;
  return &looks->patient.health;
}

static bool ask(struct page *page, const char *path) {
  const struct serve_request request = {.path = path};
  struct serve_reply reply = {.status = 200};
  buffer_init(&reply.body, 1 << 20);
  bool answered = page_answer(page, &request, &reply);
  if (answered) {
    cr_assert_eq(reply.more(reply.work, &reply), SERVE_WHOLE);
    cr_assert_gt(reply.body.length, 100);
    reply.drop(reply.work);
  }
  buffer_finish(&reply.body);
  return answered;
}

Test(page, health_is_looked_at_only_when_a_page_is_made) {
  struct looks looks = {0};
  const struct config config = {0};
  struct loop *loop = loop_create();
  patient_admit(&looks.patient, 3);
  struct page *page = page_create(loop, &config, look, &looks);
  cr_assert_not(ask(page, "/healthz"));
  cr_assert_eq(looks.count, 0);
  cr_assert(ask(page, "/"));
  int first = looks.count;
  cr_assert_geq(first, 1);
  cr_assert(ask(page, "/"));
  cr_assert_eq(looks.count, first, "it is kept");
  cr_assert(ask(page, "/organization/nobody"));
  cr_assert_eq(looks.count, first + 1);
  cr_assert(ask(page, "/organization/nobody"));
  cr_assert_eq(looks.count, first + 1);
  page_destroy(page);
  loop_run(loop);
  cr_assert(loop_destroy(loop));
  patient_release(&looks.patient);
}
