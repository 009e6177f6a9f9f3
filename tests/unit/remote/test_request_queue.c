/* Who is sent when: a quarter for the slow, the fewest timeouts first, no answer left unread, and each completion exactly once. */
#include "http_fixture.h"
#include "remote/request_queue.h"

enum { MAX = 8, SHARE = MAX / 4 };

static struct loop *loop;
static struct request_queue *request_queue;
static bool inside, may, destroys;
static int completions, asked_at_completion;
static enum error_kind last_kind;

static void set_up(void) {
  loop = loop_create();
  request_queue = request_queue_create(loop, NULL, MAX);
  may = true;
}

static void tear_down(void) {
  loop_run(loop);
  request_queue_leave(request_queue);
  loop_run(loop);
  cr_assert(loop_destroy(loop), "a handle was left open");
}
TestSuite(request_queue, .init = set_up, .fini = tear_down);

static void on_done(void *context, const struct http_response *response, const struct error *error) {
  (void)context;
  cr_assert_not(inside, "a completion came from inside a call");
  cr_assert_neq(response == NULL, error == NULL, "exactly one of response and error");
  last_kind = error == NULL ? ERROR_NONE : error->kind;
  asked_at_completion = asked_count;
  completions++;
  if (destroys) {
    request_queue_leave(request_queue);
    request_queue = NULL;
  }
}

static bool may_send(void *context) {
  (void)context;
  return may;
}

static uint64_t get(const char *url, int timeouts) {
  struct queued_request request = {.http = {.url = url}, .timeouts = timeouts, .may_send = may_send};
  inside = true;
  uint64_t ticket = request_queue_send(request_queue, &request, on_done, NULL);
  inside = false;
  return ticket;
}

static void cancel(uint64_t ticket) {
  inside = true;
  request_queue_cancel(request_queue, ticket);
  inside = false;
}

static void fill(void) {
  for (int i = 0; i < MAX; i++)
    get("filler", 0);
  cr_assert_eq(asked_count, MAX);
}

static void answer_all(void) {
  for (int number = 1; number <= asked_count; number++) {
    answer(number, 200, NULL);
    loop_run(loop);
  }
}

Test(request_queue, the_slow_share_a_quarter) {
  for (int i = 0; i < MAX; i++)
    get("slow", 1);
  cr_assert_eq(asked_count, SHARE);
  for (int i = 0; i < MAX; i++)
    get("quick", 0);
  cr_assert_eq(asked_count, MAX);
  answer_all();
  cr_assert_eq(completions, 2 * MAX);
}

Test(request_queue, a_quarter_is_one_at_least) {
  struct request_queue *narrow = request_queue_create(loop, NULL, 1);
  cr_assert_eq(request_queue_share(narrow), 1);
  cr_assert_eq(request_queue_share(request_queue), SHARE);
  request_queue_leave(narrow);
}

Test(request_queue, of_the_slow_those_with_the_fewest_timeouts_go_first) {
  static const struct {
    const char *url;
    int timeouts;
  } order[] = {{"dead a", 3}, {"twice", 2}, {"dead b", 3}, {"once a", 1}, {"dead c", 3}, {"once b", 1}};
  static const char *const expected[] = {"once a", "once b", "twice", "dead a", "dead b", "dead c"};
  for (int i = 0; i < SHARE; i++)
    get("slow", 3);
  for (size_t i = 0; i < sizeof order / sizeof *order; i++)
    get(order[i].url, order[i].timeouts);
  answer_all();
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
    cr_assert_str_eq(asked[SHARE + i].url, expected[i]);
}

Test(request_queue, an_answer_is_told_before_the_next_is_sent) {
  fill();
  get("next", 0);
  answer(1, 200, NULL);
  loop_run(loop);
  cr_assert_eq(asked_at_completion, MAX);
  cr_assert_eq(asked_count, MAX + 1);
}

Test(request_queue, what_may_not_be_sent_comes_back_and_holds_up_nobody) {
  fill();
  get("not now", 0);
  struct queued_request other = {.http = {.url = "other"}};
  request_queue_send(request_queue, &other, on_done, NULL);
  may = false;
  answer(1, 200, NULL);
  loop_run(loop);
  cr_assert_eq(completions, 2);
  cr_assert_eq(last_kind, ERROR_RATE_LIMIT);
  cr_assert_eq(asked_count, MAX + 1);
  cr_assert_str_eq(asked[MAX].url, "other");
}

Test(request_queue, what_may_not_be_sent_at_once_comes_back_from_the_loop) {
  may = false;
  uint64_t ticket = get("not now", 0);
  cancel(ticket); /* too late */
  cr_assert_eq(completions, 0);
  loop_run(loop);
  cr_assert_eq(completions, 1);
  cr_assert_eq(last_kind, ERROR_RATE_LIMIT);
  cr_assert_eq(asked_count, 0);
}

Test(request_queue, what_is_cancelled_comes_back_from_the_loop) {
  fill();
  uint64_t ticket = get("waits", 0);
  cancel(ticket);
  cancel(ticket);
  loop_run(loop);
  cr_assert_eq(completions, 1);
  cr_assert_eq(last_kind, ERROR_CANCELLED);
  cancel(1);
  cr_assert(asked[0].cancelled);
  leave_unanswered(1, ERROR_CANCELLED);
  cr_assert_eq(completions, 2);
  cr_assert_eq(asked_count, MAX, "it was sent all the same");
}

Test(request_queue, the_last_completion_may_destroy_it) {
  get("last", 0);
  destroys = true;
  answer(1, 200, NULL);
  cr_assert_null(request_queue);
}

Test(request_queue, the_last_completion_from_the_loop_may_destroy_it) {
  may = false;
  get("last", 0);
  destroys = true;
  loop_run(loop);
  cr_assert_null(request_queue);
}
