/* Datagrams to the service manager. libsystemd knows how to address $NOTIFY_SOCKET and whose watchdog it is; an answer never comes,
 * and a manager that is deaf is no reason to stop, so results are not looked at. */
#include "io/service.h"
#include "base/memory.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

enum { STATUS_BYTES = 300, STATUS_PAUSE_MS = 100 };

struct service {
  struct timer *watchdog, *pause;
  int64_t watchdog_ms;
  bool pausing;
  char status[STATUS_BYTES], told[STATUS_BYTES]; /* the newest, and what the manager has */
};

#ifdef HAVE_SYSTEMD
static void notify(const char *text) { sd_notify(0, text); }

static int64_t watchdog_interval_ms(void) {
  uint64_t interval_us = 0;
  return sd_watchdog_enabled(0, &interval_us) > 0 ? (int64_t)(interval_us / 1000) : 0;
}
#else
static void notify(const char *text) { (void)text; }

static int64_t watchdog_interval_ms(void) { return 0; }
#endif

static void on_watchdog(void *context) {
  struct service *service = context;
  notify("WATCHDOG=1");
  timer_start(service->watchdog, service->watchdog_ms / 2);
}

static void tell_status(struct service *service) {
  if (strcmp(service->status, service->told) == 0)
    return;
  char text[STATUS_BYTES + 16];
  snprintf(text, sizeof text, "STATUS=%s", service->status);
  notify(text);
  memcpy(service->told, service->status, sizeof service->told);
  service->pausing = true;
  timer_start(service->pause, STATUS_PAUSE_MS);
}

static void on_pause_over(void *context) {
  struct service *service = context;
  service->pausing = false;
  tell_status(service);
}

struct service *service_create(struct loop *loop) {
  struct service *service = memory_allocate(sizeof *service);
  service->pause = timer_open(loop, on_pause_over, service);
  service->watchdog_ms = watchdog_interval_ms();
  if (service->watchdog_ms > 0) {
    service->watchdog = timer_open(loop, on_watchdog, service);
    timer_hurry(service->watchdog);
    timer_start(service->watchdog, service->watchdog_ms / 2);
  }
  return service;
}

void service_destroy(struct service *service) {
  if (service == NULL)
    return;
  timer_close(service->watchdog);
  timer_close(service->pause);
  memory_free(service);
}

void service_ready(struct service *service) {
  (void)service;
  notify("READY=1");
}

void service_reloading(struct service *service) {
  (void)service;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  char text[80];
  snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld",
           (long long)now.tv_sec * 1000000 + (long long)now.tv_nsec / 1000);
  notify(text);
}

void service_stopping(struct service *service) {
  (void)service;
  notify("STOPPING=1");
}

void service_status(struct service *service, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(service->status, sizeof service->status, format, arguments);
  va_end(arguments);
  for (char *at = service->status; *at != '\0'; at++) /* a line break would begin another assignment */
    if ((unsigned char)*at < 0x20 || *at == 0x7f)
      *at = ' ';
  if (!service->pausing)
    tell_status(service);
}

int64_t service_watchdog_ms(const struct service *service) { return service->watchdog_ms; }

const char *service_library_version(void) {
#ifdef HAVE_SYSTEMD
  return HAVE_SYSTEMD;
#else
  return "none";
#endif
}
