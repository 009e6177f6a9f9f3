#pragma once
/* The service manager's notify protocol (systemd), the only file that includes it. Everything here is silent when nobody listens:
 * $NOTIFY_SOCKET not set, or built without libsystemd. The watchdog is petted from a timer of the loop, so it proves that the loop
 * turns, and nothing more. */
#include "io/loop.h"

struct service;

struct service *service_create(struct loop *loop);
void service_destroy(struct service *service); /* NULL is allowed; the watchdog is petted no more */

void service_ready(struct service *service);     /* READY=1: at start, and when a reload is over */
void service_reloading(struct service *service); /* RELOADING=1 with the time; service_ready() must follow */
void service_stopping(struct service *service);  /* STOPPING=1 */
/* One human line. Call it as often as you like: the newest text goes out at most ten times a second, and only when it differs. */
void service_status(struct service *service, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* How often the manager wants to be told that we live; 0: no watchdog. */
int64_t service_watchdog_ms(const struct service *service);

const char *service_library_version(void); /* of the build; "none" without libsystemd */
