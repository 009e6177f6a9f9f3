/* One question, three tries: what is counted, what lateness costs, and that nothing is sent while the key is blocked. */
#include "http_fixture.h"
#include "remote/api_request.h"

enum { BLOCKED_MS = 200, LOOK_MS = 20 };

static struct loop *loop;
static struct request_queue *request_queue;
static struct timer *look;
static struct random dice;
static struct rate_limit rate_limit;
static struct api_request_traffic traffic;
static struct api_request_options options;
static struct api_request *one, *two;
static int completions, asked_while_blocked;
static enum verdict last_verdict;
static enum error_kind last_kind;

static void on_look(void *context) {
  (void)context;
  asked_while_blocked = asked_count;
  api_request_cancel(one);
  api_request_cancel(two);
}

static void set_up(void) {
  loop = loop_create();
  request_queue = request_queue_create(loop, NULL, 1);
  look = timer_open(loop, on_look, NULL);
  random_seed(&dice, 1);
  rate_limit_init(&rate_limit);
  rate_limit.heard = true; /* nobody has to go first */
  options = (struct api_request_options){
      .loop = loop, .request_queue = request_queue, .random = &dice, .rate_limit = &rate_limit, .traffic = &traffic};
}

static void tear_down(void) {
  timer_close(look);
  loop_run(loop);
  request_queue_leave(request_queue);
  loop_run(loop);
  cr_assert_eq(rate_limit.in_flight, 0);
  cr_assert(loop_destroy(loop), "a handle was left open");
}
TestSuite(api_request, .init = set_up, .fini = tear_down);

static void on_done(void *context, const struct api_request_answer *taken) {
  (void)context;
  completions++;
  last_verdict = taken->verdict;
  last_kind = taken->error == NULL ? ERROR_NONE : taken->error->kind;
}

static struct api_request *ask_as(const struct api_request_options *how, const char *address, size_t limit) {
  struct buffer url;
  buffer_init(&url, limit);
  buffer_append_text(&url, address);
  return api_request_start(how, url, on_done, NULL);
}

static struct api_request *ask(const char *address) { return ask_as(&options, address, 1000); }

static void leave_late(int number) {
  leave_unanswered(number, ERROR_TIMEOUT);
  loop_run(loop); /* the pause */
}

Test(api_request, an_answer_ends_the_slow_time) {
  ask("a");
  leave_late(1);
  leave_late(2);
  cr_assert_eq(traffic.timeouts, 2);
  cr_assert_eq(asked_count, 3);
  answer(3, 200, NULL);
  cr_assert_eq(traffic.timeouts, 0);
  cr_assert_eq(last_verdict, VERDICT_TAKE);
  cr_assert_eq(traffic.requests, 3);
}

Test(api_request, whatever_answer_it_is) {
  traffic.timeouts = API_REQUEST_TRIES;
  ask("a");
  answer(1, 500, NULL);
  cr_assert_eq(traffic.timeouts, 0);
  traffic.timeouts = API_REQUEST_TRIES;
  ask("a");
  leave_unanswered(2, ERROR_LIMIT);
  cr_assert_eq(traffic.timeouts, 0);
}

Test(api_request, to_be_cancelled_is_no_answer) {
  traffic.timeouts = 1;
  one = ask("a");
  api_request_cancel(one);
  leave_unanswered(1, ERROR_CANCELLED);
  cr_assert_eq(traffic.timeouts, 1);
  cr_assert_eq(last_kind, ERROR_CANCELLED);
}

Test(api_request, the_long_dead_are_equal) {
  for (int i = 0; i < 2; i++) {
    ask("a");
    for (int try = 1; try <= API_REQUEST_TRIES; try++)
      leave_late(i * API_REQUEST_TRIES + try);
    cr_assert_eq(last_kind, ERROR_TIMEOUT);
    cr_assert_eq(traffic.timeouts, API_REQUEST_TRIES);
  }
}

/* One is in flight, the other waits its turn. */
Test(api_request, what_waits_its_turn_is_not_sent_after_a_429) {
  one = ask("one");
  two = ask("two");
  timer_start(look, LOOK_MS);
  answer(1, 429, "5");
  loop_run(loop);
  cr_assert_eq(asked_while_blocked, 1);
  cr_assert_eq(completions, 2);
  cr_assert_eq(last_kind, ERROR_CANCELLED);
  cr_assert_eq(traffic.requests, 1, "what was not sent was counted");
  cr_assert_eq(traffic.unanswered, 0);
}

Test(api_request, what_waits_its_turn_is_sent_after_the_reset) {
  struct rate_limit another = {.heard = true};
  struct api_request_traffic others = {0};
  struct api_request_options other = options;
  other.rate_limit = &another;
  other.traffic = &others;
  ask_as(&other, "another key", 1000);
  ask("two");
  rate_limit.blocked_until_ms = loop_now_ms(loop) + BLOCKED_MS;
  answer(1, 200, NULL);
  loop_run(loop);
  cr_assert_geq(loop_now_ms(loop), rate_limit.blocked_until_ms);
  cr_assert_eq(asked_count, 2);
  for (int try = 1; try < API_REQUEST_TRIES; try++) { /* having been refused a turn was no try */
    leave_unanswered(1 + try, ERROR_NETWORK);
    loop_run(loop);
  }
  answer(1 + API_REQUEST_TRIES, 200, NULL);
  cr_assert_eq(last_verdict, VERDICT_TAKE);
  cr_assert_eq(traffic.requests, API_REQUEST_TRIES);
  cr_assert_eq(another.in_flight, 0);
}

Test(api_request, what_waits_its_turn_gives_up_when_the_reset_is_far) {
  one = ask("one");
  two = ask("two");
  answer(1, 429, "60");
  loop_run(loop);
  cr_assert_eq(completions, 2);
  cr_assert_eq(last_kind, ERROR_RATE_LIMIT);
  cr_assert_eq(asked_count, 1);
}

/* It is no limit of the key's, and may be over sooner. */
Test(api_request, a_503_is_tried_again_however_far_its_retry_after_is) {
  one = ask("a");
  answer(1, 503, "60");
  cr_assert_eq(completions, 0, "given up");
  api_request_cancel(one);
  loop_run(loop);
  cr_assert_eq(last_kind, ERROR_CANCELLED);
}

/* A request that cannot be started ends as every other one: once, and from the loop. */
Test(api_request, an_address_that_does_not_fit_is_told) {
  ask_as(&options, "too long", 7);
  cr_assert_eq(completions, 0, "from inside the call");
  loop_run(loop);
  cr_assert(completions == 1 && last_verdict == VERDICT_GIVE_UP && last_kind == ERROR_LIMIT);
  cr_assert_eq(asked_count, 0, "nothing was sent");
  api_request_cancel(ask_as(&options, "too long", 7));
  loop_run(loop);
  cr_assert(completions == 2 && last_kind == ERROR_CANCELLED);
}

/* However many statuses there are, an answer counts as one. */
Test(api_request, every_answer_is_counted_as_one) {
  for (int i = 0; i < API_REQUEST_CODES + 2; i++) {
    ask("a");
    answer(asked_count, 450 + i, NULL);
    loop_run(loop);
  }
  int counted = 0;
  for (int i = 0; i < API_REQUEST_CODES; i++)
    counted += traffic.codes[i].requests;
  cr_assert_eq(counted, API_REQUEST_CODES);
  cr_assert(traffic.others == 2 && traffic.unanswered == 0);
}
