#pragma once
/* Heap memory that is there or ends the process: json-c and libuv are not safe when malloc fails (platform.md), so
 * running out of memory is a crash, one transaction is rolled back, and the service manager starts us again. That holds for every
 * allocation of the process, the libraries' own included; sanitizers excepted. */
#include <stddef.h>

void *memory_allocate(size_t bytes) __attribute__((malloc, returns_nonnull, warn_unused_result)); /* zeroed */
_Noreturn void memory_exhausted(void); /* says so and aborts */
void memory_free(void *memory);        /* NULL is allowed */
void *memory_resize(void *memory, size_t bytes) __attribute__((returns_nonnull, warn_unused_result));
char *memory_copy_text(const char *text) __attribute__((malloc, returns_nonnull, warn_unused_result));
char *memory_copy_optional(const char *text) __attribute__((malloc, warn_unused_result)); /* NULL of NULL */
char *memory_copy(const void *bytes, size_t length)
    __attribute__((malloc, returns_nonnull, warn_unused_result)); /* NUL added */
