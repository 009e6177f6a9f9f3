#pragma once
/* The file of an organization's OAuth tokens (contract section 7). Whole at any moment; one process at a time refreshes it. Everything
 * here may block: it is called on an errand's thread, or where nobody waits. Names of files in messages, never what they hold. */
#include "crm/oauth.h"
#include <sys/stat.h>

struct token_stamp { /* of a file as it is now; all zero: there is none */
  dev_t device;
  ino_t inode;
  off_t bytes;
  struct timespec written;
};

struct token_stamp token_stamp_of(const char *path);
bool token_stamp_equals(const struct token_stamp *left, const struct token_stamp *right);

/* CREDENTIAL when there is no such file, or nothing in it can be used; LIMIT when this machine could not read it now. */
bool token_file_read(const char *path, struct oauth_token *ret_token, struct error *error)
    __attribute__((warn_unused_result));

struct token_file; /* a token file that is held against other processes: from _lock() to _leave() */

/* Takes the lock, which is the kernel's on PATH.lock, without waiting. NULL with CONFLICT when another process has it, else with what
 * is wrong. PATH.lock is made when it is missing, and never removed or replaced. Finishes what a process that died between its write and
 * its rename left: then the file is the newer one. What cannot be finished is not told: it costs what it would have cost anyway. */
struct token_file *token_file_lock(const char *path, struct error *error);
/* Gives the lock back, and removes what was reserved and not saved. NULL is allowed. */
void token_file_leave(struct token_file *file);

/* Makes the new file beside the old one, with its owner, group and full size, so that no disk can refuse it later. */
bool token_file_reserve(struct token_file *file, struct error *error) __attribute__((warn_unused_result));
/* Writes into what was reserved, and puts it in the old file's place: on the disk when this returns true. After false, call it again. */
bool token_file_save(struct token_file *file, const struct oauth_token *token, struct error *error)
    __attribute__((warn_unused_result));
