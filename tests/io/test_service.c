/* The notify protocol, with a datagram socket in the place of systemd. */
#include "io/service.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct manager {
  struct loop *loop;
  struct service *service;
  struct timer *timer;
  int fd, statuses;
  char path[64];
};

static void begin(struct manager *manager) {
  *manager = (struct manager){.loop = loop_create(), .fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)};
  snprintf(manager->path, sizeof manager->path, "/tmp/notify-%d.sock", (int)getpid());
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, manager->path);
  unlink(manager->path);
  cr_assert_eq(bind(manager->fd, (struct sockaddr *)&address, sizeof address), 0);
  setenv("NOTIFY_SOCKET", manager->path, 1);
}

static void expect_empty_loop(struct manager *manager) {
  service_destroy(manager->service);
  loop_run(manager->loop);
  cr_assert(loop_destroy(manager->loop), "a handle was left open");
  close(manager->fd);
  unlink(manager->path);
}

/* The next datagram; "" when there is none. */
static const char *hear(const struct manager *manager, char text[512]) {
  ssize_t length = recv(manager->fd, text, 511, 0);
  text[length > 0 ? length : 0] = '\0';
  return text;
}

Test(service, tells_the_manager) {
  struct manager manager;
  char text[512];
  begin(&manager);
  manager.service = service_create(manager.loop);
  cr_assert_str_eq(hear(&manager, text), "", "READY is the caller's to say");
  service_ready(manager.service);
  cr_assert_str_eq(hear(&manager, text), "READY=1");
  service_stopping(manager.service);
  cr_assert_str_eq(hear(&manager, text), "STOPPING=1");
  expect_empty_loop(&manager);
}

Test(service, reloading_carries_the_monotonic_time) {
  struct manager manager;
  char text[512];
  struct timespec now;
  long long told_us = 0;
  begin(&manager);
  manager.service = service_create(manager.loop);
  service_reloading(manager.service);
  clock_gettime(CLOCK_MONOTONIC, &now);
  cr_assert_eq(sscanf(hear(&manager, text), "RELOADING=1\nMONOTONIC_USEC=%lld", &told_us), 1, "%s", text);
  long long late_us = (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000 - told_us;
  cr_assert(late_us >= 0 && late_us < 5000000, "%lld", late_us);
  expect_empty_loop(&manager);
}

static void stop_status(void *context) {
  struct manager *manager = context;
  service_destroy(manager->service);
  manager->service = NULL;
  timer_close(manager->timer);
}

Test(service, status_is_the_newest_at_most_once_a_second) {
  struct manager manager;
  char text[512];
  begin(&manager);
  manager.service = service_create(manager.loop);
  service_status(manager.service, "%d organizations", 1);
  for (int i = 2; i <= 1000; i++)
    service_status(manager.service, "%d organizations\nREADY=1", i);
  cr_assert_str_eq(hear(&manager, text), "STATUS=1 organizations");
  cr_assert_str_eq(hear(&manager, text), "");
  manager.timer = timer_open(manager.loop, stop_status, &manager);
  timer_start(manager.timer, 1300);
  loop_run(manager.loop);
  cr_assert_str_eq(hear(&manager, text), "STATUS=1000 organizations READY=1", "one line, one assignment");
  cr_assert_str_eq(hear(&manager, text), "");
  expect_empty_loop(&manager);
}

Test(service, same_status_is_said_once) {
  struct manager manager;
  char text[512];
  begin(&manager);
  manager.service = service_create(manager.loop);
  service_status(manager.service, "all well");
  cr_assert_str_eq(hear(&manager, text), "STATUS=all well");
  service_status(manager.service, "all well");
  manager.timer = timer_open(manager.loop, stop_status, &manager);
  timer_start(manager.timer, 1300);
  loop_run(manager.loop);
  cr_assert_str_eq(hear(&manager, text), "");
  expect_empty_loop(&manager);
}

Test(service, watchdog_is_petted_while_the_loop_turns) {
  struct manager manager;
  char text[512], pid[32];
  begin(&manager);
  snprintf(pid, sizeof pid, "%d", (int)getpid());
  setenv("WATCHDOG_USEC", "100000", 1);
  setenv("WATCHDOG_PID", pid, 1);
  manager.service = service_create(manager.loop);
  cr_assert_eq(service_watchdog_ms(manager.service), 100);
  usleep(300000);
  cr_assert_str_eq(hear(&manager, text), "", "a loop that stands still is dead");
  manager.timer = timer_open(manager.loop, stop_status, &manager);
  timer_start(manager.timer, 420);
  loop_run(manager.loop);
  int pets = 0;
  while (strcmp(hear(&manager, text), "WATCHDOG=1") == 0)
    pets++;
  cr_assert(pets >= 4 && pets <= 9, "%d", pets);
  expect_empty_loop(&manager);
}

Test(service, watchdog_of_another_process_is_not_ours) {
  struct manager manager;
  begin(&manager);
  setenv("WATCHDOG_USEC", "100000", 1);
  setenv("WATCHDOG_PID", "1", 1);
  manager.service = service_create(manager.loop);
  cr_assert_eq(service_watchdog_ms(manager.service), 0);
  expect_empty_loop(&manager);
}

Test(service, silent_without_a_manager) {
  struct manager manager;
  char text[512];
  begin(&manager);
  unsetenv("NOTIFY_SOCKET");
  manager.service = service_create(manager.loop);
  service_ready(manager.service);
  service_status(manager.service, "nobody listens");
  cr_assert_str_eq(hear(&manager, text), "");
  cr_assert_eq(service_watchdog_ms(manager.service), 0);
  service_destroy(NULL);
  expect_empty_loop(&manager);
}

Test(service, gone_manager_is_no_reason_to_stop) {
  struct manager manager;
  begin(&manager);
  unlink(manager.path);
  manager.service = service_create(manager.loop);
  service_ready(manager.service);
  service_stopping(manager.service);
  expect_empty_loop(&manager);
}
