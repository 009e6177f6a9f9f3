/* `run` is stopped (SIGSTOP) at every step of a sweep, its lock session is ended, Close changes, another process sweeps, and `run`
 * goes on (SIGCONT) with what it had in its hands. Whatever it still writes must be true.
 *
 * The steps are all statements and ends of transactions from the end of one sweep through a sweep that changes, and removes, up to
 * the beginning of the next, and all requests of that sweep: each held before it is served, and before its answer is heard.
 * Samples; everything when CLOSESYNCD_FAULT_ALL is set (tests/fault/run --all stopped). */
#include "fault/proxy.h"
#include "support/inner.h"
#include "support/running.h"
#include "support/truth.h"

#include <criterion/criterion.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LOOK_EVERY_MS = 15, LIMIT_MS = 20000, SHARES = 4 };

/* What Close is while `run` is stopped. */
enum meanwhile { AS_BEFORE, OTHERWISE };

/* Which of two things that `run` finds when it goes on is the older one. */
enum order { SESSION_ENDS_FIRST, ANSWER_COMES_FIRST };

struct stop {
  enum fault fault; /* FAULT_NONE: at a request */
  long at;
  const char *rule;
  enum order order;
};

struct scene {
  struct story *story;
  struct proxy *proxy;
  const struct run *run;
  const char *direct; /* a configuration without the proxy */
  const char *base, *changed, *other;
  long points; /* in the stretch that is looked at */
  long stops, waited, false_rows;
};

static bool is_all(void) { return getenv("CLOSESYNCD_FAULT_ALL") != NULL; }

/* ---- Close ---- */

static const char *accounts(struct story *story, const char *word, bool has_second) {
  const char *text = "[";
  for (int i = 1; i <= 5; i++)
    if (i != 2 || has_second)
      text = story_format(
          story,
          "%s%s{\"id\": \"a%d\", \"_type\": \"google\", \"organization_id\": \"orga_story1\", \"send_status\": \"%s\"}",
          text, i > 1 ? ", " : "", i, i == 1 ? word : "ok");
  return story_format(story, "%s]", text);
}

static void await_held(struct scene *scene) {
  for (int waited_ms = 0; waited_ms < LIMIT_MS * story_patience(); waited_ms += LOOK_EVERY_MS) {
    if (strstr(story_ask_sim(scene->story, "GET", "held", NULL), "\"held\": 1"))
      return;
    running_sleep(LOOK_EVERY_MS);
  }
  story_fail(scene->story, "no request came to be held:\n%s", running_said(scene->story, scene->run));
}

/* The next last page of a sweep that finds nothing: from there on all is under control. */
static void hold_quiet_sweep(struct scene *scene) {
  story_replies(
      scene->story,
      "[{\"match\": {\"path\": \"/connected_account/\", \"skip\": 4}, \"times\": 1, \"hold\": \"answered\"}]");
  await_held(scene);
}

static void release(struct scene *scene) { story_ask_sim(scene->story, "POST", "release", NULL); }

/* ---- the scene ---- */

static void await_base(struct scene *scene) {
  story_await_sql(scene->story, "base 5",
                  "select max(send_status) filter (where account_id = 'a1') || ' ' || count(*) from account", LIMIT_MS);
}

/* So many sweeps are over from now on, and the mirror is what Close has: the last one found nothing to do. */
static void settle(struct scene *scene, long sweeps) {
  static const char last_page[] = "_skip=4";
  await_base(scene);
  story_forget_requests(scene->story);
  for (int waited_ms = 0; waited_ms < LIMIT_MS * story_patience(); waited_ms += LOOK_EVERY_MS) {
    if (story_request_count(scene->story, last_page) >= sweeps)
      return;
    running_sleep(LOOK_EVERY_MS);
  }
  story_fail(scene->story, "Close is not listed any more:\n%s", running_said(scene->story, scene->run));
}

/* How many points there are, by a round in which nothing is stopped. */
static void count_points(struct scene *scene) {
  hold_quiet_sweep(scene);
  proxy_arm(scene->proxy, FAULT_NONE, 0);
  story_accounts(scene->story, 1, scene->changed);
  story_replies(scene->story,
                "[{\"match\": {\"path\": \"/connected_account/\", \"skip\": 0, \"nth\": 2}, \"hold\": \"answered\"}]");
  release(scene);
  await_held(scene);
  scene->points = proxy_passed(scene->proxy).points;
  story_accounts(scene->story, 1, scene->base);
  story_replies(scene->story, "[]");
  release(scene);
  settle(scene, 2);
}

