/* The connection breaks while COMMIT is under way, and nobody knows whether it was one: the next sweep compares, and is exact. Between the
 * daemon and PostgreSQL stands a proxy that cuts at a chosen number of bytes. */
#include "support/running.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PAIRS_MAX = 64 };

struct proxy { /* one thread; the counters are read and set by the story */
  char directory[80], host[100];
  pthread_t thread;
  pthread_mutex_t lock;
  int listener;
  bool armed;   /* the next pipeline that writes accounts is cut */
  bool swallow; /* what was asked goes out, the answer is lost; else the rest of the question is lost */
  int cuts;
  bool over;
};

struct pair {
  int client, server;
  bool writes; /* an insert into the history went by */
};

static int connect_to(const char *directory) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", directory);
  if (length < 0 || (size_t)length >= sizeof address.sun_path)
    return -1;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
    return fd;
  close(fd);
  return -1;
}

static void send_all(int fd, const char *bytes, ssize_t length) {
  while (length > 0) {
    ssize_t sent = send(fd, bytes, (size_t)length, MSG_NOSIGNAL);
    if (sent <= 0)
      return;
    bytes += sent;
    length -= sent;
  }
}

static void close_pair(struct pair *pair) {
  close(pair->client);
  close(pair->server);
  *pair = (struct pair){-1, -1, false};
}

/* Frontend messages: a Sync ends a pipeline, so a packet that ends with one may be the COMMIT. */
static bool ends_with_sync(const char *bytes, ssize_t length) {
  return length >= 5 && memcmp(bytes + length - 5, "S\0\0\0\4", 5) == 0;
}

static void forward_question(struct proxy *proxy, struct pair *pair) {
  static char bytes[1 << 20];
  ssize_t got = recv(pair->client, bytes, sizeof bytes, 0);
  if (got <= 0) {
    close_pair(pair);
    return;
  }
  pair->writes = pair->writes || memmem(bytes, (size_t)got, "emailacct_", 10) != NULL;
  pthread_mutex_lock(&proxy->lock);
  bool cut = proxy->armed && pair->writes && ends_with_sync(bytes, got);
  bool swallow = proxy->swallow;
  if (cut) {
    proxy->armed = false;
    proxy->cuts++;
  }
  pthread_mutex_unlock(&proxy->lock);
  send_all(pair->server, bytes, cut && !swallow ? got - 5 : got);
  if (!cut)
    return;
  if (swallow) /* long enough for the server to commit */
    running_sleep(300);
  close_pair(pair);
}

static void forward_answer(struct pair *pair) {
  static char bytes[1 << 20];
  ssize_t got = recv(pair->server, bytes, sizeof bytes, 0);
  if (got <= 0)
    close_pair(pair);
  else
    send_all(pair->client, bytes, got);
}

static void accept_one(struct proxy *proxy, struct pair *pairs) {
  int client = accept(proxy->listener, NULL, NULL);
  int server = connect_to(proxy->host);
  for (int i = 0; i < PAIRS_MAX; i++)
    if (pairs[i].client < 0) {
      pairs[i] = (struct pair){client, server, false};
      return;
    }
}

static void *serve(void *context) {
  struct proxy *proxy = context;
  struct pair pairs[PAIRS_MAX];
  for (int i = 0; i < PAIRS_MAX; i++)
    pairs[i] = (struct pair){-1, -1, false};
  while (!proxy->over) {
    struct pollfd fds[1 + 2 * PAIRS_MAX] = {{.fd = proxy->listener, .events = POLLIN}};
    for (int i = 0; i < PAIRS_MAX; i++) {
      fds[1 + 2 * i] = (struct pollfd){.fd = pairs[i].client, .events = POLLIN};
      fds[2 + 2 * i] = (struct pollfd){.fd = pairs[i].server, .events = POLLIN};
    }
    poll(fds, 1 + 2 * PAIRS_MAX, 100);
    for (int i = 0; i < PAIRS_MAX; i++) {
      if (pairs[i].client >= 0 && fds[1 + 2 * i].revents != 0)
        forward_question(proxy, &pairs[i]);
      if (pairs[i].client >= 0 && fds[2 + 2 * i].revents != 0)
        forward_answer(&pairs[i]);
    }
    if (fds[0].revents != 0)
      accept_one(proxy, pairs);
  }
  return NULL;
}

static void proxy_open(struct proxy *proxy, struct story *story) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(proxy->directory, sizeof proxy->directory, "%s", story_directory(story));
  sscanf(story_conninfo(story), "host=%99s", proxy->host);
  snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", proxy->directory);
  proxy->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  cr_assert_eq(bind(proxy->listener, (struct sockaddr *)&address, sizeof address), 0, "%s", strerror(errno));
  cr_assert_eq(listen(proxy->listener, 16), 0);
  pthread_mutex_init(&proxy->lock, NULL);
  cr_assert_eq(pthread_create(&proxy->thread, NULL, serve, proxy), 0);
}

static void cut_next(struct proxy *proxy, bool swallow) {
  pthread_mutex_lock(&proxy->lock);
  proxy->armed = true;
  proxy->swallow = swallow;
  pthread_mutex_unlock(&proxy->lock);
}

static void tell(bool swallow) {
  enum { ROUNDS = 5 };
  struct story *story = story_create_generated(1, 6, 3);
  static struct proxy proxy;
  proxy_open(&proxy, story);
  story_set(story, "database", "conninfo",
            story_format(story, "host=%s dbname=%s user=postgres", proxy.directory,
                         story_sql(story, "select current_database()")));
  const struct run *run = running_start(story, "200ms");
  story_await_sql(story, "6", "select count(*) from account", 10000);
  for (int i = 1; i <= ROUNDS; i++) {
    cut_next(&proxy, swallow);
    story_change(story, 100, (unsigned long long)(10 + i));
    running_await(story, run, "the database is back", i, 20000);
    story_await_sql(story, story_format(story, "%d", 6 * i),
                    "select count(*) from account_history where change = 'changed'", 20000);
  }
  cr_assert_eq(proxy.cuts, ROUNDS);
  running_sleep(500);
  cr_assert_eq(running_lines(story, run, "could not use the database"), ROUNDS);
  running_stop(story, run);
  proxy.over = true;
  pthread_join(proxy.thread, NULL);
  story_expect_exact(story);
  story_destroy(story);
}

Test(run_commit_lost, before_postgresql_heard_it) { tell(false); }
Test(run_commit_lost, after_postgresql_did_it) { tell(true); }
