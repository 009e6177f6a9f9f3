/* The feed: notifications are a hint, (organization_id, seq) is the cursor. Who follows it as sql/README.md says has every row once, in
 * order, while three writers write. */
#include "support/running.h"

#include <criterion/criterion.h>
#include <libpq-fe.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

static PGconn *listen_to(struct story *story) {
  PGconn *connection = PQconnectdb(story_conninfo(story));
  cr_assert_eq(PQstatus(connection), CONNECTION_OK, "%s", PQerrorMessage(connection));
  PQclear(PQexec(connection, "listen closesyncd_change"));
  return connection;
}

/* The next payload, waited for; NULL: none came. To be freed with PQfreemem. */
static PGnotify *next(PGconn *connection, int limit_ms) {
  struct pollfd wait = {.fd = PQsocket(connection), .events = POLLIN};
  for (int i = 0; i < 2; i++) {
    PGnotify *notify = PQnotifies(connection);
    if (notify != NULL)
      return notify;
    if (i == 0 && poll(&wait, 1, limit_ms) > 0)
      PQconsumeInput(connection);
  }
  return NULL;
}

static void must_say(PGconn *connection, const char *payload) {
  PGnotify *notify = next(connection, 5000);
  cr_assert_not_null(notify, "no notification, expected %s", payload);
  cr_assert_str_eq(notify->extra, payload);
  PQfreemem(notify);
}

Test(feed, tells_what_each_commit_wrote) {
  struct story *story = story_create_generated(1, 3, 1);
  story_set(story, "history", "retention", "1s");
  story_expect_exit(story, 0, "migrate", NULL);
  PGconn *connection = listen_to(story);
  story_expect_exit(story, 0, "sync", NULL);
  must_say(connection,
           "{\"schema\": \"close_crm\", \"to_seq\": 3, \"from_seq\": 1, \"organization_id\": \"orga_story1\"}");
  story_expect_exit(story, 0, "sync", NULL);
  cr_assert_null(next(connection, 200), "an unchanged sweep wrote nothing");
  story_put(story, 1, "{\"id\": \"emailacct_x\", \"_type\": \"zoom\"}");
  story_expect_exit(story, 0, "sync", NULL);
  must_say(connection,
           "{\"schema\": \"close_crm\", \"to_seq\": 4, \"from_seq\": 4, \"organization_id\": \"orga_story1\"}");
  story_remove(story, 1, "emailacct_x");
  story_set(story, "sync", "notify", "no");
  story_expect_exit(story, 0, "sync", NULL);
  cr_assert_null(next(connection, 200), "nobody wants to be told");
  story_set(story, "sync", "notify", "yes");
  const char *both =
      "{\"schema\": \"close_crm\", \"to_seq\": null, \"from_seq\": null, \"organization_id\": \"orga_story1\"}";
  story_expect_exit(story, 0, "erase", "--account", "emailacct_x", NULL);
  must_say(connection, both);
  running_sleep(1100);
  story_expect_exit(story, 0, "prune", NULL);
  must_say(connection, both);
  story_set(story, "sync", "exclude_fields", "email");
  story_expect_exit(story, 0, "sync", NULL);
  must_say(connection,
           "{\"schema\": \"close_crm\", \"to_seq\": 8, \"from_seq\": 6, \"organization_id\": \"orga_story1\"}");
  story_expect_sql(story, "rescoped", "select string_agg(distinct change, ',') from account_history where seq > 5");
  PQfinish(connection);
  story_destroy(story);
}

/* One turn of the recipe: what is behind the cursors, in order, and the cursors with it. */
static const char copy[] =
    "with news as (insert into copied (organization_id, seq) select history.organization_id, history.seq from "
    "close_crm.account_history as "
    "history "
    "left join copy_cursor as cursor using (organization_id) where history.seq > coalesce(cursor.seq, 0) "
    "order by history.organization_id, history.seq returning organization_id, seq) "
    "insert into copy_cursor select organization_id, max(seq) from news group by organization_id "
    "on conflict (organization_id) do update set seq = excluded.seq";

Test(feed, follows_three_writers) {
  struct story *story = story_create_generated(3, 20, 5);
  story_expect_exit(story, 0, "migrate", NULL);
  story_sql(story, "create table public.copied (place bigserial, organization_id text, seq bigint); create table "
                   "public.copy_cursor (organization_id text primary key, seq bigint)");
  PGconn *connection = listen_to(story);
  PQclear(PQexec(connection, "set search_path = public"));
  const struct run *writers[3];
  for (int i = 0; i < 3; i++)
    writers[i] = running_start(story, "150ms");
  for (int turn = 0; turn < 25; turn++) {
    story_change(story, 30, (unsigned long long)turn + 1);
    PGnotify *notify = next(connection, 400);
    PQfreemem(notify);
    PGresult *result = PQexec(connection, copy);
    cr_assert_eq(PQresultStatus(result), PGRES_COMMAND_OK, "%s", PQerrorMessage(connection));
    PQclear(result);
  }
  for (int i = 0; i < 3; i++)
    running_stop(story, writers[i]);
  PQclear(PQexec(connection, copy));
  cr_assert_gt(story_count(story, "select count(*) from public.copied"), 100);
  story_expect_sql(story, "0",
                   "select count(*) from (select organization_id, seq from account_history except all select "
                   "organization_id, seq from public.copied) as d");
  story_expect_sql(story, "0",
                   "select count(*) from (select organization_id, seq from public.copied except all select "
                   "organization_id, seq from account_history) as d");
  story_expect_sql(story, "0",
                   "select count(*) from (select seq - lag(seq) over (partition by organization_id order by place) as "
                   "step from public.copied) as d where step <> 1");
  PQfinish(connection);
  story_destroy(story);
}
