/* Errands, and the names of hosts, which are one. They run on threads of their own and not on libuv's pool: a pool thread that waits for
 * a dead name server or a dead disk cannot be cancelled, and would hold up the end of the process. */
#include "io/loop_thread.h"
#include "base/memory.h"
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct errand { /* owned by the loop and by the thread; the last one frees it */
  uv_async_t uv;
  pthread_mutex_t lock;
  int owners;
  bool closing;
  struct errand_kind kind;
  void *work;
};

static void leave(struct errand *errand) {
  pthread_mutex_lock(&errand->lock);
  int owners = --errand->owners;
  pthread_mutex_unlock(&errand->lock);
  if (owners > 0)
    return;
  pthread_mutex_destroy(&errand->lock);
  errand->kind.release(errand->work);
  free(errand);
}

static void on_closed(uv_handle_t *handle) { leave(handle->data); }

void errand_abandon(struct errand *errand) {
  if (errand == NULL)
    return;
  pthread_mutex_lock(&errand->lock);
  errand->closing = true; /* from here on the thread leaves the handle alone */
  pthread_mutex_unlock(&errand->lock);
  uv_close((uv_handle_t *)&errand->uv, on_closed);
}

static void on_done(uv_async_t *uv) {
  struct errand *errand = uv->data;
  errand_abandon(errand); /* the memory stays until the close callback */
  errand->kind.done(errand->work);
}

static void *run(void *context) {
  struct errand *errand = context;
  errand->kind.run(errand->work);
  pthread_mutex_lock(&errand->lock);
  if (!errand->closing)
    uv_async_send(&errand->uv);
  pthread_mutex_unlock(&errand->lock);
  leave(errand);
  return NULL;
}

struct errand *errand_start(struct loop *loop, const struct errand_kind *kind, void *work) {
  struct errand *errand = memory_allocate(sizeof *errand);
  errand->kind = *kind;
  errand->work = work;
  errand->owners = 2;
  pthread_mutex_init(&errand->lock, NULL);
  loop_require(uv_async_init(loop_handle(loop), &errand->uv, on_done), "begin an errand");
  errand->uv.data = errand;
  pthread_attr_t detached;
  pthread_attr_init(&detached);
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  pthread_t thread;
  if (pthread_create(&thread, &detached, run, errand) != 0) {
    errand->owners = 1;
    uv_async_send(&errand->uv);
  }
  pthread_attr_destroy(&detached);
  return errand;
}

/* ---- host names ---- */

#define ADDRESSES_MAX 8
#define ADDRESS_BYTES 64 /* an IPv6 address with its zone */

struct resolver {
  struct errand *errand;
  resolver_fn *fn;
  void *context;
  char *host;
  int count;
  char addresses[ADDRESSES_MAX][ADDRESS_BYTES];
  char reason[128];
};

static void resolver_lookup(void *work) {
  struct resolver *resolver = work;
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  struct addrinfo *list = NULL;
  int status = getaddrinfo(resolver->host, NULL, &hints, &list);
  for (struct addrinfo *entry = list; status == 0 && entry != NULL; entry = entry->ai_next) {
    if (resolver->count == ADDRESSES_MAX)
      break;
    char *address = resolver->addresses[resolver->count];
    if (getnameinfo(entry->ai_addr, entry->ai_addrlen, address, ADDRESS_BYTES, NULL, 0, NI_NUMERICHOST) == 0)
      resolver->count++;
  }
  if (list != NULL)
    freeaddrinfo(list);
  const char *reason = status != 0 ? gai_strerror(status) : "no address";
  if (resolver->count == 0)
    snprintf(resolver->reason, sizeof resolver->reason, "%s", reason);
}

static void resolver_resolved(void *work) {
  struct resolver *resolver = work;
  const char *addresses[ADDRESSES_MAX];
  for (int i = 0; i < resolver->count; i++)
    addresses[i] = resolver->addresses[i];
  resolver->fn(resolver->context, resolver->count, addresses, resolver->reason);
}

static void resolver_release(void *work) {
  struct resolver *resolver = work;
  memory_free(resolver->host);
  memory_free(resolver);
}

struct resolver *resolver_start(struct loop *loop, const char *host, resolver_fn *fn, void *context) {
  static const struct errand_kind kind = {resolver_lookup, resolver_resolved, resolver_release};
  struct resolver *resolver = memory_allocate(sizeof *resolver);
  *resolver = (struct resolver){
      .fn = fn, .context = context, .host = memory_copy_text(host), .reason = "no thread to look it up"};
  resolver->errand = errand_start(loop, &kind, resolver);
  return resolver;
}

void resolver_cancel(struct resolver *resolver) {
  if (resolver != NULL)
    errand_abandon(resolver->errand);
}