static void begin(struct scene *scene) {
  struct story *story = story_create(1);
  *scene = (struct scene){.story = story};
  scene->base = accounts(story, "base", true);
  scene->changed = accounts(story, "changed", false);
  scene->other = accounts(story, "other", true);
  story_accounts(story, 1, scene->base);
  scene->direct = story_format(story, "%s/direct.conf", story_directory(story));
  story_write(story, scene->direct, story_keep(story, file_content(story_config_path(story))));
  const char *directory = story_format(story, "%s/proxy", story_directory(story)), *direct = story_conninfo(story);
  const char *server = story_format(story, "%.*s", (int)strcspn(direct + 5, " "), direct + 5); /* behind "host=" */
  if (mkdir(directory, 0700) != 0)
    story_fail(story, "could not make \"%s\"", directory);
  scene->proxy = proxy_create(directory, server);
  story_set(story, "database", "conninfo", story_format(story, "host=%s %s", directory, direct + 5 + strlen(server)));
  story_set(story, "api", "page_size", "2");
  scene->run = running_start(story, "100ms");
  settle(scene, 2);
  count_points(scene);
}

static void end(struct scene *scene) {
  struct truth truth = story_judge(scene->story);
  printf(
      "stop points: %ld (statements and ends of transactions in that stretch: %ld; the other sweep had to wait at %ld);"
      " history rows: %ld, with a false interval: %ld\n",
      scene->stops, scene->points, scene->waited, truth.rows, truth.false_rows);
  fflush(stdout);
  truth_publish(0, 0, scene->stops);
  running_stop(scene->story, scene->run);
  proxy_destroy(scene->proxy);
  cr_assert_gt(scene->stops, 0);
  story_destroy(scene->story); /* fails when a row is false */
}

/* ---- a stop ---- */

static void await_stop(struct scene *scene, const struct stop *stop) {
  if (stop->fault == FAULT_NONE) {
    await_held(scene);
    return;
  }
  for (int waited_ms = 0; waited_ms < LIMIT_MS * story_patience(); waited_ms += LOOK_EVERY_MS) {
    if (proxy_passed(scene->proxy).struck)
      return;
    running_sleep(LOOK_EVERY_MS);
  }
  story_fail(scene->story, "point %ld never came", stop->at);
}

static void end_lock_session(struct scene *scene) {
  story_sql(scene->story, "select count(pg_terminate_backend(pid)) from pg_locks where locktype = 'advisory'"
                          " and pid <> pg_backend_pid()"
                          " and database = (select oid from pg_database where datname = current_database())");
}

/* Until it is over, or waits for what the stopped one holds. */
static void await_other(struct scene *scene, const struct run *other) {
  static const char waiting[] =
      "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
  for (int waited_ms = 0; waited_ms < LIMIT_MS * story_patience(); waited_ms += LOOK_EVERY_MS) {
    if (story_ended(scene->story, other))
      return;
    if (story_count(scene->story, waiting) > 0) {
      scene->waited++;
      return;
    }
    running_sleep(LOOK_EVERY_MS);
  }
}

static void sweep_meanwhile(struct scene *scene, const struct stop *stop, enum meanwhile meanwhile) {
  story_signal(scene->story, scene->run, SIGSTOP);
  if (stop->order == ANSWER_COMES_FIRST) {
    release(scene);
    running_sleep(LOOK_EVERY_MS); /* for the answer to be there; when it is not, the order is the other one */
  }
  end_lock_session(scene);
  story_accounts(scene->story, 1, meanwhile == AS_BEFORE ? scene->base : scene->other);
  story_replies(scene->story, "[]");
  const struct run *other = story_start(scene->story, "-c", scene->direct, "sync", "--json", NULL);
  await_other(scene, other);
  story_signal(scene->story, scene->run, SIGCONT);
  proxy_release(scene->proxy);
  release(scene);
  story_wait(scene->story, other, LIMIT_MS);
  story_accounts(scene->story, 1, scene->base);
}

