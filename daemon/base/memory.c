/* The one place that decides what happens when the heap is empty: the process ends, loudly. */
#include "base/memory.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Noreturn void memory_exhausted(void) {
  static const char sentence[] = "out of memory\n";
  if (write(STDERR_FILENO, sentence, sizeof sentence - 1) < 0) {
    /* nobody is listening; abort() still tells the service manager */
  }
  abort();
}

void *memory_allocate(size_t bytes) {
  void *memory = calloc(1, bytes ? bytes : 1);
  if (!memory)
    memory_exhausted();
  return memory;
}

void *memory_resize(void *memory, size_t bytes) {
  void *resized = realloc(memory, bytes ? bytes : 1);
  if (!resized)
    memory_exhausted();
  return resized;
}

char *memory_copy(const void *bytes, size_t length) {
  if (length == SIZE_MAX)
    memory_exhausted();
  char *copy = memory_allocate(length + 1);
  if (length)
    memcpy(copy, bytes, length);
  return copy;
}

char *memory_copy_text(const char *text) { return memory_copy(text, strlen(text)); }

void memory_free(void *memory) { free(memory); }
