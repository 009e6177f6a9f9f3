#pragma once
/* A credential: one way to see it, wiped on destroy, kept out of core dumps (pages of its own, MADV_DONTDUMP). */
#include "base/error.h"
#include "base/text.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct secret;

struct secret *secret_create(const char *bytes, size_t length);
struct secret *secret_copy(const struct secret *secret); /* NULL of NULL */
void secret_destroy(struct secret *secret);
const char *secret_expose(const struct secret *secret); /* NUL-terminated, borrowed; the only way to see it */
bool secret_equals(const struct secret *left, const struct secret *right);

/* Surrounding white space cut; an error (ERROR_CONFIG) when nothing is left, white space or control characters are inside, or what
 * people add stands beside the key: a byte order mark, quotes, "NAME=", a colon at the end. Its text is a bare reason ("it is empty"). */
bool secret_from_text(struct slice text, struct secret **ret_secret, struct error *error)
    __attribute__((warn_unused_result));

/* Where many secrets are put: common pages, so that a hundred thousand keys take neither as many mappings nor as long. */
struct secret_room;
struct secret_room *secret_room_open(void);
void secret_room_close(struct secret_room *room); /* no more come: all are sealed, and live on without it */

/* Read a key file: regular, neither readable nor writable by others (mode & 006), at most 4 KiB, and a key as in
 * secret_from_text(). It is put into `room`, or has pages of its own where that is NULL. Errors are ERROR_CONFIG and name the path,
 * never the content. */
bool secret_read_file(const char *path, struct secret_room *room, struct secret **ret_secret, struct error *error)
    __attribute__((warn_unused_result));
/* What is left of a file, `size` bytes at most; the caller's to wipe. -1: errno says why. */
ssize_t secret_read(int fd, char *bytes, size_t size);
