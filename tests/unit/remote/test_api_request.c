/* One question, three tries: what is counted, what lateness costs, and that nothing is sent while the key is blocked. */
#include "http_fixture.h"
#include "remote/api_request.h"

enum { BLOCKED_MS = 200, LOOK_MS = 20 };

static struct loop *loop;
static struct lane *lane;
static struct timer *look;
static struct random dice;
static struct budget budget;
static struct exchange_traffic traffic;
static struct exchange_options options;
static struct exchange *one, *two;
static int completions, asked_while_blocked;
static enum verdict last_verdict;
static enum error_kind last_kind;

static void on_look(void *context) {
  (void)context;
  asked_while_blocked = asked_count;
  exchange_cancel(one);
  exchange_cancel(two);
}

static void set_up(void) {
  loop = loop_create();
  lane = lane_create(loop, NULL, 1);
  look = timer_open(loop, on_look, NULL);
  random_seed(&dice, 1);
  budget_init(&budget);
  budget.heard = true; /* nobody has to go first */
  options =
      (struct exchange_options){.loop = loop, .lane = lane, .random = &dice, .budget = &budget, .traffic = &traffic};
}

static void tear_down(void) {
  timer_close(look);
  loop_run(loop);
  lane_destroy(lane);
  loop_run(loop);
  cr_assert_eq(budget.in_flight, 0);
  cr_assert(loop_destroy(loop), "a handle was left open");
}
TestSuite(exchange, .init = set_up, .fini = tear_down);

static void on_done(void *context, const struct exchange_answer *taken) {
  (void)context;
  completions++;
  last_verdict = taken->verdict;
  last_kind = taken->error == NULL ? ERROR_NONE : taken->error->kind;
}

static struct exchange *ask(const char *url) { return exchange_start(&options, url, on_done, NULL); }

static void leave_late(int number) {
  leave_unanswered(number, ERROR_TIMEOUT);
  loop_run(loop); /* the pause */
}

Test(exchange, an_answer_ends_the_slow_time) {
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

Test(exchange, whatever_answer_it_is) {
  traffic.timeouts = EXCHANGE_TRIES;
  ask("a");
  answer(1, 500, NULL);
  cr_assert_eq(traffic.timeouts, 0);
  traffic.timeouts = EXCHANGE_TRIES;
  ask("a");
  leave_unanswered(2, ERROR_LIMIT);
  cr_assert_eq(traffic.timeouts, 0);
}

Test(exchange, to_be_cancelled_is_no_answer) {
  traffic.timeouts = 1;
  one = ask("a");
  exchange_cancel(one);
  leave_unanswered(1, ERROR_CANCELLED);
  cr_assert_eq(traffic.timeouts, 1);
  cr_assert_eq(last_kind, ERROR_CANCELLED);
}

Test(exchange, the_long_dead_are_equal) {
  for (int i = 0; i < 2; i++) {
    ask("a");
    for (int try = 1; try <= EXCHANGE_TRIES; try++)
      leave_late(i * EXCHANGE_TRIES + try);
    cr_assert_eq(last_kind, ERROR_TIMEOUT);
    cr_assert_eq(traffic.timeouts, EXCHANGE_TRIES);
  }
}

/* One is in flight, the other waits its turn. */
Test(exchange, what_waits_its_turn_is_not_sent_after_a_429) {
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

Test(exchange, what_waits_its_turn_is_sent_after_the_reset) {
  struct budget another = {.heard = true};
  struct exchange_traffic others = {0};
  struct exchange_options other = options;
  other.budget = &another;
  other.traffic = &others;
  exchange_start(&other, "another key", on_done, NULL);
  ask("two");
  budget.blocked_until_ms = loop_now_ms(loop) + BLOCKED_MS;
  answer(1, 200, NULL);
  loop_run(loop);
  cr_assert_geq(loop_now_ms(loop), budget.blocked_until_ms);
  cr_assert_eq(asked_count, 2);
  for (int try = 1; try < EXCHANGE_TRIES; try++) { /* having been refused a turn was no try */
    leave_unanswered(1 + try, ERROR_NETWORK);
    loop_run(loop);
  }
  answer(1 + EXCHANGE_TRIES, 200, NULL);
  cr_assert_eq(last_verdict, VERDICT_TAKE);
  cr_assert_eq(traffic.requests, EXCHANGE_TRIES);
  cr_assert_eq(another.in_flight, 0);
}

Test(exchange, what_waits_its_turn_gives_up_when_the_reset_is_far) {
  one = ask("one");
  two = ask("two");
  answer(1, 429, "60");
  loop_run(loop);
  cr_assert_eq(completions, 2);
  cr_assert_eq(last_kind, ERROR_RATE_LIMIT);
  cr_assert_eq(asked_count, 1);
}
