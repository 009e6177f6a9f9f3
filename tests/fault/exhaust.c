/* Preloaded into closesyncd: its k-th allocation fails, once. k is in the file that CLOSESYNCD_EXHAUST names; 0 only counts. At the end
 * the number of allocations is written there instead, so a file that still holds k tells that the process did not end by itself.
 * It stands behind base/memory.c, which all allocations of the process go through, in the place of glibc's own allocator. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_long allocations;
static long failing; /* written before main() begins */

static int open_file(int flags) {
  const char *path = getenv("CLOSESYNCD_EXHAUST");
  return path ? open(path, flags | O_CLOEXEC) : -1;
}

__attribute__((constructor)) static void begin(void) {
  char text[32] = "";
  int file = open_file(O_RDONLY);
  if (file >= 0 && read(file, text, sizeof text - 1) > 0)
    failing = strtol(text, NULL, 10);
  close(file);
  atomic_store(&allocations, 0);
}

__attribute__((destructor)) static void end(void) {
  char text[32];
  int length = snprintf(text, sizeof text, "%ld\n", atomic_load(&allocations));
  int file = open_file(O_WRONLY | O_TRUNC);
  if (file >= 0 && write(file, text, (size_t)length) != length)
    abort();
  close(file);
}

static int fails(void) {
  if (atomic_fetch_add(&allocations, 1) + 1 != failing)
    return 0;
  errno = ENOMEM;
  return 1;
}

typedef void *allocate_fn(size_t bytes);
typedef void *allocate_zeroed_fn(size_t count, size_t bytes);
typedef void *resize_fn(void *memory, size_t bytes);

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *memory, size_t bytes);

/* dlsym() gives an object's address; C has no cast from it to a function's. */
#define REAL(type, name) (*(type **)(void *[]){dlsym(RTLD_NEXT, name)})

void *__libc_malloc(size_t bytes) { return fails() ? NULL : REAL(allocate_fn, "__libc_malloc")(bytes); }

void *__libc_calloc(size_t count, size_t bytes) {
  return fails() ? NULL : REAL(allocate_zeroed_fn, "__libc_calloc")(count, bytes);
}

void *__libc_realloc(void *memory, size_t bytes) {
  return fails() ? NULL : REAL(resize_fn, "__libc_realloc")(memory, bytes);
}