static void judge(struct scene *scene, const char *where) {
  struct truth truth = story_judge(scene->story);
  scene->stops++;
  if (truth.false_rows > scene->false_rows)
    printf("stopped %s: %ld false rows\n", where, truth.false_rows - scene->false_rows);
  scene->false_rows = truth.false_rows;
}

/* One that has lost a session several times would wait ever longer before it asks the database again. */
static void start_anew(struct scene *scene) {
  running_stop(scene->story, scene->run);
  scene->run = running_start(scene->story, NULL);
  settle(scene, 2);
}

static void stop_at(struct scene *scene, const struct stop *stop, enum meanwhile meanwhile) {
  static const char *const faults[] = {
      [FAULT_HOLD] = "before point", [FAULT_HOLD_SENT] = "with the answer unheard of point"};
  const char *where =
      stop->fault == FAULT_NONE ? stop->rule : story_format(scene->story, "%s %ld", faults[stop->fault], stop->at);
  story_note(scene->story, where);
  hold_quiet_sweep(scene);
  proxy_arm(scene->proxy, stop->fault, stop->at);
  story_accounts(scene->story, 1, scene->changed);
  story_replies(scene->story, stop->rule ? stop->rule : "[]");
  release(scene);
  await_stop(scene, stop);
  sweep_meanwhile(scene, stop, meanwhile);
  settle(scene, 1);
  judge(scene, where);
  start_anew(scene);
}

/* Each share has the stops of a quarter. */
static void stop_at_statements(int share, enum meanwhile meanwhile) {
  struct scene scene;
  begin(&scene);
  for (long at = 1 + share; at <= scene.points; at += SHARES) {
    stop_at(&scene, &(struct stop){.fault = FAULT_HOLD, .at = at}, meanwhile);
    if (is_all() || proxy_was_sync(scene.proxy, at))
      stop_at(&scene, &(struct stop){.fault = FAULT_HOLD_SENT, .at = at}, meanwhile);
  }
  end(&scene);
}

Test(stopped, at_statements_1) { stop_at_statements(0, AS_BEFORE); }
Test(stopped, at_statements_2) { stop_at_statements(1, AS_BEFORE); }
Test(stopped, at_statements_3) { stop_at_statements(2, AS_BEFORE); }
Test(stopped, at_statements_4) { stop_at_statements(3, AS_BEFORE); }

static const char *const REQUESTS[] = {
    "\"path\": \"/connected_account/\", \"skip\": 0",
    "\"path\": \"/connected_account/\", \"skip\": 2",
    "\"path\": \"/me/\"",
    "\"path\": \"/connected_account/a2/\"",
    "\"path_prefix\": \"/connected_account/a\", \"nth\": 1",
};

static void stop_at_requests(enum order order, enum meanwhile meanwhile) {
  static const char *const moments[] = {"arrived", "answered"};
  struct scene scene;
  begin(&scene);
  bool samples = !is_all() && (order == SESSION_ENDS_FIRST || meanwhile == OTHERWISE);
  for (size_t i = 0; i < sizeof REQUESTS / sizeof *REQUESTS; i++)
    for (size_t k = samples ? 1 : 0; k < 2; k++)
      stop_at(&scene,
              &(struct stop){.rule = story_format(scene.story, "[{\"match\": {%s}, \"times\": 1, \"hold\": \"%s\"}]",
                                                  REQUESTS[i], moments[k]),
                             .order = order},
              meanwhile);
  end(&scene);
}

Test(stopped, at_requests) { stop_at_requests(SESSION_ENDS_FIRST, AS_BEFORE); }
Test(stopped, at_requests_with_the_answer_there) { stop_at_requests(ANSWER_COMES_FIRST, AS_BEFORE); }
Test(stopped, at_requests_while_others_write) { stop_at_requests(ANSWER_COMES_FIRST, OTHERWISE); }

Test(stopped, at_statements_while_others_write) {
  struct scene scene;
  begin(&scene);
  for (long at = 1; at <= scene.points; at += is_all() ? 1 : 7)
    stop_at(&scene, &(struct stop){.fault = FAULT_HOLD, .at = at}, OTHERWISE);
  end(&scene);
}
